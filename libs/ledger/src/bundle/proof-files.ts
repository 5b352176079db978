import { canonicalBytes } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import type { JsonObject, JsonValue } from '../json/json-value.js';
import { readCanonical } from '../json/strict-parser.js';
import { fromBase64, toBase64 } from '../notes/base64.js';
import { HASH_BYTES } from '../hash.js';
import type { RangeProof } from '../tree/proofs.js';

const RANGE_FORMAT = 'verdict.range.v1';
const CONSISTENCY_FORMAT = 'verdict.consistency.v1';

/** A consistency proof with the two tree heads that it joins. */
export interface ConsistencyFile {
  readonly fromSize: bigint;
  readonly fromRoot: Uint8Array;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/** Content of `range.proof`: canonical JSON, hashes in base64. */
export const rangeProofBytes = (origin: string, proof: RangeProof): Uint8Array =>
  canonicalBytes({
    format: RANGE_FORMAT,
    origin,
    from: Number(proof.from),
    to: Number(proof.to),
    size: Number(proof.size),
    left: proof.left.map(toBase64),
    right: proof.right.map(toBase64),
  });

/** Reads `range.proof`; undefined unless it is exactly such a file for this origin. */
export const parseRangeProof = (origin: string, bytes: Uint8Array): RangeProof | undefined => {
  const file = readFile(bytes, RANGE_FORMAT, origin);
  const from = revisionOf(file?.['from']);
  const to = revisionOf(file?.['to']);
  const size = revisionOf(file?.['size']);
  const left = hashesOf(file?.['left']);
  const right = hashesOf(file?.['right']);
  const parts = { from, to, size, left, right };
  return Object.values(parts).includes(undefined) ? undefined : (parts as RangeProof);
};

/** Content of `consistency.proof`: canonical JSON, hashes in base64. */
export const consistencyFileBytes = (origin: string, file: ConsistencyFile): Uint8Array =>
  canonicalBytes({
    format: CONSISTENCY_FORMAT,
    origin,
    from_size: Number(file.fromSize),
    from_root: toBase64(file.fromRoot),
    size: Number(file.size),
    root: toBase64(file.root),
    hashes: file.hashes.map(toBase64),
  });

/** Reads `consistency.proof`; undefined unless it is exactly such a file for this origin. */
export const parseConsistencyFile = (origin: string, bytes: Uint8Array): ConsistencyFile | undefined => {
  const file = readFile(bytes, CONSISTENCY_FORMAT, origin);
  const fromSize = revisionOf(file?.['from_size']);
  const fromRoot = hashOf(file?.['from_root']);
  const size = revisionOf(file?.['size']);
  const root = hashOf(file?.['root']);
  const hashes = hashesOf(file?.['hashes']);
  const parts = { fromSize, fromRoot, size, root, hashes };
  return Object.values(parts).includes(undefined) ? undefined : (parts as ConsistencyFile);
};

const readFile = (bytes: Uint8Array, format: string, origin: string): JsonObject | undefined => {
  const value = readCanonical(bytes);
  if (!isJsonObject(value) || Object.keys(value).length !== 7) return undefined;
  return value['format'] === format && value['origin'] === origin ? value : undefined;
};

const revisionOf = (value: JsonValue | undefined): bigint | undefined =>
  typeof value === 'number' && value >= 0 ? BigInt(value) : undefined;

const hashOf = (value: JsonValue | undefined): Uint8Array | undefined => {
  const hash = typeof value === 'string' ? fromBase64(value) : undefined;
  return hash?.length === HASH_BYTES ? hash : undefined;
};

const hashesOf = (value: JsonValue | undefined): readonly Uint8Array[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const hashes = (value as readonly JsonValue[]).map(hashOf);
  return hashes.includes(undefined) ? undefined : (hashes as readonly Uint8Array[]);
};
