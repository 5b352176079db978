import { isUtf8 } from 'node:buffer';
import { CanonicalError, canonicalText } from './canonical.js';
import { DEPTH_MAX, pointerStep } from './json-value.js';
import type { JsonValue } from './json-value.js';

export type StrictJsonCode =
  'not_utf8' | 'syntax' | 'trailing_bytes' | 'duplicate_key' | 'lone_surrogate' | 'number_not_integer' | 'too_deep';

/** Text that the strict reader refuses; `pointer` names the place in the document, `offset` the UTF-16 unit in the text. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  constructor(
    readonly code: StrictJsonCode,
    readonly pointer: string,
    readonly offset: number,
  ) {
    super(`${code} at ${pointer === '' ? 'the top' : pointer} (offset ${offset.toString()})`);
  }
}

const WHITE_SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?<rest>\.[0-9]+)?(?<exponent>[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/**
 * Reads JSON and refuses everything that two readers could understand differently.
 *
 * @param bytes UTF-8 without BOM; white space between tokens is allowed (the canonical form has none).
 * @throws StrictJsonError for duplicate members, lone surrogates, numbers that are no integers within +-(2^53-1),
 *   trailing bytes, nesting deeper than 64, or any syntax error, with the JSON pointer of the place.
 * @source RFC 8259; strictness: ledger format section 1
 */
export const parseStrict = (bytes: Uint8Array): JsonValue => {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new StrictJsonError('not_utf8', '', 0);
  return new StrictReader(text).document();
};

/**
 * Whether these bytes are the canonical form of some value.
 * A text equal to the canonical text of what `JSON.parse` reads from it has no duplicate member, no white space and no
 * other number, since each of those would be missing from the canonical text; so the fast reader is enough here.
 */
export const isCanonical = (bytes: Uint8Array): boolean => readCanonical(bytes) !== undefined;

/** The value of canonical bytes; undefined when they are not canonical. */
export const readCanonical = (bytes: Uint8Array): JsonValue | undefined => {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as JsonValue;
    return canonicalText(value) === text ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof CanonicalError) return undefined;
    throw error;
  }
};

/** The text of UTF-8 bytes, a BOM kept as a character; undefined when they are not UTF-8. */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') : undefined;

class StrictReader {
  #at = 0;
  #pointer = '';
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    const value = this.#value(0);
    if (this.#at !== this.#text.length) this.#refuse('trailing_bytes');
    return value;
  }

  /** One value with the white space around it. */
  #value(depth: number): JsonValue {
    this.#take(WHITE_SPACE);
    const value = this.#token(depth);
    this.#take(WHITE_SPACE);
    return value;
  }

  #token(depth: number): JsonValue {
    const first = this.#text[this.#at];
    if (first === '{' || first === '[') {
      if (depth >= DEPTH_MAX) this.#refuse('too_deep');
      return first === '{' ? this.#object(depth) : this.#array(depth);
    }
    if (first === '"') return this.#string();
    const word = WORDS.find(([name]) => this.#text.startsWith(name, this.#at));
    if (word === undefined) return this.#number();
    this.#at += word[0].length;
    return word[1];
  }

  #object(depth: number): JsonValue {
    const members: Record<string, JsonValue> = {};
    this.#at += 1;
    this.#take(WHITE_SPACE);
    if (this.#skip('}')) return members;
    const outer = this.#pointer;
    do {
      this.#take(WHITE_SPACE);
      const key = this.#string();
      this.#pointer = outer + pointerStep(key);
      if (Object.hasOwn(members, key)) this.#refuse('duplicate_key');
      this.#take(WHITE_SPACE);
      if (!this.#skip(':')) this.#refuse('syntax');
      // Assignment would call the setter of `__proto__`; defining makes it a member like any other.
      Object.defineProperty(members, key, {
        value: this.#value(depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      this.#pointer = outer;
    } while (this.#skip(','));
    if (!this.#skip('}')) this.#refuse('syntax');
    return members;
  }

  #array(depth: number): JsonValue {
    const items: JsonValue[] = [];
    this.#at += 1;
    this.#take(WHITE_SPACE);
    if (this.#skip(']')) return items;
    const outer = this.#pointer;
    do {
      this.#pointer = outer + pointerStep(items.length);
      items.push(this.#value(depth + 1));
    } while (this.#skip(','));
    this.#pointer = outer;
    if (!this.#skip(']')) this.#refuse('syntax');
    return items;
  }

  #string(): string {
    const token = this.#take(STRING)?.[0];
    if (token === undefined) return this.#refuse('syntax');
    const value = JSON.parse(token) as string;
    if (LONE_SURROGATE.test(value)) this.#refuse('lone_surrogate');
    return value;
  }

  #number(): number {
    const match = this.#take(NUMBER);
    if (match === null) return this.#refuse('syntax');
    const value = Number(match[0]);
    const isPlain = match.groups?.['rest'] === undefined && match.groups?.['exponent'] === undefined;
    return isPlain && Number.isSafeInteger(value) ? value : this.#refuse('number_not_integer');
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #refuse(code: StrictJsonCode): never {
    throw new StrictJsonError(code, this.#pointer, this.#at);
  }
}
