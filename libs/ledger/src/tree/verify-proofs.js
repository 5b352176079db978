import { HASH_BYTES, isEqualBytes, nodeHash } from '../hash.js';
import { Frontier, FrontierInvalid } from './frontier.js';
import { coverSpans, levelOf } from './spans.js';
/** Whether the proof shows that `leaf` is at `index` of the tree. @source RFC 9162 section 2.1.3.2 */
export const verifyInclusion = ({ leaf, index, size, root, proof }) => {
    if (index < 0n || index >= size || !areHashes([leaf, root, ...proof]))
        return false;
    let position = { at: index, last: size - 1n };
    let hash = leaf;
    for (const sibling of proof) {
        if (position.last === 0n)
            return false;
        const isRight = isRightChild(position);
        hash = isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
        position = parentOf(position, isRight);
    }
    return position.last === 0n && isEqualBytes(hash, root);
};
const isRightChild = ({ at, last }) => (at & 1n) === 1n || at === last;
const parentOf = (position, isRight) => {
    let { at, last } = position;
    // A right edge without partner climbs until it is somebody's sibling again.
    while (isRight && (at & 1n) === 0n && at !== 0n)
        [at, last] = [at >> 1n, last >> 1n];
    return { at: at >> 1n, last: last >> 1n };
};
/** Whether the proof shows that the old tree is a prefix of the new one. @source RFC 9162 section 2.1.4.2 */
export const verifyConsistency = ({ oldSize, oldRoot, size, root, proof }) => {
    if (oldSize < 0n || oldSize > size || !areHashes([oldRoot, root, ...proof]))
        return false;
    if (oldSize === size)
        return proof.length === 0 && isEqualBytes(oldRoot, root);
    if (oldSize === 0n)
        return proof.length === 0 && isEqualBytes(oldRoot, new Frontier().root());
    const hashes = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : proof;
    return climb(oldSize, size, hashes, { oldRoot, root });
};
const climb = (oldSize, size, hashes, roots) => {
    const [first, ...rest] = hashes;
    if (first === undefined)
        return false;
    let position = lastCompleteOf(oldSize, size);
    let oldHash = first;
    let newHash = first;
    for (const sibling of rest) {
        if (position.last === 0n)
            return false;
        const isRight = isRightChild(position);
        if (isRight)
            oldHash = nodeHash(sibling, oldHash);
        newHash = isRight ? nodeHash(sibling, newHash) : nodeHash(newHash, sibling);
        position = parentOf(position, isRight);
    }
    return position.last === 0n && isEqualBytes(oldHash, roots.oldRoot) && isEqualBytes(newHash, roots.root);
};
/** The smallest complete subtree at the right edge of the old tree, as a node of the new one. */
const lastCompleteOf = (oldSize, size) => {
    let [at, last] = [oldSize - 1n, size - 1n];
    while ((at & 1n) === 1n)
        [at, last] = [at >> 1n, last >> 1n];
    return { at, last };
};
/**
 * Verifies a range while its leaves stream by: begin with the left hashes, take the leaves, add the right hashes.
 * The frontier at any moment is that of the log at that revision, so roots of earlier checkpoints can be compared too.
 */
export class RangeVerifier {
    #frontier;
    #proof;
    constructor(proof) {
        this.#proof = proof;
        this.#frontier = frontierOf(proof);
    }
    /** Revision of the leaf that `push` takes next; undefined when the proof is malformed. */
    get next() {
        return this.#frontier?.size;
    }
    /** Root of the tree up to, not including, `next`; undefined when the proof is malformed. */
    rootSoFar() {
        return this.#frontier?.root();
    }
    push(leaf) {
        this.#frontier?.append(leaf);
    }
    /** The root that left hashes, leaves and right hashes give; undefined when their numbers do not fit the range. */
    root() {
        const { to, size, right } = this.#proof;
        const spans = coverSpans(to, size);
        if (this.#frontier?.size !== to || spans.length !== right.length || !areHashes(right))
            return undefined;
        const whole = this.#frontier.clone();
        spans.forEach((span, index) => {
            const hash = right[index];
            if (hash !== undefined)
                whole.appendSubtree(levelOf(span), hash);
        });
        return whole.root();
    }
}
/** Whether `leaves` are exactly the leaves [from, to) of the tree with this root. @source ledger format section 6 */
export const verifyRange = (proof, leaves, root) => {
    const verifier = new RangeVerifier(proof);
    for (const leaf of leaves) {
        if (leaf.length !== HASH_BYTES)
            return false;
        verifier.push(leaf);
    }
    const found = verifier.root();
    return found !== undefined && isEqualBytes(found, root);
};
const frontierOf = ({ from, to, size, left }) => {
    if (from < 0n || from > to || to > size)
        return undefined;
    try {
        return new Frontier(from, left);
    }
    catch (error) {
        if (error instanceof FrontierInvalid)
            return undefined;
        throw error;
    }
};
const areHashes = (hashes) => hashes.every(({ length }) => length === HASH_BYTES);
//# sourceMappingURL=verify-proofs.js.map