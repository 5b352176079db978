/** Who acted, as authenticated at that time. */
export interface EnvelopeActor {
  readonly kind: 'user' | 'service' | 'system';
  readonly id: string;
  readonly roles: readonly string[];
}

/** An entry of another journal that led to this one. */
export interface Cause {
  readonly origin: string;
  readonly revision: number;
  /** Lower-case hex. */
  readonly leaf_hash: string;
}

/** The envelope as it is hashed: all members are always there. Source: ledger format section 1. */
export interface Envelope {
  readonly v: 1;
  /** `<log host>/<tenant>/<journal kind>`, the checkpoint origin of the journal. */
  readonly origin: string;
  /** 0-based position in the journal, the Merkle leaf index. */
  readonly revision: number;
  readonly type: string;
  readonly type_v: number;
  readonly id: string;
  readonly command_id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly occurred_at: string;
  readonly recorded_at: string;
  readonly actor: EnvelopeActor;
  readonly causes: readonly Cause[];
  /** Per journal kind the highest revision that was seen; -1: seen to be empty. */
  readonly observed: Readonly<Record<string, number>>;
  readonly correlation_id: string | null;
  readonly traceparent: string | null;
  /** Lower-case hex SHA-256 of the canonical payload bytes. */
  readonly payload_sha256: string;
}

export const ENVELOPE_VERSION = 1;
export const PAYLOAD_BYTES_MAX = 256 * 1024;

/** Canonical bytes of an entry are exactly prefix + envelope + middle + payload + suffix. */
export const ENTRY_PREFIX = '{"envelope":';
export const ENTRY_MIDDLE = ',"payload":';
export const ENTRY_SUFFIX = '}';

/** An envelope or payload beyond its limit; nothing was sealed. */
export class EntryTooLarge extends Error {
  override readonly name = 'EntryTooLarge';
  constructor(
    readonly part: 'envelope' | 'payload',
    readonly bytes: number,
    readonly bytesMax: number,
  ) {
    super(`${part} is ${bytes.toString()} bytes, at most ${bytesMax.toString()} are allowed`);
  }
}
