import { describe, expect, it } from '@jest/globals';
import { recordedEntries } from '../../../../test/support/recorded-entries.js';
import { readEntry } from '../entry/read-entry.js';
import { csvCell } from './csv.js';
import { viewHeader, viewOf, viewRow } from './views.js';

/** Evidence and secrets: whole in the journal's lines, too much or of no use in a table. */
const LEFT_OUT = new Set([
  ...['balances_after', 'challenger', 'change', 'computed_context', 'computed_context_sha256', 'obligations', 'rules'],
  ...['waterfall', 'warnings', 'ttl_seconds', 'key', 'payload_hash', 'subject_hash', 'salt', 'idempotency'],
  ...['document', 'book', 'rows', 'proofs', 'hmac_key', 'notes', 'justification', 'binding'],
]);

describe('the views, over every recorded entry', () => {
  const recorded = recordedEntries();

  it('have a column for each member that is not evidence', () => {
    const missing = recorded.flatMap(({ kind, entry }) => {
      const named = new Set(viewOf(kind)?.columns.flatMap(([, ...paths]) => paths.map((path) => path.split('.')[0])));
      return Object.keys(entry.payload)
        .filter((member) => !named.has(member) && !LEFT_OUT.has(member))
        .map((member) => `${entry.envelope.type}.${member}`);
    });
    expect([...new Set(missing)]).toEqual([]);
  });

  it('say when each entry happened, and by whom where it says so', () => {
    for (const { kind, line, entry } of recorded) {
      const view = viewOf(kind);
      const columns = view?.columns.filter(([name]) => name === 'happened_at') ?? [];
      if (view === undefined) throw new Error(`no view of ${kind}`);
      const leaf = new Uint8Array(32);
      const happenedAt = viewRow({ ...view, columns }, readEntry(Buffer.from(line)), leaf)
        .split(',')
        .at(-2);
      expect([entry.envelope.type, happenedAt]).toEqual([
        entry.envelope.type,
        expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      ]);
      const by = Object.entries(entry.payload).find(([member]) => member.endsWith('_by'));
      if (by !== undefined) expect(viewRow(view, readEntry(Buffer.from(line)), leaf)).toContain(csvCell(String(by[1])));
    }
  });

  it('have one row an entry, with as many cells as columns', () => {
    for (const { kind, line } of recorded) {
      const view = viewOf(kind);
      if (view === undefined) throw new Error(`no view of ${kind}`);
      const cells = viewRow(view, readEntry(Buffer.from(line)), new Uint8Array(32)).match(
        /("([^"]|"")*"|[^,"\r]*)(,|\r\n)/g,
      );
      expect(cells).toHaveLength(viewHeader(view).split(',').length);
    }
  });
});
