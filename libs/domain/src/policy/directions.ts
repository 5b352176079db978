import type { Json } from '../shared/entry.js';
import { usdTextOf } from '../shared/brands.js';
import { usdOf } from '../shared/money.js';
import { textsOf } from './document-json.js';

/** What a change does: `both` lets some pass that did not, and some not that did; null: neither. */
export type Direction = 'loosens' | 'tightens' | 'both' | null;
/** Compares what stood at a place with what stands there; undefined: nothing. */
export type Judge = (from: Json | undefined, to: Json | undefined) => Direction;

/** What several changes do together. */
export const together = (directions: readonly Direction[]): Direction => {
  const said = new Set(directions.flatMap((each) => (each === 'both' ? (['loosens', 'tightens'] as const) : [each])));
  if (said.has('loosens') && said.has('tightens')) return 'both';
  if (said.has('loosens')) return 'loosens';
  return said.has('tightens') ? 'tightens' : null;
};

export const byRank = (before: number, after: number): Direction => {
  if (before === after) return null;
  return after > before ? 'tightens' : 'loosens';
};
/** By an order that goes from the loosest value to the strictest. */
export const ranked =
  (order: readonly (Json | undefined)[]): Judge =>
  (from, to) => {
    const [before, after] = [order.indexOf(from), order.indexOf(to)];
    return before < 0 || after < 0 ? null : byRank(before, after);
  };

const amountOf = (value: Json | undefined): bigint | null | undefined => {
  if (value === null) return null;
  if (typeof value === 'number') return BigInt(Math.trunc(value));
  return typeof value === 'string' && /^-?\d+\.\d{4}$/.test(value) ? usdOf(usdTextOf(value)) : undefined;
};
/** More lets more pass; null is no limit at all. */
export const moreIsLooser: Judge = (from, to) => {
  const [before, after] = [amountOf(from), amountOf(to)];
  if (before === undefined || after === undefined || before === after) return null;
  if (after === null) return 'loosens';
  return before === null || after < before ? 'tightens' : 'loosens';
};
export const lessIsLooser: Judge = (from, to) => moreIsLooser(to, from);

/** Of two lists the one with more in it is the stricter. */
export const moreNamesAreStricter: Judge = (from, to) => {
  const [before, after] = [new Set(textsOf(from)), new Set(textsOf(to))];
  return together([
    [...after].some((each) => !before.has(each)) ? 'tightens' : null,
    [...before].some((each) => !after.has(each)) ? 'loosens' : null,
  ]);
};

/** A pattern asks for something, none for nothing; two patterns only a person can compare. */
export const patternIsStricter: Judge = (from, to) =>
  byRank(typeof from === 'string' ? 1 : 0, typeof to === 'string' ? 1 : 0);
