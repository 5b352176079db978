import type { Sha256Hex } from './brand.js';

/** JSON as entries may hold it: numbers are integers within +-(2^53-1), money and other decimals are text. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * What a journal says: a type in past tense and a payload that is the ledger's JSON itself, so that what is folded is
 * what was recorded. A published type never changes its meaning.
 */
export interface Entry<Type extends string, Payload> {
  readonly type: Type;
  readonly payload: Payload;
}

/** Who acted, as authenticated at that time. */
export interface Actor {
  readonly kind: 'user' | 'service' | 'system';
  readonly id: string;
  readonly roles: readonly string[];
}

/** What makes a repeated command recognisable: the caller's key, if it sent one, and the hash of what it asked. */
export interface Keyed {
  readonly key: string | null;
  readonly payload_hash: Sha256Hex;
}

/** Free text of a person: sealed under the subject's key before it is hashed, see ledger-format section 1. */
export interface Sealable {
  readonly $seal: { readonly subject: string; readonly text: string };
}
/** The same text once sealed; only the holder of the key `kid` reads it. */
export interface Sealed {
  readonly $sealed: { readonly kid: string; readonly iv: string; readonly ct: string; readonly tag: string };
}
export type PersonalText = Sealable | Sealed;

/** `decide` answers with entries to append, or with a refusal that writes nothing. */
export type Result<Own, Refusal> =
  | { readonly kind: 'accepted'; readonly entries: readonly Own[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export const accepted = <Own>(
  ...entries: readonly Own[]
): { readonly kind: 'accepted'; readonly entries: readonly Own[] } => ({
  kind: 'accepted',
  entries,
});
export const refused = <Refusal>(refusal: Refusal): { readonly kind: 'refused'; readonly refusal: Refusal } => ({
  kind: 'refused',
  refusal,
});

/** Makes a forgotten case a compile error instead of a silent default. */
export const assertNever = (value: never): never => {
  throw new TypeError(`unhandled case: ${JSON.stringify(value)}`);
};
