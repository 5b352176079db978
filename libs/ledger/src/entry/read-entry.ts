import type { JsonValue } from '../json/json-value.js';
import { ENTRY_MIDDLE, ENTRY_PREFIX, ENTRY_SUFFIX } from './envelope.js';
import type { Envelope } from './envelope.js';

export interface LedgerEntry {
  readonly envelope: Envelope;
  readonly payload: JsonValue;
  /** Views into the entry's bytes, not copies. */
  readonly envelopeBytes: Uint8Array;
  readonly payloadBytes: Uint8Array;
}

const BOUNDARY = Buffer.from(`}${ENTRY_MIDDLE}`, 'utf8');

/**
 * Cuts the bytes of an entry into envelope and payload without parsing.
 * The first `},"payload":` is the boundary: its quotes are unescaped, so it is no part of a string, and no object
 * inside an envelope is followed by a member of that name.
 *
 * @returns undefined when the frame is not that of an entry.
 */
export const splitEntry = (
  bytes: Uint8Array,
): { readonly envelopeBytes: Uint8Array; readonly payloadBytes: Uint8Array } | undefined => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const boundary = buffer.indexOf(BOUNDARY);
  const isFramed =
    boundary >= ENTRY_PREFIX.length &&
    buffer.toString('latin1', 0, ENTRY_PREFIX.length) === ENTRY_PREFIX &&
    buffer[buffer.length - 1] === ENTRY_SUFFIX.charCodeAt(0);
  if (!isFramed) return undefined;
  return {
    envelopeBytes: bytes.subarray(ENTRY_PREFIX.length, boundary + 1),
    payloadBytes: bytes.subarray(boundary + BOUNDARY.length, bytes.length - ENTRY_SUFFIX.length),
  };
};

/**
 * Reads an entry from bytes that this log itself sealed: fast, checks nothing but the frame.
 * Bytes from elsewhere go through `checkEntry` first.
 *
 * @throws SyntaxError when the bytes are no entry at all.
 */
export const readEntry = (bytes: Uint8Array): LedgerEntry => {
  const parts = splitEntry(bytes);
  if (parts === undefined) throw new SyntaxError('these bytes are not an entry');
  return {
    envelope: JSON.parse(utf8Of(parts.envelopeBytes)) as Envelope,
    payload: JSON.parse(utf8Of(parts.payloadBytes)) as JsonValue,
    ...parts,
  };
};

const utf8Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
