import type { SignedHead } from '../ports/audit.js';

/** A tree that somebody wants signed, and the signed one that it was grown from. */
export interface Candidate {
  readonly base: { readonly size: bigint; readonly root: Uint8Array };
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

export type Judgement =
  | { readonly kind: 'sign' }
  /** The tree is signed already, or the journal's publishing has stopped. */
  | { readonly kind: 'nothing' }
  /** Another process has signed meanwhile: grow the tree from there. */
  | { readonly kind: 'retry' }
  | { readonly kind: 'refuse'; readonly reason: string };

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

/**
 * Whether a signer may sign the candidate after what it has signed last. It signs nothing that a verifier could hold
 * against an earlier checkpoint: no smaller tree, no other root of the same size, nothing that did not grow from it.
 * @source ledger format section 4
 */
export const judgeCandidate = (last: SignedHead, candidate: Candidate): Judgement => {
  if (last.refusal !== null) return { kind: 'nothing' };
  const { base, size, root } = candidate;
  const grewFromLast = base.size === last.size && isSame(base.root, last.root);
  if (!grewFromLast && base.size < last.size) return { kind: 'retry' };
  if (size < last.size)
    return {
      kind: 'refuse',
      reason: `the tree of size ${last.size.toString()} is signed, this one has ${size.toString()}`,
    };
  if (!grewFromLast || (size === last.size && !isSame(root, last.root))) {
    return { kind: 'refuse', reason: `another tree of size ${last.size.toString()} is signed` };
  }
  return size === last.size ? { kind: 'nothing' } : { kind: 'sign' };
};
