import { canonicalBytes } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import { readCanonical } from '../json/strict-parser.js';
import { fromBase64, toBase64 } from '../notes/base64.js';
import { HASH_BYTES } from '../hash.js';
const RANGE_FORMAT = 'verdict.range.v1';
const CONSISTENCY_FORMAT = 'verdict.consistency.v1';
/** Content of `range.proof`: canonical JSON, hashes in base64. */
export const rangeProofBytes = (origin, proof) => canonicalBytes({
    format: RANGE_FORMAT,
    origin,
    from: Number(proof.from),
    to: Number(proof.to),
    size: Number(proof.size),
    left: proof.left.map(toBase64),
    right: proof.right.map(toBase64),
});
/** Reads `range.proof`; undefined unless it is exactly such a file for this origin. */
export const parseRangeProof = (origin, bytes) => {
    const file = readFile(bytes, RANGE_FORMAT, origin);
    const from = revisionOf(file?.['from']);
    const to = revisionOf(file?.['to']);
    const size = revisionOf(file?.['size']);
    const left = hashesOf(file?.['left']);
    const right = hashesOf(file?.['right']);
    const parts = { from, to, size, left, right };
    return Object.values(parts).includes(undefined) ? undefined : parts;
};
/** Content of `consistency.proof`: canonical JSON, hashes in base64. */
export const consistencyFileBytes = (origin, file) => canonicalBytes({
    format: CONSISTENCY_FORMAT,
    origin,
    from_size: Number(file.fromSize),
    from_root: toBase64(file.fromRoot),
    size: Number(file.size),
    root: toBase64(file.root),
    hashes: file.hashes.map(toBase64),
});
/** Reads `consistency.proof`; undefined unless it is exactly such a file for this origin. */
export const parseConsistencyFile = (origin, bytes) => {
    const file = readFile(bytes, CONSISTENCY_FORMAT, origin);
    const fromSize = revisionOf(file?.['from_size']);
    const fromRoot = hashOf(file?.['from_root']);
    const size = revisionOf(file?.['size']);
    const root = hashOf(file?.['root']);
    const hashes = hashesOf(file?.['hashes']);
    const parts = { fromSize, fromRoot, size, root, hashes };
    return Object.values(parts).includes(undefined) ? undefined : parts;
};
const readFile = (bytes, format, origin) => {
    const value = readCanonical(bytes);
    if (!isJsonObject(value) || Object.keys(value).length !== 7)
        return undefined;
    return value['format'] === format && value['origin'] === origin ? value : undefined;
};
const revisionOf = (value) => typeof value === 'number' && value >= 0 ? BigInt(value) : undefined;
const hashOf = (value) => {
    const hash = typeof value === 'string' ? fromBase64(value) : undefined;
    return hash?.length === HASH_BYTES ? hash : undefined;
};
const hashesOf = (value) => {
    if (!Array.isArray(value))
        return undefined;
    const hashes = value.map(hashOf);
    return hashes.includes(undefined) ? undefined : hashes;
};
//# sourceMappingURL=proof-files.js.map