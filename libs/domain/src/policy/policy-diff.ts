import type { Json } from '../shared/entry.js';
import { jcsText } from '../shared/jcs.js';
import { pointerTo } from '../shared/raw-json.js';
import type { Outcome } from '../decisions/decisions.entries.js';
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

const changed = (from: Json | undefined, to: Json | undefined, path: string): readonly PolicyChange[] => {
  if (from === undefined) return to === undefined ? [] : [{ op: 'add', path, to }];
  if (to === undefined) return [{ op: 'remove', path, from }];
  if (jcsText(from) === jcsText(to)) return [];
  const [before, after] = [membersOf(from), membersOf(to)];
  if (before === undefined || after === undefined) return [{ op: 'replace', path, from, to }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const inside = names.flatMap((name) => changed(before[name], after[name], pointerTo(path, name)));
  // The same rules in another order decide otherwise: the first route that matches wins.
  return inside.length === 0 ? [{ op: 'replace', path, from, to }] : inside;
};

/** How a place is judged: which direction lets more pass. */
type Direction = 'loosens' | 'tightens' | null;
type Judge = (from: Json | undefined, to: Json | undefined) => Direction;

const ranked =
  (order: readonly (Json | undefined)[]): Judge =>
  (from, to) => {
    const [before, after] = [order.indexOf(from), order.indexOf(to)];
    if (before < 0 || after < 0 || before === after) return null;
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

const RESTRICTING = new Set<Json | undefined>(['deny', 'require_approval', 'require']);
const effectOf = (rule: Json | undefined): Json | undefined => (isObject(rule) ? rule['effect'] : undefined);
/** A restricting rule more is tighter, one less looser; for a waiving route it is the other way round. */
const wholeRule: Judge = (from, to) => {
  const effect = effectOf(from ?? to);
  const isAdded = from === undefined;
  if (effect === 'waive') return isAdded ? 'loosens' : 'tightens';
  if (!RESTRICTING.has(effect)) return null;
  return isAdded ? 'tightens' : 'loosens';
};

const JUDGES: readonly (readonly [RegExp, Judge])[] = [
  [/^\/mode_matrix\//, ranked(MODES)],
  [/^\/fail_safe\/[^/]+\/[^/]+$/, ranked(OUTCOMES)],
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
  [/^\/rules\/[^/]+\/effect$/, ranked(['add_obligation', 'warn', 'require_approval', 'deny'])],
  [/^\/rules\/[^/]+\/enabled$/, ranked([false, true])],
  [/^\/(rules|approval\/routing)\/[^/]+$/, wholeRule],
];

const judged = ({ path, from, to }: PolicyChange): Direction =>
  JUDGES.find(([place]) => place.test(path))?.[1](from, to) ?? null;

/**
 * What differs between two policy documents, given as the ledger's JSON, path by path, and which differences loosen or tighten. Rules and routes are compared
 * by id; a change of a condition is in neither list, since only a person can judge it.
 *
 * @source contract section 8.6
 */
export const policyDiff = (from: Json, to: Json): PolicyDiff => {
  const changes = changed(from, to, '');
  const pathsOf = (direction: Direction): readonly string[] =>
    changes.filter((change) => judged(change) === direction).map(({ path }) => path);
  return { changes, loosens: pathsOf('loosens'), tightens: pathsOf('tightens') };
};
