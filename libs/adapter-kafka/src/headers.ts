import { type JournalKind, originOf, type RecordedEntry } from '@verdict/application';
import { toHex } from '@verdict/ledger';
import { subjectOf } from './subject.js';

/** The journal of a record, with the host of the log that it belongs to. */
export interface RecordOrigin {
  readonly logHost: string;
  readonly tenantId: string;
  readonly kind: JournalKind;
}

const SEQUENCE_DIGITS = 20;

/** URI reference of a journal: `//log.example.com/acme/decisions`. */
export const sourceOf = ({ logHost, tenantId, kind }: RecordOrigin): string => `//${originOf(logHost, tenantId, kind)}`;

/** Zero-padded, since the extension compares texts. */
export const sequenceOf = (revision: bigint): string => revision.toString().padStart(SEQUENCE_DIGITS, '0');

/**
 * What the entry alone determines: a record whose headers differ from these is not of this entry.
 * @source protocols section 4.1, CloudEvents 1.0 Kafka binding, extensions `sequence` and `partitioning`
 */
export const identityHeaders = (entry: RecordedEntry, origin: RecordOrigin): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  ce_specversion: '1.0',
  ce_id: entry.id,
  ce_source: sourceOf(origin),
  ce_type: `verdict.${origin.kind}.${entry.type}.v${String(entry.typeV)}`,
  ce_time: entry.recordedAt,
  ce_sequence: sequenceOf(entry.revision),
  ce_partitionkey: origin.tenantId,
  ce_leafhash: toHex(entry.leafHash),
});

/** All headers of a record: its identity, what the entry is about, and the trace that it belongs to. */
export const headersOf = (entry: RecordedEntry, origin: RecordOrigin): Readonly<Record<string, string>> => {
  const subject = subjectOf(entry);
  return {
    ...identityHeaders(entry, origin),
    ...(subject === undefined ? {} : { ce_subject: subject }),
    ...(entry.traceparent === null ? {} : { ce_traceparent: entry.traceparent }),
  };
};
