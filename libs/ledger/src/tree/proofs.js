import { Frontier } from './frontier.js';
import { SpanHasher, consistencySpans, coverSpans, inclusionSpans } from './spans.js';
/** Root of the tree over the given leaf hashes (32 bytes each). @source RFC 6962 section 2.1 */
export const rootOf = (leaves) => {
    const frontier = new Frontier();
    for (const leaf of leaves)
        frontier.append(leaf);
    return frontier.root();
};
/** Inclusion proof of the leaf at `index`, leaf upwards. @throws RangeError when there is no such leaf. @source RFC 6962 section 2.1.1 */
export const inclusionProof = (leaves, index) => hashSpans(leaves, inclusionSpans(index, BigInt(leaves.length)));
/** Proof that the first `oldSize` leaves are the tree of that size. @throws RangeError @source RFC 6962 section 2.1.2 */
export const consistencyProof = (leaves, oldSize) => hashSpans(leaves, consistencySpans(oldSize, BigInt(leaves.length)));
/** Proof that leaves [from, to) are exactly that part of the tree. @throws RangeError @source ledger format section 6 */
export const rangeProof = (leaves, from, to) => {
    const size = BigInt(leaves.length);
    const { before, after } = outsideSpans(from, to, size);
    return { from, to, size, left: hashSpans(leaves, before), right: hashSpans(leaves, after) };
};
/** The frontier over a stream of leaf hashes; its memory does not grow with them. */
export const frontierOfStream = async (leaves) => {
    const frontier = new Frontier();
    for await (const leaf of leaves)
        frontier.append(leaf);
    return frontier;
};
/** `rootOf` over a stream. */
export const rootOfStream = async (leaves) => (await frontierOfStream(leaves)).root();
/** `inclusionProof` over a stream of `size` leaf hashes. @throws RangeError when the stream ends before the proof does. */
export const inclusionProofOfStream = async (leaves, index, size) => hashSpansOfStream(leaves, inclusionSpans(index, size), 0n);
/** `consistencyProof` over a stream of `size` leaf hashes. @throws RangeError when the stream ends before the proof does. */
export const consistencyProofOfStream = async (leaves, oldSize, size) => hashSpansOfStream(leaves, consistencySpans(oldSize, size), 0n);
/** `rangeProof` from the leaf hashes outside the range alone. @throws RangeError when a stream ends too early. */
export const rangeProofOfStream = async (range) => {
    const { from, to, size } = range;
    const spans = outsideSpans(from, to, size);
    const left = await hashSpansOfStream(range.before, spans.before, 0n);
    const right = await hashSpansOfStream(range.after, spans.after, to);
    return { from, to, size, left, right };
};
const outsideSpans = (from, to, size) => {
    if (from < 0n || from > to || to > size) {
        throw new RangeError(`[${from.toString()}, ${to.toString()}) is no range of ${size.toString()} leaves`);
    }
    return { before: coverSpans(0n, from), after: coverSpans(to, size) };
};
const hashSpans = (leaves, spans) => {
    const hasher = new SpanHasher(spans);
    for (const leaf of leaves)
        hasher.push(leaf);
    return hasher.roots();
};
const hashSpansOfStream = async (leaves, spans, first) => {
    const hasher = new SpanHasher(spans, first);
    if (spans.length > 0)
        for await (const leaf of leaves)
            hasher.push(leaf);
    return hasher.roots();
};
//# sourceMappingURL=proofs.js.map