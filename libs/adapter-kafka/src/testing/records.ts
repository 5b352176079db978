import { type JournalKind, originOf, type RecordedEntry, recordEntry } from '@verdict/application';
import { sealEntry } from '@verdict/ledger';
import { randomUUID } from 'node:crypto';
import { headersOf } from '../headers.js';
import type { TopicRecord } from '../read-record.js';
import { LOG_HOST } from './bus-clients.js';

export interface TestJournal {
  readonly tenantId: string;
  readonly journal: string;
  readonly kind: JournalKind;
  readonly entries: readonly RecordedEntry[];
}

const AT = '2026-11-22T02:13:17.000Z';
/** Makes entries about as large as those of a small plan. */
const RESOURCE = `aws_db_instance.${'x'.repeat(1_000)}`;

const sealAt = (origin: string, revision: bigint): RecordedEntry => {
  const sealed = sealEntry({
    origin,
    revision,
    type: 'decision_recorded',
    typeV: 1,
    commandId: `command-${revision.toString()}`,
    ordinal: 0,
    occurredAt: AT,
    recordedAt: AT,
    actor: { kind: 'system', id: 'test', roles: [] },
    causes: [],
    observed: {},
    correlationId: null,
    traceparent: null,
    payload: { decision_id: randomUUID(), decision: 'ALLOW', request: { resource_reference: RESOURCE } },
  });
  return recordEntry({ ...sealed, revision });
};

/** A decisions journal of a tenant of its own. */
export const journalOf = (count: number): TestJournal => {
  const tenantId = `t-${randomUUID()}`;
  const kind = 'decisions';
  const origin = originOf(LOG_HOST, tenantId, kind);
  const entries = Array.from({ length: count }, (_, index) => sealAt(origin, BigInt(index)));
  return { tenantId, journal: `decisions-${tenantId}`, kind, entries };
};

/** The record of an entry as the driver gives it: everything is bytes. */
export const recordOf = ({ tenantId, kind }: TestJournal, entry: RecordedEntry): TopicRecord => ({
  key: Buffer.from(tenantId),
  value: Buffer.from(entry.bytes),
  headers: Object.fromEntries(
    Object.entries(headersOf(entry, { logHost: LOG_HOST, tenantId, kind })).map(([name, value]) => [
      name,
      Buffer.from(value),
    ]),
  ),
  offset: entry.revision.toString(),
});

export const entryAt = ({ entries }: TestJournal, revision: number): RecordedEntry => {
  const entry = entries[revision];
  if (entry === undefined) throw new Error(`the journal has no revision ${String(revision)}`);
  return entry;
};
