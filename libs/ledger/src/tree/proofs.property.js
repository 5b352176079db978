import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../hash.js';
import { consistencyProof, consistencyProofOfStream, inclusionProof, inclusionProofOfStream, rangeProof, rangeProofOfStream, rootOf, rootOfStream, } from './proofs.js';
import { verifyConsistency, verifyInclusion, verifyRange } from './verify-proofs.js';
const leavesOf = (count) => Array.from({ length: count }, (_, index) => sha256(Buffer.from(index.toString())));
const flipped = (hash, bit) => {
    const copy = Uint8Array.from(hash);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy;
};
/** Every list that differs in one place: a bit flipped, a hash dropped, doubled, added, two swapped. */
const mutationsOf = (hashes, bit) => [
    ...hashes.flatMap((hash, at) => [
        hashes.with(at, flipped(hash, bit)),
        hashes.toSpliced(at, 1),
        hashes.toSpliced(at, 0, hash),
        ...(at === 0 ? [] : [hashes.with(at, hashes[at - 1] ?? hash).with(at - 1, hash)]),
    ]),
    [...hashes, sha256(Uint8Array.of(bit))],
    [sha256(Uint8Array.of(bit)), ...hashes],
];
const bits = fc.integer({ min: 0, max: 255 });
/** size, and two positions 0 <= a <= b <= size */
const ranges = fc
    .integer({ min: 1, max: 70 })
    .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size }), fc.integer({ min: 0, max: size })))
    .map(([size, left, right]) => ({ size, from: Math.min(left, right), to: Math.max(left, right) }));
async function* streamOf(leaves) {
    for (const leaf of leaves)
        yield await Promise.resolve(leaf);
}
describe('inclusion proofs', () => {
    it('verify, and fail after any single change of leaf, index, hash or root', () => {
        fc.assert(fc.property(ranges, bits, ({ size, from }, bit) => {
            const leaves = leavesOf(size);
            const index = BigInt(Math.min(from, size - 1));
            const leaf = leaves[Number(index)] ?? new Uint8Array();
            const claim = { leaf, index, size: BigInt(size), root: rootOf(leaves), proof: inclusionProof(leaves, index) };
            expect(verifyInclusion(claim)).toBe(true);
            for (const proof of mutationsOf(claim.proof, bit))
                expect(verifyInclusion({ ...claim, proof })).toBe(false);
            for (let other = -1n; other <= claim.size; other += 1n)
                expect(verifyInclusion({ ...claim, index: other })).toBe(other === index);
            expect(verifyInclusion({ ...claim, leaf: flipped(leaf, bit) })).toBe(false);
            expect(verifyInclusion({ ...claim, root: flipped(claim.root, bit) })).toBe(false);
            // A size is bound by its checkpoint: only one in which this leaf has a path of another shape fails by itself.
            expect(verifyInclusion({ ...claim, size: index })).toBe(false);
            expect(verifyInclusion({ ...claim, size: 2n * claim.size + 1n })).toBe(false);
        }));
    });
});
describe('consistency proofs', () => {
    it('verify, and fail after any single change of hash or root', () => {
        fc.assert(fc.property(ranges, bits, ({ size, from }, bit) => {
            const leaves = leavesOf(size);
            const claim = {
                oldSize: BigInt(from),
                oldRoot: rootOf(leaves.slice(0, from)),
                size: BigInt(size),
                root: rootOf(leaves),
                proof: consistencyProof(leaves, BigInt(from)),
            };
            expect(verifyConsistency(claim)).toBe(true);
            for (const proof of mutationsOf(claim.proof, bit))
                expect(verifyConsistency({ ...claim, proof })).toBe(false);
            expect(verifyConsistency({ ...claim, oldRoot: flipped(claim.oldRoot, bit) })).toBe(false);
            // The empty tree is a prefix of every tree: nothing about the new root follows from it.
            expect(verifyConsistency({ ...claim, root: flipped(claim.root, bit) })).toBe(from === 0);
            expect(verifyConsistency({ ...claim, oldSize: claim.size + 1n })).toBe(false);
        }));
    });
});
describe('range proofs', () => {
    it('verify, and fail after any single change of leaf, hash, range or root', () => {
        fc.assert(fc.property(ranges, bits, ({ size, from, to }, bit) => {
            const leaves = leavesOf(size);
            const root = rootOf(leaves);
            const proof = rangeProof(leaves, BigInt(from), BigInt(to));
            const middle = leaves.slice(from, to);
            expect(verifyRange(proof, middle, root)).toBe(true);
            for (const left of mutationsOf(proof.left, bit))
                expect(verifyRange({ ...proof, left }, middle, root)).toBe(false);
            for (const right of mutationsOf(proof.right, bit))
                expect(verifyRange({ ...proof, right }, middle, root)).toBe(false);
            for (const others of mutationsOf(middle, bit))
                expect(verifyRange(proof, others, root)).toBe(false);
            expect(verifyRange(proof, middle, flipped(root, bit))).toBe(false);
            expect(verifyRange({ ...proof, from: proof.from + 1n }, middle, root)).toBe(false);
            expect(verifyRange({ ...proof, to: proof.to + 1n }, middle, root)).toBe(false);
        }), { numRuns: 60 });
    });
});
describe('streaming builders', () => {
    it('give the same hashes as the builders over lists', async () => {
        await fc.assert(fc.asyncProperty(ranges, async ({ size, from, to }) => {
            const leaves = leavesOf(size);
            const [a, b, n] = [BigInt(from), BigInt(to), BigInt(size)];
            expect(await rootOfStream(streamOf(leaves))).toEqual(rootOf(leaves));
            expect(await consistencyProofOfStream(streamOf(leaves), a, n)).toEqual(consistencyProof(leaves, a));
            const index = BigInt(Math.min(from, size - 1));
            expect(await inclusionProofOfStream(streamOf(leaves), index, n)).toEqual(inclusionProof(leaves, index));
            const outside = { from: a, to: b, size: n, before: streamOf(leaves.slice(0, from)), after: leaves.slice(to) };
            expect(await rangeProofOfStream(outside)).toEqual(rangeProof(leaves, a, b));
        }), { numRuns: 50 });
    });
});
//# sourceMappingURL=proofs.property.js.map