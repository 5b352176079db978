import { isJsonObject } from '../json/json-value.js';
import type { JsonObject } from '../json/json-value.js';
import { StrictJsonError, decodeUtf8, parseStrict, readCanonical } from '../json/strict-parser.js';
import { ENVELOPE_BYTES_MAX, sha256Hex } from '../hash.js';
import { ENTRY_MIDDLE, ENTRY_PREFIX, ENTRY_SUFFIX, PAYLOAD_BYTES_MAX } from './envelope.js';
import type { Envelope } from './envelope.js';
import { envelopeProblems } from './envelope-rules.js';
import { splitEntry } from './read-entry.js';
import type { LedgerEntry } from './read-entry.js';

/** Longest entry that can be legal: both parts at their limit, and the frame around them. */
export const ENTRY_BYTES_MAX =
  ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX + ENTRY_PREFIX.length + ENTRY_MIDDLE.length + ENTRY_SUFFIX.length;

/** One broken rule of an entry; `pointer` is the JSON pointer in the entry, '' being the whole. */
export interface EntryFinding {
  readonly code: string;
  readonly pointer: string;
  readonly detail: string;
}

export type InspectedEntry =
  | { readonly kind: 'sound'; readonly entry: LedgerEntry }
  | { readonly kind: 'unsound'; readonly findings: readonly EntryFinding[] };

/**
 * Checks bytes that nobody vouches for: canonical form, exactly two members, every envelope member, payload hash, limits.
 *
 * @returns all findings, empty when the entry is sound. Position and cause are a matter of the journal, not checked here.
 * @source ledger format section 1
 */
export const checkEntry = (bytes: Uint8Array): readonly EntryFinding[] => {
  const inspected = inspectEntry(bytes);
  return inspected.kind === 'sound' ? [] : inspected.findings;
};

/** `checkEntry` that also gives what it read. */
export const inspectEntry = (bytes: Uint8Array): InspectedEntry => {
  if (bytes.length > ENTRY_BYTES_MAX) return unsound('too_large', '', `${bytes.length.toString()} bytes`);
  const value = readCanonical(bytes);
  if (value === undefined) return unsoundJson(bytes);
  const parts = splitEntry(bytes);
  if (!isEntryShape(value) || parts === undefined) {
    return unsound('not_an_entry', '', 'exactly the members envelope and payload are expected, both objects');
  }
  const findings = [
    ...envelopeProblems(value.envelope, decodeUtf8(parts.envelopeBytes) ?? '').map(({ code, pointer }) =>
      finding(code, `/envelope${pointer}`, code),
    ),
    ...sizeFindings(parts.envelopeBytes.length, parts.payloadBytes.length),
    ...hashFindings(value.envelope, parts.payloadBytes),
  ];
  if (findings.length > 0) return { kind: 'unsound', findings };
  return {
    kind: 'sound',
    entry: { envelope: value.envelope as unknown as Envelope, payload: value.payload, ...parts },
  };
};

const isEntryShape = (value: unknown): value is { readonly envelope: JsonObject; readonly payload: JsonObject } => {
  const entry = value as JsonObject;
  return (
    isJsonObject(entry) &&
    Object.keys(entry).length === 2 &&
    isJsonObject(entry['envelope']) &&
    isJsonObject(entry['payload'])
  );
};

const finding = (code: string, pointer: string, detail: string): EntryFinding => ({ code, pointer, detail });
const unsound = (code: string, pointer: string, detail: string): InspectedEntry => ({
  kind: 'unsound',
  findings: [finding(code, pointer, detail)],
});

/** Not canonical: the strict reader names the place, or the text is legal JSON in another spelling. */
const unsoundJson = (bytes: Uint8Array): InspectedEntry => {
  try {
    parseStrict(bytes);
    return unsound('not_canonical', '', 'legal JSON, but not in its RFC 8785 form');
  } catch (error) {
    if (error instanceof StrictJsonError) return unsound(error.code, error.pointer, error.message);
    throw error;
  }
};

const sizeFindings = (envelopeBytes: number, payloadBytes: number): readonly EntryFinding[] => [
  ...(envelopeBytes > ENVELOPE_BYTES_MAX
    ? [finding('too_large', '/envelope', `${envelopeBytes.toString()} bytes`)]
    : []),
  ...(payloadBytes > PAYLOAD_BYTES_MAX ? [finding('too_large', '/payload', `${payloadBytes.toString()} bytes`)] : []),
];

const hashFindings = (envelope: JsonObject, payloadBytes: Uint8Array): readonly EntryFinding[] => {
  const found = sha256Hex(payloadBytes);
  const named = envelope['payload_sha256'];
  if (named === found) return [];
  return [finding('payload_hash_mismatch', '/envelope/payload_sha256', `the payload hashes to ${found}`)];
};
