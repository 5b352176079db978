import { canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import type { JsonValue } from '../json/json-value.js';
import { ENVELOPE_BYTES_MAX, leafHash, sha256Hex, storeIdOf } from '../hash.js';
import {
  ENTRY_MIDDLE,
  ENTRY_PREFIX,
  ENTRY_SUFFIX,
  ENVELOPE_VERSION,
  EntryTooLarge,
  PAYLOAD_BYTES_MAX,
} from './envelope.js';
import type { Cause, Envelope, EnvelopeActor } from './envelope.js';
import { entryIdOf } from './entry-id.js';
import { envelopeProblems } from './envelope-rules.js';
import { sharedBytes } from './shared-bytes.js';

/** What a command says about an entry before it has bytes. Times are RFC 3339, UTC, milliseconds. */
export interface EntryDraft {
  readonly origin: string;
  readonly revision: bigint;
  readonly type: string;
  readonly typeV: number;
  readonly commandId: string;
  /** 0-based position among the entries of this command in this journal. */
  readonly ordinal: number;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly actor: EnvelopeActor;
  readonly causes: readonly Cause[];
  readonly observed: Readonly<Record<string, number>>;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly payload: JsonValue;
}

/** An entry with its bytes made once: what is appended is what is hashed, relayed, exported and verified. */
export interface SealedLedgerEntry {
  readonly type: string;
  /** UUIDv5 of (origin, command id, ordinal). */
  readonly id: string;
  /** UUID from the leaf hash: what stores compare. */
  readonly storeId: string;
  /** 32 raw bytes. */
  readonly leafHash: Uint8Array;
  /** Canonical bytes of `{"envelope":...,"payload":...}`, UTF-8. */
  readonly bytes: Uint8Array;
}

/** A draft that breaks a rule; `pointer` is that of the member in the envelope, or `/payload`. */
export class EntryInvalid extends Error {
  override readonly name = 'EntryInvalid';
  constructor(
    readonly code: string,
    readonly pointer: string,
  ) {
    super(`${code} at ${pointer}`);
  }
}

/**
 * Makes the canonical bytes of an entry and everything derived from them. Pure: time and ids arrive in the draft.
 *
 * @throws CanonicalError when the payload or envelope has no canonical form (pointer within that part).
 * @throws EntryInvalid when a member of the envelope breaks its form.
 * @throws EntryTooLarge beyond 65,535 bytes of envelope or 256 KiB of payload.
 * @source ledger format sections 1 and 3
 */
export const sealEntry = (draft: EntryDraft): SealedLedgerEntry => {
  if (!isJsonObject(draft.payload)) throw new EntryInvalid('payload_not_object', '/payload');
  // As a member of the entry the payload is one level deeper than it looks alone.
  const payloadText = canonicalText([draft.payload]).slice(1, -1);
  const id = entryIdOf(draft.origin, draft.commandId, draft.ordinal);
  const envelope = envelopeOf(draft, id, sha256Hex(payloadText));
  const envelopeText = envelopeTextOf(envelope);
  const envelopeSize = sizeWithin('envelope', envelopeText, ENVELOPE_BYTES_MAX);
  const payloadSize = sizeWithin('payload', payloadText, PAYLOAD_BYTES_MAX);
  const head = `${ENTRY_PREFIX}${envelopeText}${ENTRY_MIDDLE}`;
  const payloadFrom = ENTRY_PREFIX.length + envelopeSize + ENTRY_MIDDLE.length;
  const bytes = sharedBytes(payloadFrom + payloadSize + ENTRY_SUFFIX.length);
  bytes.write(head, 0, 'utf8');
  bytes.write(payloadText, payloadFrom, 'utf8');
  bytes.write(ENTRY_SUFFIX, payloadFrom + payloadSize, 'latin1');
  const leaf = leafHash(bytes.subarray(ENTRY_PREFIX.length, ENTRY_PREFIX.length + envelopeSize));
  return {
    type: draft.type,
    id,
    storeId: storeIdOf(leaf),
    leafHash: leaf,
    bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
  };
};

const envelopeTextOf = (envelope: Envelope): string => {
  const text = canonicalText(envelope as unknown as JsonValue);
  const problem = envelopeProblems(envelope, text)[0];
  if (problem !== undefined) throw new EntryInvalid(problem.code, problem.pointer);
  return text;
};

/** Members in canonical order, so that sorting them costs nothing. */
const envelopeOf = (draft: EntryDraft, id: string, payloadSha256: string): Envelope => ({
  actor: { id: draft.actor.id, kind: draft.actor.kind, roles: draft.actor.roles },
  causes: draft.causes.map(({ leaf_hash, origin, revision }) => ({ leaf_hash, origin, revision })),
  command_id: draft.commandId,
  correlation_id: draft.correlationId,
  id,
  observed: draft.observed,
  occurred_at: draft.occurredAt,
  origin: draft.origin,
  payload_sha256: payloadSha256,
  recorded_at: draft.recordedAt,
  revision: Number(draft.revision),
  traceparent: draft.traceparent,
  type: draft.type,
  type_v: draft.typeV,
  v: ENVELOPE_VERSION,
});

const sizeWithin = (part: 'envelope' | 'payload', text: string, bytesMax: number): number => {
  const size = Buffer.byteLength(text, 'utf8');
  if (size > bytesMax) throw new EntryTooLarge(part, size, bytesMax);
  return size;
};
