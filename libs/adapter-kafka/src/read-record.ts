import {
  type JournalKind,
  type JournalName,
  journalName,
  type RecordedEntry,
  recordEntry,
  type Revision,
} from '@verdict/application';
import { checkEntry, leafHash, readEntry, storeIdOf } from '@verdict/ledger';
import { identityHeaders, type RecordOrigin, sequenceOf, sourceOf } from './headers.js';

/** A record as the driver gives it. */
export interface TopicRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly offset: string;
}

/** Where a record says it belongs: its key, its headers and its topic agree on that. */
export interface RecordClaim {
  readonly journal: JournalName;
  readonly tenantId: string;
  readonly revision: Revision;
}

export type RecordReading =
  | { readonly kind: 'entry'; readonly claim: RecordClaim; readonly entry: RecordedEntry }
  /** Not to be used. With a claim the journal is worth a look into the log all the same. */
  | { readonly kind: 'unsound'; readonly claim: RecordClaim | undefined; readonly reason: string };

export interface RecordContext {
  readonly logHost: string;
  /** Of the topic. */
  readonly kind: JournalKind;
}

/** The tenants that a token can name. */
const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const SEQUENCE = /^[0-9]{20}$/;

/** undefined for a header that is missing, or there more than once. */
const textOf = (record: TopicRecord, name: string): string | undefined => {
  const value = record.headers?.[name];
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
};

const unsound = (reason: string, claim?: RecordClaim): RecordReading => ({ kind: 'unsound', reason, claim });

/**
 * Reads a record and believes nothing: who may write to the topic is another system's setting.
 *
 * The value is checked in full (`checkEntry`: canonical form, envelope, payload hash), since those who get the entry parse
 * and store it as if it came from the log; that is some 20 us of 2 KB. The leaf hash is then made anew from the envelope's
 * bytes, and with it every header that the entry determines is compared at once.
 */
export const readRecord = (record: TopicRecord, { logHost, kind }: RecordContext): RecordReading => {
  if (record.value === null) return unsound('tombstone');
  const tenantId = record.key?.toString('utf8') ?? '';
  if (!TENANT_ID.test(tenantId)) return unsound('key');
  const origin: RecordOrigin = { logHost, tenantId, kind };
  if (textOf(record, 'ce_source') !== sourceOf(origin)) return unsound('ce_source');
  const sequence = textOf(record, 'ce_sequence') ?? '';
  if (!SEQUENCE.test(sequence) || BigInt(sequence) > BigInt(Number.MAX_SAFE_INTEGER)) return unsound('ce_sequence');
  const claim: RecordClaim = { journal: journalName(kind, tenantId), tenantId, revision: BigInt(sequence) };
  return readValue(record, record.value, origin, claim);
};

const readValue = (record: TopicRecord, bytes: Buffer, origin: RecordOrigin, claim: RecordClaim): RecordReading => {
  const [finding] = checkEntry(bytes);
  if (finding !== undefined) return unsound(`entry: ${finding.code}`, claim);
  const { envelope, envelopeBytes } = readEntry(bytes);
  if (`//${envelope.origin}` !== sourceOf(origin)) return unsound('origin', claim);
  if (sequenceOf(BigInt(envelope.revision)) !== sequenceOf(claim.revision)) return unsound('revision', claim);
  const leaf = leafHash(envelopeBytes);
  const { revision } = claim;
  const entry = recordEntry({ type: envelope.type, storeId: storeIdOf(leaf), leafHash: leaf, bytes, revision });
  const different = Object.entries(identityHeaders(entry, origin)).find(
    ([name, value]) => textOf(record, name) !== value,
  );
  return different === undefined ? { kind: 'entry', claim, entry } : unsound(different[0], claim);
};
