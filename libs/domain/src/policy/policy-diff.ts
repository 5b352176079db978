import type { Json } from '../shared/entry.js';
import { jcsText } from '../shared/jcs.js';
import { pointerTo } from '../shared/raw-json.js';
import type { Outcome } from '../decisions/decisions.entries.js';
import { outcomeOf } from '../decisions/outcome.js';
import { usdTextOf } from '../shared/brands.js';
import { usdOf } from '../shared/money.js';
import type { Mode } from './policy.document.js';

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

type JsonObject = { readonly [key: string]: Json };
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** A member of its own: a project may be called `constructor`. */
const memberOf = (value: Json | undefined, ...names: readonly string[]): Json | undefined =>
  names.reduce<Json | undefined>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), value);

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

/** How a place is judged: which direction lets more pass. */
type Direction = 'loosens' | 'tightens' | null;
type Judge = (from: Json | undefined, to: Json | undefined) => Direction;
/** The same with the documents around the place: some are only judged by what stands elsewhere. */
interface Documents {
  readonly before: Json;
  readonly after: Json;
}
type PlaceJudge = (change: PolicyChange, documents: Documents) => Direction;
const byValue =
  (judge: Judge): PlaceJudge =>
  ({ from, to }) =>
    judge(from, to);

const ranked =
  (order: readonly (Json | undefined)[]): Judge =>
  (from, to) => {
    const [before, after] = [order.indexOf(from), order.indexOf(to)];
    return before < 0 || after < 0 ? null : byRank(before, after);
  };
const byRank = (before: number, after: number): Direction => {
  if (before === after) return null;
  return after > before ? 'tightens' : 'loosens';
};
const MODES: readonly Mode[] = ['shadow', 'soft', 'hard'];
const OUTCOMES: readonly Outcome[] = ['ALLOW', 'REQUIRE_APPROVAL', 'DENY'];

const amountOf = (value: Json | undefined): bigint | null | undefined => {
  if (value === null) return null;
  if (typeof value === 'number') return BigInt(Math.trunc(value));
  return typeof value === 'string' && /^-?\d+\.\d{4}$/.test(value) ? usdOf(usdTextOf(value)) : undefined;
};
/** More lets more pass; null is no limit at all. */
const moreIsLooser: Judge = (from, to) => {
  const [before, after] = [amountOf(from), amountOf(to)];
  if (before === undefined || after === undefined || before === after) return null;
  if (after === null) return 'loosens';
  return before === null || after < before ? 'tightens' : 'loosens';
};
const opposite = (direction: Direction): Direction => {
  if (direction === null) return null;
  return direction === 'loosens' ? 'tightens' : 'loosens';
};
const lessIsLooser: Judge = (from, to) => opposite(moreIsLooser(from, to));

const tokensOf = ({ path }: PolicyChange): readonly string[] => path.split('/').slice(1);

/** The mode of a class: its own, else the default of its source. */
const modeIn = (document: Json, source: string, name: string): Mode | undefined => {
  const row = memberOf(document, 'mode_matrix', source);
  const said = memberOf(row, name) ?? memberOf(row, 'default');
  return MODES.find((mode) => mode === said);
};
const modes: PlaceJudge = (change, { before, after }) => {
  const [, source = '', name = ''] = tokensOf(change);
  return ranked(MODES)(modeIn(before, source, name), modeIn(after, source, name));
};

/** The outcome of a failure: what the document says, else what the mode of the class asks for. */
const failSafeIn = (document: Json, source: string, name: string): Json | undefined => {
  const mode = modeIn(document, source, name);
  return memberOf(document, 'fail_safe', source, name) ?? (mode && outcomeOf(mode, 'failure').outcome);
};
const failSafe: PlaceJudge = (change, { before, after }) => {
  const [, source = '', name = ''] = tokensOf(change);
  return ranked(OUTCOMES)(failSafeIn(before, source, name), failSafeIn(after, source, name));
};

const STRENGTHS: Readonly<Record<string, number>> = { waive: -1, require: 1, require_approval: 1, deny: 2 };
/** How much a rule or route restricts: one that is not there, or off, as much as one that only warns. */
const strengthOf = (rule: Json | undefined): number => {
  const effect = memberOf(rule, 'effect');
  return memberOf(rule, 'enabled') === false || typeof effect !== 'string' ? 0 : (STRENGTHS[effect] ?? 0);
};
const ruleIn = (list: Json | undefined, id: string): Json | undefined =>
  isList(list) ? list.find((rule) => memberOf(rule, 'id') === id) : undefined;
const rulesAt =
  (...place: readonly string[]): PlaceJudge =>
  (change, { before, after }) => {
    const id = tokensOf(change)[place.length] ?? '';
    const [from, to] = [before, after].map((document) => strengthOf(ruleIn(memberOf(document, ...place), id)));
    return byRank(from ?? 0, to ?? 0);
  };

const BY_VALUE: readonly (readonly [RegExp, Judge])[] = [
  [/^\/environments\/classes\/[^/]+\/behaves_as$/, ranked(['nonprod', 'prod'])],
  [/^\/approval\/(required|separation|justification\/required)\//, ranked([false, true])],
  [/^\/approval\/(approve_by|use_by|token_ttl)_seconds$/, moreIsLooser],
  [/^\/approval\/justification\/min_length$/, lessIsLooser],
  [/^\/approval\/consumer$/, ranked(['member', 'project', 'creator'])],
  [/^\/approval\/replan_tolerance\//, moreIsLooser],
  [/^\/approval\/grants\/max_uses$/, moreIsLooser],
  [/^\/approval\/grants\/denied_cooldown_seconds$/, lessIsLooser],
  [/^\/entitlements\/require_budget\//, ranked([false, true])],
  [/^\/entitlements\//, moreIsLooser],
  [/^\/pricing\/declared\//, ranked(['accept', 'flag', 'refuse'])],
  [/^\/pricing\/unknown\//, ranked(['approval', 'violation'])],
  [/^\/pricing\/mismatch_percent$/, moreIsLooser],
  [/^\/execution\/decision_ttl_seconds$/, moreIsLooser],
];
const JUDGES: readonly (readonly [RegExp, PlaceJudge])[] = [
  ...BY_VALUE.map(([place, judge]) => [place, byValue(judge)] as const),
  [/^\/mode_matrix\/[^/]+\/[^/]+$/, modes],
  [/^\/fail_safe\/[^/]+\/[^/]+$/, failSafe],
  [/^\/rules\/[^/]+(\/(effect|enabled))?$/, rulesAt('rules')],
  [/^\/approval\/routing\/[^/]+(\/(effect|enabled))?$/, rulesAt('approval', 'routing')],
];

const judged = (change: PolicyChange, documents: Documents): Direction =>
  JUDGES.find(([place]) => place.test(change.path))?.[1](change, documents) ?? null;

/**
 * What differs between two policy documents, given as the ledger's JSON, path by path, and which differences loosen or tighten. Rules and routes are compared
 * by id; a change of a condition is in neither list, since only a person can judge it.
 *
 * @source contract section 8.6
 */
export const policyDiff = (from: Json, to: Json): PolicyDiff => {
  const changes = changed(from, to, '');
  const documents = { before: from, after: to };
  const pathsOf = (direction: Direction): readonly string[] =>
    changes.filter((change) => judged(change, documents) === direction).map(({ path }) => path);
  return { changes, loosens: pathsOf('loosens'), tightens: pathsOf('tightens') };
};
