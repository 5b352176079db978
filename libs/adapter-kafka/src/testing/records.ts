import type { JournalKind, RecordedEntry } from '@verdict/application';
import { freshHistory } from '@verdict/testkit';
import { headersOf } from '../headers.js';
import type { TopicRecord } from '../read-record.js';
import { LOG_HOST } from './bus-clients.js';

export interface TestJournal {
  readonly tenantId: string;
  readonly journal: string;
  readonly kind: JournalKind;
  readonly entries: readonly RecordedEntry[];
}

/** A decisions journal of a tenant of its own. */
export const journalOf = (count: number): TestJournal => {
  const history = freshHistory();
  for (let index = 0; index < count; index += 1) history.decide();
  const { tenantId } = history;
  return { tenantId, journal: `decisions-${tenantId}`, kind: 'decisions', entries: history.recorded('decisions') };
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
