import { NumberToken } from './raw-json.js';

/** JSON with any finite number, as a caller's metadata may hold it; number tokens count as the double they name. */
export type CanonicalJson =
  | null
  | boolean
  | number
  | string
  | NumberToken
  | readonly CanonicalJson[]
  | { readonly [member: string]: CanonicalJson | undefined };

/** Quotes, backslashes and controls need escapes; a surrogate may be a lone one. Everything else stands as it is. */
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;
// JSON.stringify escapes as RFC 8785 wants, save lone surrogates, which it would hide as \udXXX.
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

const textOf = (value: string): string => {
  if (!NEEDS_CARE.test(value)) return `"${value}"`;
  if (LONE_SURROGATE.test(value)) throw new RangeError('a lone surrogate has no UTF-8 form');
  return JSON.stringify(value);
};

const numberOf = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError('NaN and infinities are not JSON');
  return JSON.stringify(value);
};

const areInOrder = (names: readonly string[]): boolean =>
  names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name);

/** Members in the order of UTF-16 code units, which is how `<` and the default sort compare. @source RFC 8785 section 3.2.3 */
const objectOf = (value: object): string => {
  const names = Object.keys(value);
  if (!areInOrder(names)) names.sort(); // Whoever writes much makes them in order.
  let text = '';
  for (const name of names) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${textOf(name)}:${anyText(member)}`;
  }
  return `{${text}}`;
};

const anyText = (value: unknown): string => {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'number') return numberOf(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (value instanceof NumberToken) return numberOf(Number(value.text));
  if (Array.isArray(value)) return `[${value.map(anyText).join(',')}]`;
  if (typeof value !== 'object') throw new RangeError(`a ${typeof value} is not JSON`);
  return objectOf(value);
};

/**
 * Canonical text of JSON with decimals: the bytes to hash are its UTF-8.
 *
 * @param value JSON, or an interface made of it; members that are undefined count as absent. Depth is bounded by the
 *   reader that made the value.
 * @returns RFC 8785 text: members by UTF-16 code units, numbers as ECMAScript prints them (1e21, 0.1, -0 as 0).
 * @throws RangeError for NaN, infinities (also a token such as 1e999), lone surrogates and what is not JSON.
 * @source RFC 8785; entries themselves hold no decimals and are written by the ledger lib
 */
export const jcsText = (value: CanonicalJson | object): string => anyText(value);
