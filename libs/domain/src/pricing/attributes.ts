import { isRawList, memberOf, NumberToken, type RawJson } from '../shared/raw-json.js';

/** What a plan knows about one attribute. A masked value stays in the plan: nobody here ever holds it. */
export type Attribute =
  | { readonly kind: 'value'; readonly text: string }
  /** Not there, null, or an empty list: that is how a plan writes a block that the configuration leaves out. */
  | { readonly kind: 'absent' }
  /** A list or object where a matcher wants one value. */
  | { readonly kind: 'composite' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'sensitive' }
  | { readonly kind: 'region_unknown' };

/** Answers for a path; what `region` means beyond the attribute of that name is the caller's. */
export type Facts = (path: readonly (string | number)[]) => Attribute;

/** One state of a resource, with its two masks: `true` covers all below. */
export interface MaskedState {
  readonly value: RawJson;
  readonly unknown: RawJson;
  readonly sensitive: RawJson;
}

const INDEX = /^(?:0|[1-9][0-9]{0,5})$/;
const UNKNOWN: Attribute = { kind: 'unknown' };
const SENSITIVE: Attribute = { kind: 'sensitive' };
const ABSENT: Attribute = { kind: 'absent' };
const COMPOSITE: Attribute = { kind: 'composite' };

const stepInto = (value: RawJson | undefined, segment: string | number): RawJson | undefined => {
  if (isRawList(value)) return INDEX.test(String(segment)) ? value[Number(segment)] : undefined;
  return memberOf(value, String(segment));
};

const described = (value: RawJson | undefined): Attribute => {
  if (value === undefined || value === null) return ABSENT;
  if (typeof value === 'string') return { kind: 'value', text: value };
  if (typeof value === 'boolean') return { kind: 'value', text: String(value) };
  if (value instanceof NumberToken) return { kind: 'value', text: value.text };
  return isRawList(value) && value.length === 0 ? ABSENT : COMPOSITE;
};

/**
 * Looks an attribute up behind both masks.
 *
 * @param path names and list indexes from the resource's top; a number, also as text, indexes a list.
 * @source protocols section 3.1: masks mirror the value with `true` leaves, or are `true` as a whole
 */
export const readAttribute = (state: MaskedState, path: readonly (string | number)[]): Attribute => {
  let value: RawJson | undefined = state.value;
  let unknown: RawJson | undefined = state.unknown;
  let sensitive: RawJson | undefined = state.sensitive;
  for (const segment of path) {
    if (unknown === true || sensitive === true) break;
    value = stepInto(value, segment);
    unknown = stepInto(unknown, segment);
    sensitive = stepInto(sensitive, segment);
  }
  if (sensitive === true) return SENSITIVE;
  return unknown === true ? UNKNOWN : described(value);
};
