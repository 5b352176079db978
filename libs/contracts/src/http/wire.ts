import { isRawList, isRawObject, NumberToken, pointerTo, type RawJson } from '@verdict/domain';
import type { z } from 'zod';
import { type IsForeign, readJson } from '../json/strict-json.js';

/** JSON as schemas see it: numbers whose text can be had back are numbers, others stay the token that was sent. */
export type WireJson =
  null | boolean | number | string | NumberToken | readonly WireJson[] | { readonly [member: string]: WireJson };

const SIGNIFICANT_DIGITS_MAX = 15;
/** The digits of a number's text from the first that is not 0; where its point and its exponent are does not matter. */
const significantDigits = (token: string): string =>
  token
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
const withoutZeros = (digits: string): string => digits.replace(/0+$/, '');

/**
 * The number of a token of at most 15 significant digits, however it is spelt.
 *
 * @returns undefined for more digits, and for what no double is: too large, or so small that digits are lost.
 * @source contract section 5.1 (metadata)
 */
export const finiteNumberOf = ({ text }: NumberToken): number | undefined => {
  const digits = significantDigits(text);
  const value = Number(text);
  const isSame = withoutZeros(significantDigits(String(value))) === withoutZeros(digits);
  return digits.length <= SIGNIFICANT_DIGITS_MAX && isSame ? value : undefined;
};

/** The same of a token without exponent whose text can be had back, as amounts need it; undefined otherwise. */
const plainNumberOf = (token: NumberToken): number | undefined => {
  const value = finiteNumberOf(token);
  return /[eE]/.test(token.text) || String(value).includes('e') ? undefined : value;
};

// The zeros at the end count as places of an amount, and a number would forget them.
const ZEROS_THAT_COUNT = /\.\d{4,}0$/;
const numberOf = (token: NumberToken): number | NumberToken =>
  ZEROS_THAT_COUNT.test(token.text) ? token : (plainNumberOf(token) ?? token);

const NONE: ReadonlySet<string> = new Set();
/** Converts the strict reader's tree; members named in `raw` (payloads that others define) are handed through as read. */
export const toWire = (value: RawJson, raw: ReadonlySet<string> = NONE): WireJson => {
  if (value instanceof NumberToken) return numberOf(value);
  if (isRawList(value)) return value.map((each) => toWire(each));
  if (isRawObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, raw.has(name) ? (each as WireJson) : toWire(each)]), // Read by its own reader.
    );
  }
  return value;
};

/** One defect of a request. `code` is a problem code of contract section 17.2. */
export interface WireError {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}
export type Parsed<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'refused'; readonly code: string; readonly errors: readonly WireError[] };

const pointerOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((pointer, key) => pointerTo(pointer, typeof key === 'number' ? key : String(key)), '');

/** How little of a value is of one form: of another type as a whole, members that it does not have, members that are missing. */
const distanceOf = (issues: readonly z.core.$ZodIssue[]): number =>
  issues.reduce((sum, { path, code }) => {
    if (path.length === 0 && code === 'invalid_type') return sum + 3;
    if (path.length === 0 && code === 'unrecognized_keys') return sum + 2;
    return sum + (path.length === 1 && code === 'invalid_type' ? 1 : 0);
  }, 0);
/** Of several forms that a value may have, the defects of the one that it is nearest to; undefined: it is like none. */
const nearest = (forms: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined => {
  const like = forms.filter((issues) => !issues.some(({ path, code }) => path.length === 0 && code === 'invalid_type'));
  return [...like].sort((a, b) => distanceOf(a) - distanceOf(b))[0];
};

const errorsOf = (issue: z.core.$ZodIssue): readonly WireError[] => {
  const pointer = pointerOf(issue.path);
  const inside = issue.code === 'invalid_union' ? nearest(issue.errors) : undefined;
  if (inside !== undefined) return inside.flatMap((each) => errorsOf({ ...each, path: [...issue.path, ...each.path] }));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerTo(pointer, key),
      code: 'unknown_field',
      detail: 'this member is not known',
    }));
  }
  const named: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined;
  return [{ pointer, code: typeof named === 'string' ? named : 'validation_failed', detail: issue.message }];
};

/** Checks a value against a schema; all defects at once, the first one names the problem. */
export const parseWith = <Schema extends z.ZodType>(schema: Schema, value: unknown): Parsed<z.output<Schema>> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { kind: 'ok', value: parsed.data };
  const errors = parsed.error.issues.flatMap(errorsOf);
  return { kind: 'refused', code: errors[0]?.code ?? 'validation_failed', errors };
};

export interface BodyOptions {
  readonly depthMax: number;
  /** Members that are handed through as read. */
  readonly raw?: ReadonlySet<string>;
  /** Payloads that others define; default: the members in `raw`. */
  readonly isForeign?: IsForeign;
}

/** The members of the body itself that have one of these names. */
export const foreignMembers =
  (names: ReadonlySet<string>): IsForeign =>
  (member, depth) =>
    depth === 1 && names.has(member);

/** Reads and checks a JSON body: 400 `malformed_json` for its form, 422 for its content. An empty body is `{}`. */
export const parseBody = <Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array,
  { depthMax, raw = NONE, isForeign = foreignMembers(raw) }: BodyOptions,
): Parsed<z.output<Schema>> => {
  if (bytes.length === 0) return parseWith(schema, {});
  const read = readJson(bytes, { depthMax, isForeign });
  if (read.kind === 'malformed') {
    return {
      kind: 'refused',
      code: 'malformed_json',
      errors: [{ pointer: read.pointer, code: 'malformed_json', detail: read.detail }],
    };
  }
  return parseWith(schema, toWire(read.value, raw));
};
