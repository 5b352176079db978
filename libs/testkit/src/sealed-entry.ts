import { createHash } from 'node:crypto';
import type { JournalName, Revision, SealedEntry } from '@verdict/application';

export interface SealedEntryParts {
  /** Makes the entry different from all others; equal parts give equal bytes. */
  readonly label: string;
  readonly journal?: JournalName;
  readonly revision?: Revision;
  readonly type?: string;
  /** Pads the payload until the entry has at least this many bytes. */
  readonly bytesMin?: number;
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

const storeIdOf = (leafHash: Uint8Array): string => {
  const id = Buffer.from(leafHash.subarray(0, 16));
  id.writeUInt8(((id[6] ?? 0) & 0x0f) | 0x80, 6);
  id.writeUInt8(((id[8] ?? 0) & 0x3f) | 0x80, 8);
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

/** Seals given bytes: the leaf hash covers all of them, so any byte string, text or not, makes a valid entry. */
export const sealedBytes = (type: string, bytes: Uint8Array): SealedEntry => {
  const leafHash = sha256(Uint8Array.of(0), bytes);
  return { type, storeId: storeIdOf(leafHash), leafHash, bytes };
};

/** An entry as the ledger makes it: canonical JSON of envelope and payload, leaf hash over the envelope (RFC 6962). */
export const sealedEntry = (parts: SealedEntryParts): SealedEntry => {
  const { label, journal = 'decisions-acme', revision = 0n, type = 'decision_recorded', bytesMin = 0 } = parts;
  const origin = `verdict.test/${journal}`;
  const payloadOf = (pad: string): string => JSON.stringify({ label, pad });
  const envelopeOf = (payload: string): string =>
    `{"id":${JSON.stringify(label)},"origin":${JSON.stringify(origin)},"payload_sha256":"${sha256(Buffer.from(payload)).toString('hex')}",` +
    `"revision":${revision.toString()},"type":${JSON.stringify(type)},"type_v":1,"v":1}`;
  const entryOf = (payload: string): string => `{"envelope":${envelopeOf(payload)},"payload":${payload}}`;
  const missing = Math.max(0, bytesMin - Buffer.byteLength(entryOf(payloadOf(''))));
  const payload = payloadOf('x'.repeat(missing));
  const leafHash = sha256(Uint8Array.of(0), Buffer.from(envelopeOf(payload)));
  return { type, storeId: storeIdOf(leafHash), leafHash, bytes: Buffer.from(entryOf(payload)) };
};
