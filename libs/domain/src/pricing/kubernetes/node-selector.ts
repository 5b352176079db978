import { isRawList, isRawObject, memberOf, textMemberOf, type RawJson } from '../../shared/raw-json.js';
import type { PodFacts } from './facts.js';

const KEYS_MAX = 32;
const VALUES_MAX = 64;
const KEY_LENGTH_MAX = 317;
const VALUE_LENGTH_MAX = 63;

type Wanted = string | readonly string[];

const textsOf = (value: RawJson | undefined): readonly string[] =>
  isRawList(value) ? value.filter((each) => typeof each === 'string') : [];

/** One value that a node must have, or the operator and all values where several nodes would do. */
const wantedBy = (expression: RawJson): Wanted => {
  const operator = textMemberOf(expression, 'operator') ?? '';
  const values = [...new Set(textsOf(memberOf(expression, 'values')))].sort();
  const [only] = values;
  return operator === 'In' && values.length === 1 && only !== undefined ? only : [operator, ...values];
};

const requiredTerms = (spec: RawJson | undefined): readonly RawJson[] => {
  const affinity = memberOf(memberOf(spec, 'affinity'), 'nodeAffinity');
  const terms = memberOf(memberOf(affinity, 'requiredDuringSchedulingIgnoredDuringExecution'), 'nodeSelectorTerms');
  return isRawList(terms) ? terms : [];
};

const expressionsOf = (term: RawJson): readonly (readonly [string, Wanted])[] => {
  const expressions = memberOf(term, 'matchExpressions');
  return (isRawList(expressions) ? expressions : []).map((each) => [textMemberOf(each, 'key') ?? '', wantedBy(each)]);
};

/** Terms are alternatives: with more than one, none of their values is certain. */
const requiredAffinity = (spec: RawJson | undefined): ReadonlyMap<string, Wanted> => {
  const terms = requiredTerms(spec);
  const wanted = new Map<string, Wanted>();
  for (const [key, value] of terms.flatMap(expressionsOf)) {
    const earlier = wanted.get(key);
    const isAlone = earlier === undefined && terms.length === 1;
    wanted.set(key, isAlone ? value : [earlier ?? [], value].flat());
  }
  return wanted;
};

const isBounded = ([key, wanted]: readonly [string, Wanted]): boolean => {
  const values = typeof wanted === 'string' ? [wanted] : wanted;
  return (
    key.length <= KEY_LENGTH_MAX &&
    values.length <= VALUES_MAX &&
    values.every((value) => value.length <= VALUE_LENGTH_MAX)
  );
};

const byKey = ([a]: readonly [string, Wanted], [b]: readonly [string, Wanted]): number => (a < b ? -1 : 1);

/**
 * What a pod's nodes must have: its node selector, and its required node affinity.
 *
 * @returns by label: the one value, or a list where several would do (then a price that asks for it is not known);
 *   undefined beyond 32 labels, 64 values or the lengths of a label.
 * @source protocols section 1.4 rule 8
 */
export const nodeSelectorOf = (spec: RawJson | undefined): PodFacts['node_selector'] | undefined => {
  const selector = memberOf(spec, 'nodeSelector');
  const texts = Object.entries(isRawObject(selector) ? selector : {}).filter(([, value]) => typeof value === 'string');
  const wanted = new Map<string, Wanted>(requiredAffinity(spec));
  for (const [key, value] of texts) if (typeof value === 'string') wanted.set(key, value);
  const entries = [...wanted].sort(byKey);
  return entries.length <= KEYS_MAX && entries.every(isBounded) ? Object.fromEntries(entries) : undefined;
};
