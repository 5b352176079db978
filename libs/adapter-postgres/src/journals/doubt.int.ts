import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Journals } from '@verdict/application';
import type { CuttingProxy } from '@verdict/testkit';
import { batchAfter, drain, freshJournal, startCuttingProxy, withEmbeddedPostgres } from '@verdict/testkit';
import { withClient } from '../shared/admin.js';
import type { BatchReport } from './appender.js';
import { migrateLog } from './migrate-log.js';
import { openPostgresJournals } from './postgres-journals.js';

const TRIES = 4;

describe.each(['request', 'answer'] as const)('An append whose %s is lost', (moment) => {
  const database = withEmbeddedPostgres();
  const reports: BatchReport[] = [];
  let proxy: CuttingProxy;
  let journals: Journals;

  beforeAll(() => migrateLog(database.adminUrl));
  beforeEach(async () => {
    proxy = await startCuttingProxy(Number(new URL(database.serviceUrl).port));
    const url = new URL(database.serviceUrl);
    url.port = String(proxy.port);
    reports.length = 0;
    journals = await openPostgresJournals({
      ...{ url: url.href, backoffMs: 5, onBatch: (report) => void reports.push(report) },
    });
  });
  afterEach(async () => {
    await journals.close();
    await proxy.close();
  });

  it('is repeated with the same bytes, and its caller hears nothing of the loss', async () => {
    const journal = freshJournal();
    proxy.cut(moment, 'verdict_append', TRIES - 1);
    expect(await journals.append(journal, -1n, batchAfter(journal, -1n, ['a', 'b']))).toEqual({
      ...{ kind: 'appended', revision: 1n },
    });
    expect(proxy.cuts()).toBe(TRIES - 1);
    expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
  });

  it('is answered unknown after the last try, and repeating it settles the matter', async () => {
    const journal = freshJournal();
    const batch = batchAfter(journal, -1n, ['a', 'b']);
    proxy.cut(moment, 'verdict_append', TRIES);
    expect(await journals.append(journal, -1n, batch)).toEqual({ kind: 'unknown' });
    expect(reports.map(({ outcome }) => outcome)).toEqual(['unknown']);
    expect(await journals.append(journal, -1n, batch)).toEqual({ kind: 'appended', revision: 1n });
    expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
  });
});

describe('An append that waits for a lock', () => {
  const database = withEmbeddedPostgres();
  let journals: Journals;

  beforeAll(async () => {
    await migrateLog(database.adminUrl);
    journals = await openPostgresJournals({ url: database.serviceUrl, repeats: 0 });
  });
  afterAll(() => journals.close());

  it('gives up in time, is answered unknown, and holds up no other journal for ever', async () => {
    const [locked, free] = [freshJournal(), freshJournal()];
    await journals.append(locked, -1n, batchAfter(locked, -1n, ['a']));
    await withClient(database.adminUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM log.journals WHERE stream = $1 FOR UPDATE', [locked]);
      const stuck = journals.append(locked, 0n, batchAfter(locked, 0n, ['b']));
      await new Promise(setImmediate);
      expect(await journals.append(free, -1n, batchAfter(free, -1n, ['x']))).toEqual({
        kind: 'appended',
        revision: 0n,
      });
      expect(await stuck).toEqual({ kind: 'unknown' });
      await client.query('ROLLBACK');
    });
    expect(await journals.append(locked, 0n, batchAfter(locked, 0n, ['b']))).toEqual({
      kind: 'appended',
      revision: 1n,
    });
  });
});

describe('A shared transaction in which one journal is locked', () => {
  const database = withEmbeddedPostgres();

  it('serves the others as soon as that is known', async () => {
    await migrateLog(database.adminUrl);
    const journals = await openPostgresJournals({ url: database.serviceUrl, repeats: 0 });
    const [locked, free] = [freshJournal(), freshJournal()];
    await journals.append(locked, -1n, batchAfter(locked, -1n, ['a']));
    await withClient(database.adminUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM log.journals WHERE stream = $1 FOR UPDATE', [locked]);
      const results = await Promise.all([
        journals.append(locked, 0n, batchAfter(locked, 0n, ['b'])),
        journals.append(free, -1n, batchAfter(free, -1n, ['x'])),
      ]);
      expect(results).toEqual([{ kind: 'unknown' }, { kind: 'appended', revision: 0n }]);
      await client.query('ROLLBACK');
    });
    await journals.close();
  });
});

describe('An append that the store refuses as wrong', () => {
  const database = withEmbeddedPostgres();

  it('is neither unknown nor repeated: it throws what the store said', async () => {
    await migrateLog(database.adminUrl);
    const reports: BatchReport[] = [];
    const journals = await openPostgresJournals({
      ...{ url: database.serviceUrl, onBatch: (report) => void reports.push(report) },
    });
    await withClient(database.adminUrl, (client) => client.query('REVOKE INSERT ON log.entries FROM verdict_service'));
    await withClient(database.adminUrl, (client) =>
      client.query(
        'REVOKE INSERT (stream, revision, entry_id, type, leaf_hash, entry) ON log.entries FROM verdict_service',
      ),
    );
    const journal = freshJournal();
    await expect(journals.append(journal, -1n, batchAfter(journal, -1n, ['a']))).rejects.toMatchObject({
      code: '42501',
    });
    expect(reports.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(await journals.heads([journal])).toEqual([-1n]);
    await journals.close();
  });
});
