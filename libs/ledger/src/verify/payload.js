import { isJsonObject } from '../json/json-value.js';
/** A payload that lacks what a rule needs to read. */
export class PayloadDefect extends Error {
    name = 'PayloadDefect';
}
const DECIMAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]{1,6}))?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T/;
export const objectAt = (payload, key) => {
    const value = isJsonObject(payload) ? payload[key] : undefined;
    if (!isJsonObject(value))
        throw new PayloadDefect(`${key} is no object`);
    return value;
};
export const objectsAt = (payload, key) => {
    const value = isJsonObject(payload) ? payload[key] : undefined;
    const items = Array.isArray(value) ? value : undefined;
    if (items?.every(isJsonObject) !== true)
        throw new PayloadDefect(`${key} is no list of objects`);
    return items.filter(isJsonObject);
};
export const textAt = (payload, key) => {
    const value = isJsonObject(payload) ? payload[key] : undefined;
    if (typeof value !== 'string')
        throw new PayloadDefect(`${key} is no text`);
    return value;
};
export const textOrNullAt = (payload, key) => isJsonObject(payload) && payload[key] === null ? null : textAt(payload, key);
export const integerAt = (payload, key) => {
    const value = isJsonObject(payload) ? payload[key] : undefined;
    if (typeof value !== 'number')
        throw new PayloadDefect(`${key} is no integer`);
    return value;
};
export const instantAt = (payload, key) => {
    const text = textAt(payload, key);
    if (!INSTANT.test(text))
        throw new PayloadDefect(`${key} is no instant`);
    return text;
};
/** Money as integer micro-USD. */
export const usdAt = (payload, key) => {
    const text = textAt(payload, key);
    const [, sign, whole = '', fraction = ''] = DECIMAL.exec(text) ?? [];
    if (sign === undefined)
        throw new PayloadDefect(`${key} is no amount`);
    const size = BigInt(whole + fraction.padEnd(6, '0'));
    return sign === '-' ? -size : size;
};
/** Money where null means: no limit. */
export const usdOrNullAt = (payload, key) => textOrNullAt(payload, key) === null ? null : usdAt(payload, key);
/** Micro-USD as decimal text with 4 places, or 6 where those are needed. */
export const usdText = (amount) => {
    const digits = (amount < 0n ? -amount : amount).toString().padStart(7, '0');
    const text = `${amount < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
    return text.endsWith('00') ? text.slice(0, -2) : text;
};
//# sourceMappingURL=payload.js.map