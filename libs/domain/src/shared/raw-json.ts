/**
 * A number of JSON text as it was sent: `1e3`, `0.10` and `9007199254740993` stay what they were.
 * A float parser would change amounts and sizes before any rule could look at them.
 *
 * @source contract section 1 (strict reader), protocols section 3.1
 */
export class NumberToken {
  /** The token: RFC 8259 `number`, ASCII. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Never used by the ledger; it keeps diagnostics and tests readable. */
  toJSON(): string {
    return this.text;
  }
}

/**
 * What the strict reader yields. Objects have no inherited members, so `value['constructor']` is what was sent or
 * undefined. Strings hold no lone surrogate, no member occurs twice.
 */
export type RawJson = null | boolean | string | NumberToken | readonly RawJson[] | RawObject;
export interface RawObject {
  readonly [member: string]: RawJson;
}

/** Narrows to an object with members; lists, texts and number tokens are not. */
export const isRawObject = (value: RawJson | undefined): value is RawObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberToken);

/** Narrows to a list. */
export const isRawList = (value: RawJson | undefined): value is readonly RawJson[] => Array.isArray(value);

/** A member that was sent, or undefined; never something inherited. */
export const memberOf = (value: RawJson | undefined, name: string): RawJson | undefined =>
  isRawObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;

/** A member that is text, or undefined. */
export const textMemberOf = (value: RawJson | undefined, name: string): string | undefined => {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
};

/** One reference token of a JSON pointer, appended. @source RFC 6901 section 3 */
export const pointerTo = (base: string, token: string | number): string =>
  `${base}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** JSON text of a tree, number tokens as they were sent: what was read can be passed on without a change of meaning. */
export const rawJsonText = (value: RawJson): string => {
  if (value instanceof NumberToken) return value.text;
  if (isRawList(value)) return `[${value.map(rawJsonText).join(',')}]`;
  if (!isRawObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${rawJsonText(member)}`);
  return `{${members.join(',')}}`;
};
