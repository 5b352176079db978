import type { Snapshot } from '@verdict/application';
import { sha256Hex } from '@verdict/ledger';

/** One piece of a snapshot; all pieces of one have its header. */
export interface Chunk {
  readonly revision: bigint;
  readonly leafHash: string;
  readonly schemaVersion: number;
  /** Of the whole state, lower-case hex. */
  readonly stateSha256: string;
  readonly index: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Several fit below the limit of an append, so that one chunk is never refused. */
export const CHUNK_BYTES = 256 * 1024;
const HEADER_BYTES_MAX = 1_024;
const LENGTH_BYTES = 4;
const REVISION = /^[0-9]+$/;
const HASH = /^[0-9a-f]{64}$/;

export const chunksOf = ({ revision, leafHash, schemaVersion, state }: Snapshot): readonly Chunk[] => {
  const count = Math.max(1, Math.ceil(state.length / CHUNK_BYTES));
  const header = { revision, leafHash: Buffer.from(leafHash).toString('hex'), schemaVersion };
  const stateSha256 = sha256Hex(state);
  return Array.from({ length: count }, (_, index) => ({
    ...header,
    ...{ stateSha256, index, count, bytes: state.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES) },
  }));
};

/** Length of the header in 4 bytes, the header as JSON, the piece of the state. */
export const encodeChunk = ({ bytes, revision, ...rest }: Chunk): Uint8Array => {
  const header = Buffer.from(JSON.stringify({ ...rest, revision: revision.toString() }));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, bytes]);
};

const parseHeader = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Header = Omit<Chunk, 'bytes' | 'revision'> & { readonly revision: string };

const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const matches = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value);

const isHeader = (value: unknown): value is Header => {
  if (typeof value !== 'object' || value === null) return false;
  const { revision, leafHash, schemaVersion, stateSha256, index, count } = value as Record<string, unknown>;
  const isHashed = matches(leafHash, HASH) && matches(stateSha256, HASH);
  return isHashed && matches(revision, REVISION) && [schemaVersion, index, count].every(isCount);
};

/** undefined for bytes that are no chunk: a snapshot is a cache, and what cannot be read is passed over. */
export const decodeChunk = (data: unknown): Chunk | undefined => {
  if (!(data instanceof Uint8Array) || data.length < LENGTH_BYTES) return undefined;
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.length);
  const end = LENGTH_BYTES + buffer.readUInt32BE();
  if (end - LENGTH_BYTES > HEADER_BYTES_MAX || end > buffer.length) return undefined;
  const header = parseHeader(buffer.toString('utf8', LENGTH_BYTES, end));
  if (!isHeader(header)) return undefined;
  return { ...header, revision: BigInt(header.revision), bytes: buffer.subarray(end) };
};

/** The snapshot that the chunks make, in order; undefined when one is missing or of another snapshot. */
export const joinChunks = (chunks: readonly (Chunk | undefined)[]): Snapshot | undefined => {
  const [first] = chunks;
  if (first?.count !== chunks.length) return undefined;
  const isWhole = chunks.every((chunk, index) => chunk?.index === index && chunk.stateSha256 === first.stateSha256);
  if (!isWhole) return undefined;
  const state = Buffer.concat(chunks.flatMap((chunk) => (chunk === undefined ? [] : [chunk.bytes])));
  if (sha256Hex(state) !== first.stateSha256) return undefined;
  const { revision, leafHash, schemaVersion } = first;
  return { revision, leafHash: Buffer.from(leafHash, 'hex'), schemaVersion, state };
};
