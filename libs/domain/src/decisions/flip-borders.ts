import type { PolicyDocument } from '../policy/policy.document.js';
import { parseUsd } from '../shared/money.js';

/** A border that a policy may have, micro-USD a month, and how far beside it one may lie in truth. */
export interface Border {
  readonly amount: bigint;
  readonly within: bigint;
}

const HOURS = 730n;
/** The smallest step of money on the wire, in micro-USD. */
export const STEP = 100n;
/** An hourly amount is rounded to a micro-USD, which is more than one step a month. */
const HOURLY_WITHIN = 5n * STEP;

const TEXT = /"((?:0|[1-9]\d{0,12})(?:\.\d{1,6})?)\\?"/g;
/** An int that stands by itself in a condition: money is int micro-USD there. */
const INT = /(?<![\w".])\d{1,18}(?![\w".])/g;

const microOf = (text: string): bigint => {
  const amount = parseUsd(text, 6);
  return typeof amount === 'bigint' ? amount : 0n;
};
const textsIn = (text: string): readonly bigint[] =>
  [...text.matchAll(TEXT)].map(([, amount]) => microOf(amount ?? '0'));

const ofCondition = (condition: string): readonly Border[] => {
  const named = [...textsIn(condition), ...[...condition.matchAll(INT)].map(([digits]) => BigInt(digits))];
  const monthly = named.map((amount) => ({ amount, within: STEP }));
  const isHourly = condition.includes('hourly');
  return isHourly
    ? [...monthly, ...named.map((amount) => ({ amount: amount * HOURS, within: HOURLY_WITHIN }))]
    : monthly;
};

/**
 * Amounts where a policy may change its mind: those that it names in a range, a threshold or a condition, there also by the
 * hour and as int. Only there may less be refused where more passes.
 */
export const bordersIn = ({ approval, entitlements, rules }: PolicyDocument): readonly Border[] => [
  ...textsIn(JSON.stringify([approval.routing, entitlements])).map((amount) => ({ amount, within: STEP })),
  ...rules.filter(({ enabled }) => enabled).flatMap(({ condition }) => ofCondition(condition)),
];
