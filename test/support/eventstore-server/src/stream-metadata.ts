import { DELETED_REVISION, type ProposedEvent, type RecordedEvent } from './events.js';

/** What a stream's metadata say about which of its events are still shown. */
export interface Retention {
  readonly maxCount?: bigint;
  readonly maxAgeSeconds?: number;
  readonly truncateBefore?: bigint;
}

const parsed = new WeakMap<RecordedEvent, Retention>();

const jsonOf = (event: ProposedEvent): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(Buffer.from(event.data).toString('utf8'));
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {}; // Anybody may write anything there; the server ignores what it cannot read.
  }
};

const whole = (value: unknown): bigint | undefined =>
  typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;

/** Reads a `$metadata` event. A `$tb` above 2^53 loses its last digits in JSON, hence the cap. */
export const retentionOf = (event: RecordedEvent | undefined): Retention => {
  if (event === undefined) return {};
  const known = parsed.get(event);
  if (known !== undefined) return known;
  const json = jsonOf(event);
  const maxCount = whole(json['$maxCount']);
  const maxAge = whole(json['$maxAge']);
  const before = whole(json['$tb']);
  const retention: Retention = {
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAge === undefined ? {} : { maxAgeSeconds: Number(maxAge) }),
    ...(before === undefined ? {} : { truncateBefore: before > DELETED_REVISION ? DELETED_REVISION : before }),
  };
  parsed.set(event, retention);
  return retention;
};

export const isSoftDeleted = ({ truncateBefore }: Retention): boolean => truncateBefore === DELETED_REVISION;

/** A soft delete replaces all metadata. */
export const softDeletion = (): Uint8Array => Buffer.from(`{"$tb":${String(DELETED_REVISION)}}`);

/** The metadata of a stream that lives again: the rest stays, what was deleted stays hidden. */
export const undeletion = (event: ProposedEvent | undefined, firstRevision: bigint): Uint8Array =>
  Buffer.from(JSON.stringify({ ...(event === undefined ? {} : jsonOf(event)), $tb: Number(firstRevision) }));
