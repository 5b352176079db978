import { HASH_BYTES, isEqualBytes, nodeHash } from '../hash.js';
import { Frontier, FrontierInvalid } from './frontier.js';
import type { RangeProof } from './proofs.js';
import { coverSpans, levelOf } from './spans.js';

/** A claim about one leaf. Size and root come from a checkpoint: a root alone does not fix the size. */
export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: bigint;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

export interface ConsistencyClaim {
  readonly oldSize: bigint;
  readonly oldRoot: Uint8Array;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether the proof shows that `leaf` is at `index` of the tree. @source RFC 9162 section 2.1.3.2 */
export const verifyInclusion = ({ leaf, index, size, root, proof }: InclusionClaim): boolean => {
  if (index < 0n || index >= size || !areHashes([leaf, root, ...proof])) return false;
  let position: Position = { at: index, last: size - 1n };
  let hash = leaf;
  for (const sibling of proof) {
    if (position.last === 0n) return false;
    const isRight = isRightChild(position);
    hash = isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    position = parentOf(position, isRight);
  }
  return position.last === 0n && isEqualBytes(hash, root);
};

/** Index of a node within its level, and of the last node of that level. */
interface Position {
  readonly at: bigint;
  readonly last: bigint;
}

const isRightChild = ({ at, last }: Position): boolean => (at & 1n) === 1n || at === last;

const parentOf = (position: Position, isRight: boolean): Position => {
  let { at, last } = position;
  // A right edge without partner climbs until it is somebody's sibling again.
  while (isRight && (at & 1n) === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
  return { at: at >> 1n, last: last >> 1n };
};

/** Whether the proof shows that the old tree is a prefix of the new one. @source RFC 9162 section 2.1.4.2 */
export const verifyConsistency = ({ oldSize, oldRoot, size, root, proof }: ConsistencyClaim): boolean => {
  if (oldSize < 0n || oldSize > size || !areHashes([oldRoot, root, ...proof])) return false;
  if (oldSize === size) return proof.length === 0 && isEqualBytes(oldRoot, root);
  if (oldSize === 0n) return proof.length === 0 && isEqualBytes(oldRoot, new Frontier().root());
  const hashes = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : proof;
  return climb(oldSize, size, hashes, { oldRoot, root });
};

const climb = (
  oldSize: bigint,
  size: bigint,
  hashes: readonly Uint8Array[],
  roots: { readonly oldRoot: Uint8Array; readonly root: Uint8Array },
): boolean => {
  const [first, ...rest] = hashes;
  if (first === undefined) return false;
  let position = lastCompleteOf(oldSize, size);
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    if (position.last === 0n) return false;
    const isRight = isRightChild(position);
    if (isRight) oldHash = nodeHash(sibling, oldHash);
    newHash = isRight ? nodeHash(sibling, newHash) : nodeHash(newHash, sibling);
    position = parentOf(position, isRight);
  }
  return position.last === 0n && isEqualBytes(oldHash, roots.oldRoot) && isEqualBytes(newHash, roots.root);
};

/** The smallest complete subtree at the right edge of the old tree, as a node of the new one. */
const lastCompleteOf = (oldSize: bigint, size: bigint): Position => {
  let [at, last] = [oldSize - 1n, size - 1n];
  while ((at & 1n) === 1n) [at, last] = [at >> 1n, last >> 1n];
  return { at, last };
};

/**
 * Verifies a range while its leaves stream by: begin with the left hashes, take the leaves, add the right hashes.
 * The frontier at any moment is that of the log at that revision, so roots of earlier checkpoints can be compared too.
 */
export class RangeVerifier {
  readonly #frontier: Frontier | undefined;
  readonly #proof: RangeProof;

  constructor(proof: RangeProof) {
    this.#proof = proof;
    this.#frontier = frontierOf(proof);
  }

  /** Revision of the leaf that `push` takes next; undefined when the proof is malformed. */
  get next(): bigint | undefined {
    return this.#frontier?.size;
  }

  /** Root of the tree up to, not including, `next`; undefined when the proof is malformed. */
  rootSoFar(): Uint8Array | undefined {
    return this.#frontier?.root();
  }

  push(leaf: Uint8Array): void {
    this.#frontier?.append(leaf);
  }

  /** The root that left hashes, leaves and right hashes give; undefined when their numbers do not fit the range. */
  root(): Uint8Array | undefined {
    const { to, size, right } = this.#proof;
    const spans = coverSpans(to, size);
    if (this.#frontier?.size !== to || spans.length !== right.length || !areHashes(right)) return undefined;
    const whole = this.#frontier.clone();
    spans.forEach((span, index) => {
      const hash = right[index];
      if (hash !== undefined) whole.appendSubtree(levelOf(span), hash);
    });
    return whole.root();
  }
}

/** Whether `leaves` are exactly the leaves [from, to) of the tree with this root. @source ledger format section 6 */
export const verifyRange = (proof: RangeProof, leaves: Iterable<Uint8Array>, root: Uint8Array): boolean => {
  const verifier = new RangeVerifier(proof);
  for (const leaf of leaves) {
    if (leaf.length !== HASH_BYTES) return false;
    verifier.push(leaf);
  }
  const found = verifier.root();
  return found !== undefined && isEqualBytes(found, root);
};

const frontierOf = ({ from, to, size, left }: RangeProof): Frontier | undefined => {
  if (from < 0n || from > to || to > size) return undefined;
  try {
    return new Frontier(from, left);
  } catch (error) {
    if (error instanceof FrontierInvalid) return undefined;
    throw error;
  }
};

const areHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every(({ length }) => length === HASH_BYTES);
