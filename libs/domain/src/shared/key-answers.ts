import { BoundedMap } from './bounded-map.js';
import type { Sha256Hex } from './brand.js';
import { type Keyed, refused } from './entry.js';

/** What a key was answered: the hash of what it asked, and the entry of the service's own journal that is the answer. */
export interface KeyAnswer {
  readonly payloadHash: Sha256Hex;
  readonly revision: bigint;
}

/** The newest answers of a journal, and up to where older ones have left memory. Revisions are -1n where there is none. */
export interface KeyAnswers {
  readonly kept: BoundedMap<KeyAnswer>;
  /** Of the newest answer of the generation that is dropped next. */
  readonly olderUpTo: bigint;
  /** Of the newest answer that was dropped: whatever was answered later is in memory. */
  readonly forgottenUpTo: bigint;
}

/** What was found out about a key outside memory: in all entries up to `upTo`, the newest that answered it. */
export interface LookedUpAnswer {
  readonly upTo: bigint;
  readonly answer: KeyAnswer | null;
}

/** A key is its scope's own: the operation, and for votes the voter. */
export interface ScopedKey {
  readonly scope: string;
  readonly keyed: Keyed;
}

export const NOT_LOOKED_UP: LookedUpAnswer = { upTo: -1n, answer: null };

/** @param capacity how many answers are remembered at least; at most twice as many are. */
export const noKeyAnswers = (capacity: number): KeyAnswers => ({
  kept: BoundedMap.ofCapacity(capacity),
  olderUpTo: -1n,
  forgottenUpTo: -1n,
});

const nameOf = (scope: string, key: string): string => `${scope}\n${key}`;

/** Remembers an answer. Answers come in the order of their revisions; one without a key is nobody's to ask for again. */
export const withKeyAnswer = (
  answers: KeyAnswers,
  { scope, keyed: { key, payload_hash: payloadHash } }: ScopedKey,
  revision: bigint,
): KeyAnswers => {
  if (key === null) return answers;
  const kept = answers.kept.set(nameOf(scope, key), { payloadHash, revision });
  const isNewGeneration = kept.recent.size === 0;
  return isNewGeneration ? { kept, olderUpTo: revision, forgottenUpTo: answers.olderUpTo } : { ...answers, kept };
};

/** The answer that memory has for a key; undefined: it has none, which says nothing where `mayBeForgotten`. */
export const keptAnswer = (answers: KeyAnswers, scope: string, key: string): KeyAnswer | undefined =>
  answers.kept.get(nameOf(scope, key));

/** Whether the key may have been answered by an entry that left memory. */
export const mayBeForgotten = (answers: KeyAnswers, scope: string, key: string | null): boolean =>
  key !== null && answers.forgottenUpTo >= 0n && keptAnswer(answers, scope, key) === undefined;

/** A key that was answered before: the same again for the same payload, a refusal for another (G3). */
export type EarlierAnswer =
  | { readonly kind: 'replay'; readonly revision: bigint }
  | {
      readonly kind: 'refused';
      readonly refusal:
        | { readonly code: 'idempotency_conflict'; readonly firstRevision: bigint }
        /** More has left memory than was looked through: it is to be looked up again. Nothing is decided. */
        | { readonly code: 'key_not_looked_up' };
    };

/**
 * What a key was answered before, from memory, else from what was looked up.
 *
 * @returns undefined for a new key, and for none.
 * @source contract section 1, Idempotency-Key
 */
export const earlierKeyAnswer = (
  answers: KeyAnswers,
  { scope, keyed: { key, payload_hash: hash } }: ScopedKey,
  lookedUp: LookedUpAnswer = NOT_LOOKED_UP,
): EarlierAnswer | undefined => {
  if (key === null) return undefined;
  const earlier = keptAnswer(answers, scope, key) ?? lookedUp.answer;
  if (earlier === null)
    return answers.forgottenUpTo > lookedUp.upTo ? refused({ code: 'key_not_looked_up' }) : undefined;
  return earlier.payloadHash === hash
    ? { kind: 'replay', revision: earlier.revision }
    : refused({ code: 'idempotency_conflict', firstRevision: earlier.revision });
};
