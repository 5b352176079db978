import type { Brand } from '../shared/brand.js';
import { HOURS_PER_MONTH, microUsd, roundHalfEven, type MicroUsd } from '../shared/money.js';

/** Places of a price, of a quantity as written, and of a quantity after `multiply`. @source protocols section 3.2 */
export const PRICE_PLACES = 12;
export const QUANTITY_PLACES = 6;
const PRODUCT_PLACES = 2 * QUANTITY_PLACES;

/** Monthly USD as an integer count of 10^-24: price (12 places) times quantity (6) times `multiply` (6), never rounded. */
export type ExactUsd = Brand<bigint, 'ExactUsd'>;

const exactUsd = (value: bigint): ExactUsd => value as ExactUsd;
export const EXACT_ZERO: ExactUsd = exactUsd(0n);
export const addExact = (a: ExactUsd, b: ExactUsd): ExactUsd => exactUsd(a + b);
export const subtractExact = (a: ExactUsd, b: ExactUsd): ExactUsd => exactUsd(a - b);

const EXACT_PLACES = 24;
const SIGNED = /^(-?)(0|[1-9][0-9]{0,30})(?:\.([0-9]+))?$/;

/** An amount that another tool worked out, of any number of places; beyond 24 it is cut. undefined: not a decimal text. */
export const exactUsdOf = (text: string): ExactUsd | undefined => {
  const [, sign = '', whole, fraction = ''] = SIGNED.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const size = BigInt(whole + fraction.slice(0, EXACT_PLACES).padEnd(EXACT_PLACES, '0'));
  return exactUsd(sign === '-' ? -size : size);
};

const EXACT_USD_MAX = 10n ** BigInt(12 + EXACT_PLACES);

/** The amount, or the nearest one that is within +-10^12 USD. @source contract section 3 */
export const withinRange = (amount: ExactUsd): ExactUsd => {
  if (amount > EXACT_USD_MAX) return exactUsd(EXACT_USD_MAX);
  return amount < -EXACT_USD_MAX ? exactUsd(-EXACT_USD_MAX) : amount;
};

/** A quantity as an integer count of 10^-12. */
export type ExactQuantity = Brand<bigint, 'ExactQuantity'>;

const exactQuantity = (value: bigint): ExactQuantity => value as ExactQuantity;

const NUMBER = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,2}))?$/;
const TEXT_LENGTH_MAX = 64;
const WHOLE_DIGITS_MAX = 15;

/**
 * A number that is not negative, as an integer count of 10^-places.
 *
 * @param text decimal text or a JSON number token; an exponent is read exactly.
 * @returns undefined when it is no such number, has more places, or 10^15 or more: then nobody can price with it.
 */
export const scaled = (text: string, places: number): bigint | undefined => {
  const [, whole, fraction = '', exponent = '0'] = text.length > TEXT_LENGTH_MAX ? [] : (NUMBER.exec(text) ?? []);
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/0+$/, '');
  const dropped = whole.length + fraction.length - digits.length;
  const shift = Number(exponent) - fraction.length + dropped + places;
  if (digits === '') return 0n;
  if (shift < 0 || digits.replace(/^0+/, '').length + shift > WHOLE_DIGITS_MAX + places) return undefined;
  return BigInt(digits) * 10n ** BigInt(shift);
};

const TEN_TO_QUANTITY = 10n ** BigInt(QUANTITY_PLACES);

/**
 * `text x multiply`, then up to a multiple of `roundUpTo`; all of them with at most 6 places.
 *
 * @returns undefined when one of them is not a usable number.
 */
export const quantityOf = (text: string, multiply = '1', roundUpTo?: string): ExactQuantity | undefined => {
  const [value, factor] = [scaled(text, QUANTITY_PLACES), scaled(multiply, QUANTITY_PLACES)];
  if (value === undefined || factor === undefined) return undefined;
  const product = value * factor;
  if (roundUpTo === undefined) return exactQuantity(product);
  const step = scaled(roundUpTo, PRODUCT_PLACES);
  return step === undefined || step === 0n ? undefined : exactQuantity(((product + step - 1n) / step) * step);
};

/** Exact monthly cost of one component. @throws RangeError when the price is not one that the book reader lets pass. */
export const monthlyCost = (unitPrice: string, unit: 'hour' | 'month', quantity: ExactQuantity): ExactUsd => {
  const price = scaled(unitPrice, PRICE_PLACES);
  if (price === undefined) throw new RangeError('not a unit price');
  const amount = price * quantity;
  return exactUsd(unit === 'hour' ? amount * HOURS_PER_MONTH : amount);
};

const EXACT_PER_4_PLACES = 10n ** 20n;
const EXACT_PER_MICRO = 10n ** 18n;
const MICRO_PER_4_PLACES = TEN_TO_QUANTITY / 10_000n;

/** Monthly amount, rounded once, half-even, to 4 places. */
export const toMonthly = (exact: ExactUsd): MicroUsd =>
  microUsd(roundHalfEven(exact, EXACT_PER_4_PLACES) * MICRO_PER_4_PLACES);

/** Hourly amount: the exact monthly one / 730, rounded once, half-even, to 6 places. */
export const toHourly = (exact: ExactUsd): MicroUsd =>
  microUsd(roundHalfEven(exact, EXACT_PER_MICRO * HOURS_PER_MONTH));
