import type { Json } from '../shared/entry.js';
import { jcsText } from '../shared/jcs.js';
import { pointerTo } from '../shared/raw-json.js';
import type { Direction } from './directions.js';
import { isList, isObject, type JsonObject, memberOf } from './document-json.js';
import { judgementAt } from './policy-judges.js';

/** One difference between two documents. `from` and `to` are undefined where the place is not there. */
export interface PolicyChange {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly from?: Json;
  readonly to?: Json;
}
/** Differences by path, and which of them let more pass or less. What is in neither list changes no strictness. */
export interface PolicyDiff {
  readonly changes: readonly PolicyChange[];
  readonly loosens: readonly string[];
  readonly tightens: readonly string[];
}

/** Rules and routes are told apart by their id, wherever they stand. */
const idsOf = (list: readonly Json[]): ReadonlyMap<string, Json> | undefined => {
  const named = list.flatMap((item) =>
    isObject(item) && typeof item['id'] === 'string' ? [[item['id'], item] as const] : [],
  );
  return named.length === list.length && list.length > 0 ? new Map(named) : undefined;
};

const membersOf = (value: Json): JsonObject | undefined => {
  if (isObject(value)) return value;
  if (!isList(value)) return undefined;
  const byId = value.length === 0 ? new Map<string, Json>() : idsOf(value);
  return byId === undefined ? undefined : Object.fromEntries(byId);
};

/** The order of those list items that the other list has as well. */
const orderOf = (list: Json, others: JsonObject): string =>
  isList(list)
    ? jcsText(
        list.map((item) => memberOf(item, 'id')).filter((id) => typeof id === 'string' && Object.hasOwn(others, id)),
      )
    : '';

const changed = (from: Json | undefined, to: Json | undefined, path: string): readonly PolicyChange[] => {
  if (from === undefined) return to === undefined ? [] : [{ op: 'add', path, to }];
  if (to === undefined) return [{ op: 'remove', path, from }];
  if (jcsText(from) === jcsText(to)) return [];
  const [before, after] = [membersOf(from), membersOf(to)];
  if (before === undefined || after === undefined) return [{ op: 'replace', path, from, to }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const inside = names.flatMap((name) => changed(memberOf(before, name), memberOf(after, name), pointerTo(path, name)));
  // The same rules in another order decide otherwise: the first route that matches wins.
  const isMoved = inside.length === 0 || orderOf(from, after) !== orderOf(to, before);
  return isMoved ? [{ op: 'replace', path, from, to }, ...inside] : inside;
};

const tokensOf = ({ path }: PolicyChange): readonly string[] => path.split('/').slice(1);

const judged = (change: PolicyChange, before: Json, after: Json): Direction => {
  const place = tokensOf(change);
  const judgement = judgementAt(place);
  return judgement?.kind === 'judged'
    ? judgement.judge({ place, from: change.from, to: change.to, before, after })
    : null;
};

/**
 * What differs between two policy documents, given as the ledger's JSON, path by path, and which differences loosen or tighten. Rules and routes are compared
 * by id. A change that lets some more pass and some less is in both lists; a change of a condition is in neither, since only
 * a person can judge it.
 *
 * @source contract section 8.6
 */
export const policyDiff = (from: Json, to: Json): PolicyDiff => {
  const changes = changed(from, to, '');
  const directions = changes.map((change) => judged(change, from, to));
  const pathsOf = (direction: Direction): readonly string[] =>
    changes.flatMap(({ path }, index) =>
      directions[index] === direction || directions[index] === 'both' ? [path] : [],
    );
  return { changes, loosens: pathsOf('loosens'), tightens: pathsOf('tightens') };
};
