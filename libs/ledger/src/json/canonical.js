import { DEPTH_MAX, pointerStep } from './json-value.js';
/** A value that has no canonical form here; `pointer` (RFC 6901) names the place, '' being the whole value. */
export class CanonicalError extends Error {
    code;
    pointer;
    name = 'CanonicalError';
    constructor(code, pointer) {
        super(`${code} at ${pointer === '' ? 'the top' : pointer}`);
        this.code = code;
        this.pointer = pointer;
    }
}
/** Quotes, backslashes and controls need escapes; a surrogate may be a lone one. Everything else stands as it is. */
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
/**
 * Canonical text of a JSON value: sorted members, no white space, shortest escapes.
 *
 * @param value numbers must be integers within +-(2^53-1); objects are plain; nothing is undefined; depth <= 64.
 * @throws CanonicalError with the JSON pointer of the first offending place.
 * @source RFC 8785; the restriction of numbers is ledger format section 1.
 */
export const canonicalText = (value) => {
    try {
        return write(value, 0);
    }
    catch (error) {
        if (error instanceof CanonicalError)
            throw locate(value, '', 0) ?? error;
        throw error;
    }
};
/** UTF-8 bytes of `canonicalText`: what is stored, hashed, relayed and verified. @throws CanonicalError */
export const canonicalBytes = (value) => {
    const bytes = Buffer.from(canonicalText(value), 'utf8');
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
};
// The hot path carries no pointer: only when it fails does `locate` walk again and find the place.
const write = (value, depth) => {
    switch (typeof value) {
        case 'string':
            return writeString(value);
        case 'number':
            if (!Number.isSafeInteger(value))
                throw new CanonicalError('number_not_integer', '');
            return value === 0 ? '0' : value.toString();
        case 'boolean':
            return value ? 'true' : 'false';
        case 'object':
            return value === null ? 'null' : writeNested(value, depth);
        default:
            throw new CanonicalError('not_json', '');
    }
};
const writeNested = (value, depth) => {
    if (depth >= DEPTH_MAX)
        throw new CanonicalError('too_deep', '');
    return Array.isArray(value) ? writeArray(value, depth) : writeObject(value, depth);
};
const writeArray = (items, depth) => {
    let text = '[';
    for (let index = 0; index < items.length; index += 1) {
        if (index > 0)
            text += ',';
        text += write(items[index], depth + 1);
    }
    return `${text}]`;
};
const writeObject = (value, depth) => {
    if (!isPlain(value))
        throw new CanonicalError('not_json', '');
    const members = value;
    let text = '{';
    for (const key of sortedKeys(members)) {
        if (text.length > 1)
            text += ',';
        text += `${writeString(key)}:${write(members[key], depth + 1)}`;
    }
    return `${text}}`;
};
const writeString = (text) => {
    if (!NEEDS_CARE.test(text))
        return `"${text}"`;
    if (LONE_SURROGATE.test(text))
        throw new CanonicalError('lone_surrogate', '');
    return JSON.stringify(text);
};
/** Members in order of their UTF-16 code units, which is what `<` and the default sort compare. */
const sortedKeys = (members) => {
    const keys = Object.keys(members);
    for (let index = 1; index < keys.length; index += 1) {
        if (keys[index] < keys[index - 1])
            return keys.sort();
    }
    return keys;
};
/** A Date, Map or class instance would lose itself silently; only plain objects have members and nothing else. */
const isPlain = (value) => {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null)
        return true;
    return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
};
const locate = (value, pointer, depth) => {
    if (typeof value !== 'object' || value === null)
        return problemOf(() => write(value, depth), pointer);
    if (depth >= DEPTH_MAX)
        return new CanonicalError('too_deep', pointer);
    if (Array.isArray(value))
        return locateItem(value, pointer, depth);
    if (!isPlain(value))
        return new CanonicalError('not_json', pointer);
    const members = value;
    for (const key of sortedKeys(members)) {
        const place = pointer + pointerStep(key);
        const problem = problemOf(() => writeString(key), place) ?? locate(members[key], place, depth + 1);
        if (problem !== undefined)
            return problem;
    }
    return undefined;
};
const locateItem = (items, pointer, depth) => {
    for (let index = 0; index < items.length; index += 1) {
        const problem = locate(items[index], pointer + pointerStep(index), depth + 1);
        if (problem !== undefined)
            return problem;
    }
    return undefined;
};
const problemOf = (attempt, pointer) => {
    try {
        attempt();
        return undefined;
    }
    catch (error) {
        if (error instanceof CanonicalError)
            return new CanonicalError(error.code, pointer);
        throw error;
    }
};
//# sourceMappingURL=canonical.js.map