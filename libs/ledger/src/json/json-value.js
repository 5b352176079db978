/** Values nest at most this deep; a scalar at the top has depth 0. */
export const DEPTH_MAX = 64;
export const isJsonObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** One step of a JSON pointer, escaped. @source RFC 6901 section 3 */
export const pointerStep = (key) => `/${typeof key === 'number' ? key.toString() : key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
//# sourceMappingURL=json-value.js.map