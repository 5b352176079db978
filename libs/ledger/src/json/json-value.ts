/** JSON as hashed objects may hold it: numbers are integers within +-(2^53-1); other decimals are text. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** Values nest at most this deep; a scalar at the top has depth 0. */
export const DEPTH_MAX = 64;

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One step of a JSON pointer, escaped. @source RFC 6901 section 3 */
export const pointerStep = (key: string | number): string =>
  `/${typeof key === 'number' ? key.toString() : key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
