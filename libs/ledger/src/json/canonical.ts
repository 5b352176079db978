import { DEPTH_MAX, pointerStep } from './json-value.js';
import type { JsonValue } from './json-value.js';

export type CanonicalCode = 'number_not_integer' | 'lone_surrogate' | 'not_json' | 'too_deep';

/** A value that has no canonical form here; `pointer` (RFC 6901) names the place, '' being the whole value. */
export class CanonicalError extends Error {
  override readonly name = 'CanonicalError';
  constructor(
    readonly code: CanonicalCode,
    readonly pointer: string,
  ) {
    super(`${code} at ${pointer === '' ? 'the top' : pointer}`);
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
export const canonicalText = (value: JsonValue): string => {
  if (isInOrder(value, 0)) {
    const text = JSON.stringify(value);
    if (!MAYBE_LONE_SURROGATE.test(text)) return text;
  }
  try {
    return write(value, 0);
  } catch (error) {
    if (error instanceof CanonicalError) throw locate(value, '', 0) ?? error;
    throw error;
  }
};

/** UTF-8 bytes of `canonicalText`: what is stored, hashed, relayed and verified. @throws CanonicalError */
export const canonicalBytes = (value: JsonValue): Uint8Array => {
  const bytes = Buffer.from(canonicalText(value), 'utf8');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
};

/** How `JSON.stringify` shows a lone surrogate. A text may hold the same characters behind a backslash of its own. */
const MAYBE_LONE_SURROGATE = /\\ud[89a-f]/;

/**
 * Whether the platform's own writer makes the canonical text: members are in order already and everything is JSON.
 * It escapes as RFC 8785 wants (section 3.2.2.2 was made after it), save lone surrogates, and it is the fastest there is.
 */
const isInOrder = (value: JsonValue, depth: number): boolean => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isSafeInteger(value);
    case 'object':
      return value === null || (depth < DEPTH_MAX && areInOrder(value, depth + 1));
    default:
      return false;
  }
};

const areInOrder = (value: object, depth: number): boolean => {
  if (Array.isArray(value)) return areItemsInOrder(value as readonly JsonValue[], depth);
  if (!isPlain(value)) return false;
  const members = value as Readonly<Record<string, JsonValue>>;
  let before = '';
  for (const key in members) {
    if (key < before || !isInOrder(members[key] as JsonValue, depth)) return false;
    before = key;
  }
  return true;
};

const areItemsInOrder = (items: readonly JsonValue[], depth: number): boolean => {
  for (let index = 0; index < items.length; index += 1) {
    if (!isInOrder(items[index] as JsonValue, depth)) return false;
  }
  return true;
};

// The hot path carries no pointer: only when it fails does `locate` walk again and find the place.
const write = (value: JsonValue, depth: number): string => {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isSafeInteger(value)) throw new CanonicalError('number_not_integer', '');
      return value === 0 ? '0' : value.toString();
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : writeNested(value, depth);
    default:
      throw new CanonicalError('not_json', '');
  }
};

const writeNested = (value: object, depth: number): string => {
  if (depth >= DEPTH_MAX) throw new CanonicalError('too_deep', '');
  return Array.isArray(value) ? writeArray(value as readonly JsonValue[], depth) : writeObject(value, depth);
};

const writeArray = (items: readonly JsonValue[], depth: number): string => {
  let text = '[';
  for (let index = 0; index < items.length; index += 1) {
    if (index > 0) text += ',';
    text += write(items[index] as JsonValue, depth + 1);
  }
  return `${text}]`;
};

const writeObject = (value: object, depth: number): string => {
  if (!isPlain(value)) throw new CanonicalError('not_json', '');
  const members = value as Readonly<Record<string, JsonValue>>;
  let text = '{';
  for (const key of sortedKeys(members)) {
    text += writeName(key, text.length > 1);
    text += write(members[key] as JsonValue, depth + 1);
  }
  return `${text}}`;
};

/** Names repeat from entry to entry, so their quoted form is kept; only well-formed short ones, and not without bound. */
const NAMES_MAX = 4096;
const NAME_LENGTH_MAX = 64;
const namesWritten = new Map<string, readonly [first: string, following: string]>();

/** A member's name and colon; `isFollowing`: behind the comma that parts it from the member before. */
const writeName = (key: string, isFollowing: boolean): string => {
  const known = namesWritten.get(key) ?? keepName(key);
  return isFollowing ? known[1] : known[0];
};

const keepName = (key: string): readonly [first: string, following: string] => {
  const first = `${writeString(key)}:`;
  const written = [first, `,${first}`] as const;
  if (namesWritten.size < NAMES_MAX && key.length <= NAME_LENGTH_MAX) namesWritten.set(key, written);
  return written;
};

const writeString = (text: string): string => {
  if (!NEEDS_CARE.test(text)) return `"${text}"`;
  if (LONE_SURROGATE.test(text)) throw new CanonicalError('lone_surrogate', '');
  return JSON.stringify(text);
};

/** Members in order of their UTF-16 code units, which is what `<` and the default sort compare. */
const sortedKeys = (members: object): readonly string[] => {
  const keys = Object.keys(members);
  if (isSorted(keys)) return keys; // As whoever writes much makes them.
  return keys.length <= FEW_KEYS ? insertionSorted(keys) : keys.sort();
};

const isSorted = (keys: readonly string[]): boolean => {
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return false;
  }
  return true;
};

/** Up to here moving keys one by one costs less than a call of the general sort, and nothing when they are in order. */
const FEW_KEYS = 24;

const insertionSorted = (keys: string[]): readonly string[] => {
  for (let index = 1; index < keys.length; index += 1) {
    const key = keys[index] as string;
    let at = index - 1;
    while (at >= 0 && (keys[at] as string) > key) {
      keys[at + 1] = keys[at] as string;
      at -= 1;
    }
    keys[at + 1] = key;
  }
  return keys;
};

/** A Date, Map or class instance would lose itself silently; only plain objects have members and nothing else. */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'hasOwnProperty');
};

const locate = (value: JsonValue, pointer: string, depth: number): CanonicalError | undefined => {
  if (typeof value !== 'object' || value === null) return problemOf(() => write(value, depth), pointer);
  if (depth >= DEPTH_MAX) return new CanonicalError('too_deep', pointer);
  if (Array.isArray(value)) return locateItem(value as readonly JsonValue[], pointer, depth);
  if (!isPlain(value)) return new CanonicalError('not_json', pointer);
  const members = value as Readonly<Record<string, JsonValue>>;
  for (const key of sortedKeys(members)) {
    const place = pointer + pointerStep(key);
    const problem = problemOf(() => writeString(key), place) ?? locate(members[key] as JsonValue, place, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const locateItem = (items: readonly JsonValue[], pointer: string, depth: number): CanonicalError | undefined => {
  for (let index = 0; index < items.length; index += 1) {
    const problem = locate(items[index] as JsonValue, pointer + pointerStep(index), depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const problemOf = (attempt: () => unknown, pointer: string): CanonicalError | undefined => {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof CanonicalError) return new CanonicalError(error.code, pointer);
    throw error;
  }
};
