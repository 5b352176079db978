import { HASH_BYTES, emptyRoot, nodeHash } from '../hash.js';
const SIZE_BYTES = 8;
/** Serialised frontier that is cut short, too long, or does not fit its own size. */
export class FrontierInvalid extends Error {
    name = 'FrontierInvalid';
}
/**
 * The right edge of a growing Merkle tree: one hash per complete subtree, largest first, so at most 64 of them.
 * Appending costs amortised one hash; a root costs as many hashes as there are subtrees. It is the only tree algorithm
 * here: proofs are roots of parts of the leaves, and verifying a range continues a frontier that the proof supplies.
 *
 * @source RFC 6962 section 2.1; the subtrees are those of the binary digits of the size.
 */
export class Frontier {
    #size;
    #hashes;
    constructor(size = 0n, hashes = []) {
        if (size < 0n || hashes.length !== onesOf(size) || hashes.some(({ length }) => length !== HASH_BYTES)) {
            throw new FrontierInvalid(`${hashes.length.toString()} hashes do not make a frontier of size ${size.toString()}`);
        }
        this.#size = size;
        this.#hashes = [...hashes];
    }
    /** Number of leaves. */
    get size() {
        return this.#size;
    }
    /** Hashes of the complete subtrees, largest and leftmost first. */
    get hashes() {
        return [...this.#hashes];
    }
    /** Adds the leaf hash (32 bytes) of the next revision. */
    append(leaf) {
        this.appendSubtree(0, leaf);
    }
    /**
     * Adds a complete subtree of 2^level leaves by its hash.
     * @throws RangeError unless the size is a multiple of 2^level, which is where such a subtree can begin.
     */
    appendSubtree(level, hash) {
        const span = 1n << BigInt(level);
        if ((this.#size & (span - 1n)) !== 0n) {
            throw new RangeError(`no subtree of level ${level.toString()} begins at ${this.#size.toString()}`);
        }
        let merged = hash;
        // Each trailing one of the size is a subtree as large as what has been merged so far.
        for (let digits = this.#size >> BigInt(level); (digits & 1n) === 1n; digits >>= 1n) {
            merged = nodeHash(this.#hashes.pop() ?? merged, merged);
        }
        this.#hashes.push(merged);
        this.#size += span;
    }
    /** Root of all leaves so far, 32 bytes; of none, the hash of nothing. */
    root() {
        let root = this.#hashes.at(-1);
        if (root === undefined)
            return emptyRoot();
        for (let index = this.#hashes.length - 2; index >= 0; index -= 1) {
            root = nodeHash(this.#hashes[index] ?? root, root);
        }
        return root;
    }
    /** An independent copy. */
    clone() {
        return new Frontier(this.#size, this.#hashes);
    }
    /** Size as 8 bytes, big-endian, then the hashes: at most 8 + 64 * 32 bytes. */
    serialise() {
        const bytes = Buffer.alloc(SIZE_BYTES + this.#hashes.length * HASH_BYTES);
        bytes.writeBigUInt64BE(this.#size);
        this.#hashes.forEach((hash, index) => bytes.set(hash, SIZE_BYTES + index * HASH_BYTES));
        return new Uint8Array(bytes);
    }
    /** The frontier that `serialise` wrote. @throws FrontierInvalid */
    static restore(bytes) {
        if (bytes.length < SIZE_BYTES || (bytes.length - SIZE_BYTES) % HASH_BYTES !== 0) {
            throw new FrontierInvalid(`${bytes.length.toString()} bytes are no frontier`);
        }
        const copy = Buffer.from(bytes);
        const hashes = [];
        for (let at = SIZE_BYTES; at < copy.length; at += HASH_BYTES) {
            hashes.push(new Uint8Array(copy.subarray(at, at + HASH_BYTES)));
        }
        return new Frontier(copy.readBigUInt64BE(), hashes);
    }
}
const onesOf = (size) => size.toString(2).replaceAll('0', '').replace('-', '').length;
//# sourceMappingURL=frontier.js.map