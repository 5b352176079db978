import { NumberToken, type RawJson } from '../../shared/raw-json.js';

/** Powers of ten of the decimal suffixes. @source Kubernetes API reference, Quantity */
const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
/** Powers of 1024 of the binary suffixes. */
const BINARY_SUFFIXES: ReadonlyMap<string, bigint> = new Map([
  ['Ki', 1n],
  ['Mi', 2n],
  ['Gi', 3n],
  ['Ti', 4n],
  ['Pi', 5n],
  ['Ei', 6n],
]);

const QUANTITY = /^\+?([0-9]{1,40})(?:\.([0-9]{0,40}))?(?:[eE]([+-]?[0-9]{1,2})|([KMGTPE]i|[numkMGTPE]))?$/;
const LEADING_POINT = /^\+?\.[0-9]/;
const TEXT_LENGTH_MAX = 64;
/** The API server's own limit of a quantity. */
const VALUE_MAX = 2n ** 63n - 1n;

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}
const ONE = 1n;
const timesTenTo = ({ numerator, denominator }: Fraction, power: number): Fraction =>
  power >= 0
    ? { numerator: numerator * 10n ** BigInt(power), denominator }
    : { numerator, denominator: denominator * 10n ** BigInt(-power) };

const fractionOf = (text: string): Fraction | undefined => {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const parts = QUANTITY.exec(LEADING_POINT.test(text) ? text.replace('.', '0.') : text);
  if (parts === null) return undefined;
  const [, whole = '', places = '', exponent, suffix = ''] = parts;
  const plain: Fraction = { numerator: BigInt(whole + places), denominator: 10n ** BigInt(places.length) };
  if (exponent !== undefined) return timesTenTo(plain, Number(exponent));
  const binary = BINARY_SUFFIXES.get(suffix);
  if (binary !== undefined) return { ...plain, numerator: plain.numerator * 1024n ** binary };
  return timesTenTo(plain, DECIMAL_SUFFIXES.get(suffix) ?? 0);
};

/**
 * Reads a Kubernetes quantity exactly, then rounds up, as the scheduler does.
 *
 * @param raw text such as `500m`, `1.5`, `2e3`, `512Mi`, or a number token.
 * @param unit `milli` counts thousandths (CPU), `one` counts whole units (bytes, devices).
 * @returns a whole number, 0 or more; undefined for what is no such quantity, is negative, or above 2^63 - 1.
 * @source protocols section 1.4 rule 1; Kubernetes API reference, Quantity
 */
export const readQuantity = (raw: RawJson | undefined, unit: 'milli' | 'one'): bigint | undefined => {
  const text = raw instanceof NumberToken ? raw.text : raw;
  const fraction = typeof text === 'string' ? fractionOf(text) : undefined;
  if (fraction === undefined) return undefined;
  const { numerator, denominator } = unit === 'milli' ? timesTenTo(fraction, 3) : fraction;
  const value = (numerator + denominator - ONE) / denominator;
  return value > VALUE_MAX ? undefined : value;
};
