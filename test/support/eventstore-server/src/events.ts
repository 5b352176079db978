/** What a client proposes to append. `id` is a lower-case UUID. */
export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface RecordedEvent extends ProposedEvent {
  readonly stream: string;
  /** In its stream, 0-based. */
  readonly revision: bigint;
  /** In the store; commit and prepare position are the same, as for every write without a transaction. */
  readonly position: bigint;
  /** 100 ns since 1970. */
  readonly createdTicks: bigint;
}

/** What a writer expects of a stream: the revision of its last event, -1 for none, or less than that. */
export type Expected = bigint | 'any' | 'stream_exists';

export const NO_STREAM = -1n;

/** The revision of a tombstone, and the `$tb` of a soft-deleted stream. */
export const DELETED_REVISION = 2n ** 63n - 1n;

export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';
const METASTREAM_PREFIX = '$$';

export const metastreamOf = (stream: string): string => `${METASTREAM_PREFIX}${stream}`;
export const isMetastream = (stream: string): boolean => stream.startsWith(METASTREAM_PREFIX);
export const originalOf = (metastream: string): string => metastream.slice(METASTREAM_PREFIX.length);

const TICKS_PER_MS = 10_000n;
export const ticksOf = (ms: number): bigint => BigInt(ms) * TICKS_PER_MS;
export const msOf = (ticks: bigint): number => Number(ticks / TICKS_PER_MS);

/** What the server counts against its limit: the type is kept as UTF-16. */
export const sizeOf = ({ type, data, metadata }: ProposedEvent): number =>
  data.length + metadata.length + type.length * 2;
