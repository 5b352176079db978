import type { Brand } from '../../shared/brand.js';
import { HOURS_PER_MONTH, microUsd, roundHalfEven, type MicroUsd } from '../../shared/money.js';
import { QUANTITY_PLACES } from '../exact.js';

/** Monthly USD as an integer count of 10^-36: an exact price, times hours and times pods, both with up to 6 places. */
export type ExactObjectUsd = Brand<bigint, 'ExactObjectUsd'>;

/** Hours and counts are integers of millionths. */
export const MICRO = 10n ** BigInt(QUANTITY_PLACES);
const PER_4_PLACES = 10n ** 32n;
const PER_MICRO = 10n ** 30n;
const MICRO_PER_4_PLACES = 100n;

/** The one cast for exact amounts of objects. */
export const exactObjectUsd = (value: bigint): ExactObjectUsd => value as ExactObjectUsd;
export const NO_USD: ExactObjectUsd = exactObjectUsd(0n);
export const exactDifference = (a: ExactObjectUsd, b: ExactObjectUsd): ExactObjectUsd => exactObjectUsd(a - b);
/** Rounded once, half-even, to 4 places. */
export const monthlyOf = (amount: ExactObjectUsd): MicroUsd =>
  microUsd(roundHalfEven(amount, PER_4_PLACES) * MICRO_PER_4_PLACES);
/** The exact monthly amount / 730, rounded once, half-even, to 6 places. */
export const hourlyOf = (amount: ExactObjectUsd): MicroUsd =>
  microUsd(roundHalfEven(amount, PER_MICRO * HOURS_PER_MONTH));
