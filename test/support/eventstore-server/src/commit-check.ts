import { type Expected, NO_STREAM } from './events.js';

/** What the check needs to know of a stream. */
export interface StreamFacts {
  /** Of the last event ever written, -1 if none was; deletion does not reset it. */
  readonly lastRevision: bigint;
  readonly isTombstoned: boolean;
  readonly isSoftDeleted: boolean;
  readonly hasMetadata: boolean;
  /** Id of a stored event. */
  idAt(revision: bigint): string | undefined;
  /** Revision in this stream of an id that was seen lately. */
  recentRevisionOf(id: string): bigint | undefined;
}

export type CommitDecision =
  | { readonly kind: 'write'; readonly isUndeletion: boolean }
  | { readonly kind: 'idempotent'; readonly lastRevision: bigint }
  | { readonly kind: 'wrong_expected_version'; readonly current: bigint }
  | { readonly kind: 'stream_deleted' };

const DELETED = { kind: 'stream_deleted' } as const;
const wrong = ({ lastRevision }: StreamFacts): CommitDecision => ({
  ...{ kind: 'wrong_expected_version', current: lastRevision },
});
const write = ({ isSoftDeleted }: StreamFacts): CommitDecision => ({ kind: 'write', isUndeletion: isSoftDeleted });

/** Without an exact revision only the memory of recent ids tells a repetition; what it forgot is written again. */
const checkLoose = (ids: readonly string[], facts: StreamFacts): CommitDecision => {
  let last: bigint | undefined;
  for (const [index, id] of ids.entries()) {
    const revision = facts.recentRevisionOf(id);
    if (revision === undefined) return index === 0 ? write(facts) : wrong(facts);
    last = revision;
  }
  return last === undefined ? write(facts) : { kind: 'idempotent', lastRevision: last };
};

/** The ids after the expected revision tell, for ever, whether this was written before. Data are not compared. */
const checkBehind = (expected: bigint, ids: readonly string[], facts: StreamFacts): CommitDecision => {
  const mismatch = ids.findIndex((id, index) => facts.idAt(expected + 1n + BigInt(index)) !== id);
  if (mismatch === -1 && ids.length > 0) return { kind: 'idempotent', lastRevision: expected + BigInt(ids.length) };
  const isFreshStart = mismatch === 0 && expected === NO_STREAM && facts.isSoftDeleted;
  return isFreshStart ? write(facts) : wrong(facts);
};

/**
 * Whether a write with these event ids is made, was made before, or is refused.
 * A soft-deleted stream accepts `NO_STREAM`, and also the revision it had.
 */
export const checkCommit = (expected: Expected, ids: readonly string[], facts: StreamFacts): CommitDecision => {
  if (facts.isTombstoned) return DELETED;
  if (expected === 'stream_exists') {
    if (facts.isSoftDeleted) return DELETED;
    if (facts.lastRevision === NO_STREAM && !facts.hasMetadata) return wrong(facts);
  }
  if (expected === 'any' || expected === 'stream_exists') return checkLoose(ids, facts);
  if (expected < facts.lastRevision) return checkBehind(expected, ids, facts);
  return expected === facts.lastRevision ? write(facts) : wrong(facts);
};
