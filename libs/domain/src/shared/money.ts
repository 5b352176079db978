import type { Brand, HourlyUsdText, UsdText } from './brand.js';

/** Micro-USD: 1 USD is 1_000_000n. Signed: a saving is negative. Integers, so a sum does not depend on its order. */
export type MicroUsd = Brand<bigint, 'MicroUsd'>;
export type MoneyProblem = 'money_invalid' | 'money_too_precise' | 'money_not_exact' | 'money_out_of_range';

/** The one cast for money. */
export const microUsd = (value: bigint): MicroUsd => value as MicroUsd;
export const NOTHING: MicroUsd = microUsd(0n);
/** 8,760 hours a year / 12. @source protocols section 3.2 */
export const HOURS_PER_MONTH = 730n;

const MICRO_PLACES = 6;
/** The largest amount that is legal, either way. @source contract section 3 */
export const USD_MAX: MicroUsd = microUsd(1_000_000_000_000n * 1_000_000n);
const SIGNIFICANT_DIGITS_MAX = 15;
const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

const inRange = (amount: bigint): boolean => amount >= 0n - USD_MAX && amount <= USD_MAX;

/** Up to 10^10 - 1, and times 10^6 it still is what a double holds exactly: the factor brings six bits of its own. */
const SHORT_CHARACTERS_MAX = 10;
const POINT = 0x2e;
const MINUS = 0x2d;
const ZERO = 0x30;

/** As `exact` for a short text: money is read some twenty times a decision, and nearly always short. */
const exactShort = (text: string): bigint => {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  let size = 0;
  let places = -1;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== POINT) size = size * 10 + (code - ZERO);
    if (code === POINT) places = 0;
    else if (places >= 0) places += 1;
  }
  size *= 10 ** (MICRO_PLACES - Math.max(0, places));
  return BigInt(start === 1 ? -size : size);
};

/** Micro-USD of a text that matches DECIMAL and has at most six places. */
const exact = (text: string): bigint => {
  if (text.length <= SHORT_CHARACTERS_MAX) return exactShort(text);
  const isNegative = text.startsWith('-');
  const [whole = '0', fraction = ''] = (isNegative ? text.slice(1) : text).split('.');
  const size = BigInt(whole + fraction.padEnd(MICRO_PLACES, '0'));
  return isNegative ? -size : size;
};

const placesOf = (text: string): number => {
  const point = text.indexOf('.');
  return point < 0 ? 0 : text.length - point - 1;
};

/**
 * Reads an amount sent as a string. Never rounds: what it cannot hold exactly, it names.
 *
 * @param places most decimals that are legal: 4 for monthly, 6 for hourly amounts.
 * @returns micro-USD, or the first of money_invalid, money_too_precise, money_out_of_range that holds.
 * @source contract section 3; -0 is 0, a range end is itself legal.
 */
export const parseUsd = (text: string, places: 4 | 6): MicroUsd | MoneyProblem => {
  if (!DECIMAL.test(text)) return 'money_invalid';
  if (placesOf(text) > places) return 'money_too_precise';
  const amount = exact(text);
  return inRange(amount) ? microUsd(amount) : 'money_out_of_range';
};

/** Digits that carry the value: all but the sign, the point and leading zeros. */
const significantDigits = (token: string): number => token.replace(/[-.]/g, '').replace(/^0+/, '').length;

/**
 * Reads an amount sent as a JSON number. A sender's float has 15 digits that mean what they say; beyond them, or with an
 * exponent, nobody knows what was meant.
 *
 * @param token RFC 8259 number as sent (the reader has checked its grammar).
 * @returns micro-USD, or the first of money_invalid, money_too_precise, money_not_exact, money_out_of_range that holds.
 * @source contract section 3
 */
export const parseNumberToken = (token: string, places: 4 | 6): MicroUsd | MoneyProblem => {
  if (/^-?[0-9.]+[eE]/.test(token)) return 'money_not_exact';
  if (!DECIMAL.test(token)) return 'money_invalid';
  if (placesOf(token) > places) return 'money_too_precise';
  return significantDigits(token) > SIGNIFICANT_DIGITS_MAX ? 'money_not_exact' : parseUsd(token, places);
};

/** Narrows what a parser answered. */
export const isMoney = (parsed: MicroUsd | MoneyProblem): parsed is MicroUsd => typeof parsed === 'bigint';

const digits = (amount: bigint, places: number): string => {
  const size = (amount < 0n ? -amount : amount).toString().padStart(places + 1, '0');
  return `${amount < 0n ? '-' : ''}${size.slice(0, -places)}.${size.slice(-places)}`;
};

const MICRO_PER_4_PLACES = 100n;
const NOTHING_TEXT = '0.0000' as UsdText;

/**
 * Prints monthly money with exactly 4 places.
 *
 * @throws RangeError when the amount is not a multiple of 100 micro-USD: whoever made it forgot to round, a bug.
 */
export const formatUsd4 = (amount: MicroUsd): UsdText => {
  if (amount === NOTHING) return NOTHING_TEXT; // Half of what a decision says of money is nothing.
  if (amount % MICRO_PER_4_PLACES !== 0n) throw new RangeError(`${amount.toString()} micro-USD has more than 4 places`);
  return digits(amount / MICRO_PER_4_PLACES, 4) as UsdText;
};

/** Prints hourly money with exactly 6 places; always exact. */
export const formatUsd6 = (amount: MicroUsd): HourlyUsdText => digits(amount, MICRO_PLACES) as HourlyUsdText;

/**
 * Micro-USD of text that the ledger wrote.
 *
 * @throws RangeError when the text is not money of 4 or 6 places: the ledger is damaged or the caller mixed up fields.
 */
export const usdOf = (text: UsdText | HourlyUsdText): MicroUsd => {
  if (!DECIMAL.test(text) || placesOf(text) > MICRO_PLACES) throw new RangeError('not a ledger amount');
  return microUsd(exact(text));
};

/** Cuts toward minus infinity to a multiple of 100 micro-USD: what is available is never overstated. */
export const floorTo4 = (amount: MicroUsd): MicroUsd => {
  const rest = amount % MICRO_PER_4_PLACES;
  if (rest === 0n) return amount; // Nearly always.
  return microUsd(amount - rest - (rest < 0n ? MICRO_PER_4_PLACES : 0n));
};

/**
 * `numerator / denominator` as the nearest integer, ties to the even one.
 *
 * @throws RangeError when the denominator is not positive.
 * @source contract section 3: half-even, only where we compute
 */
export const roundHalfEven = (numerator: bigint, denominator: bigint): bigint => {
  if (denominator <= 0n) throw new RangeError('denominator must be positive');
  const cut = numerator / denominator;
  const rest = numerator % denominator;
  const below = rest < 0n ? cut - 1n : cut;
  const twice = 2n * (rest < 0n ? rest + denominator : rest);
  if (twice === denominator) return below % 2n === 0n ? below : below + 1n;
  return twice < denominator ? below : below + 1n;
};

/** Nearest amount that can be printed with 4 places, ties to even. */
export const roundTo4 = (amount: MicroUsd): MicroUsd =>
  microUsd(roundHalfEven(amount, MICRO_PER_4_PLACES) * MICRO_PER_4_PLACES);

/** Hourly amount where only the monthly one is known: / 730, half-even, 6 places. @source contract section 5.1 */
export const hourlyOfMonthly = (monthly: MicroUsd): MicroUsd => microUsd(roundHalfEven(monthly, HOURS_PER_MONTH));

/**
 * Monthly amount where only the hourly one is known: x 730, half-even, 4 places.
 *
 * @returns null beyond what an amount may be: nobody knows it then.
 * @source contract sections 3 and 5.1
 */
export const monthlyOfHourly = (hourly: MicroUsd): MicroUsd | null => {
  const monthly = roundTo4(microUsd(hourly * HOURS_PER_MONTH));
  return inRange(monthly) ? monthly : null;
};

export const min = (a: MicroUsd, b: MicroUsd): MicroUsd => (a < b ? a : b);
export const max = (a: MicroUsd, b: MicroUsd): MicroUsd => (a > b ? a : b);
export const addUsd = (a: MicroUsd, b: MicroUsd): MicroUsd => microUsd(a + b);
export const subtractUsd = (a: MicroUsd, b: MicroUsd): MicroUsd => microUsd(a - b);
export const sum = (amounts: Iterable<MicroUsd>): MicroUsd => {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return microUsd(total);
};
