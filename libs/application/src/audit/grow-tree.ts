import { Frontier } from '@verdict/ledger';
import type { LeafSource, SignedHead } from '../ports/audit.js';
import type { Candidate } from './signing-rule.js';

export interface GrownTree extends Candidate {
  readonly frontier: Uint8Array;
  /** Leaf hash of revision `size - 1`. */
  readonly lastLeaf: Uint8Array;
  /** Leaves that were added. */
  readonly added: number;
}
export type Growth =
  { readonly kind: 'grown'; readonly tree: GrownTree } | { readonly kind: 'refuse'; readonly reason: string };

const isSame = (left: Uint8Array, right: Uint8Array | null): boolean =>
  right !== null && Buffer.compare(left, right) === 0;

/**
 * Grows the signed tree by the leaves that the log has since, `leavesMax` at most. The last signed leaf is read again
 * first: a log that was cut, restored or rewritten there is no continuation of what was signed.
 */
export const growTree = async (leaves: LeafSource, head: SignedHead, leavesMax: number): Promise<Growth> => {
  const frontier = Frontier.restore(head.frontier);
  let lastLeaf = head.lastLeaf;
  let isFirst = head.size > 0n;
  for await (const { leafHash } of leaves.read(
    head.journal,
    isFirst ? head.size - 1n : 0n,
    leavesMax + (isFirst ? 1 : 0),
  )) {
    if (isFirst) {
      if (!isSame(leafHash, lastLeaf)) {
        return {
          kind: 'refuse',
          reason: `the entry at revision ${(head.size - 1n).toString()} is not the one that was signed`,
        };
      }
      isFirst = false;
      continue;
    }
    frontier.append(leafHash);
    lastLeaf = leafHash;
  }
  if (isFirst)
    return { kind: 'refuse', reason: `the tree of size ${head.size.toString()} is signed, the log has fewer entries` };
  const { size } = frontier;
  const base = { size: head.size, root: head.root };
  const tree = {
    base,
    size,
    root: frontier.root(),
    frontier: frontier.serialise(),
    lastLeaf: lastLeaf ?? new Uint8Array(),
    added: Number(size - head.size),
  };
  return { kind: 'grown', tree };
};
