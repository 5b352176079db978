import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Journals } from '@verdict/application';
import { batchAfter, drain, freshJournal, withEmbeddedPostgres } from '@verdict/testkit';
import type { Client } from 'pg';
import { withClient } from '../shared/admin.js';
import { checkHeads } from './check-heads.js';
import { migrateLog } from './migrate-log.js';
import type { BatchReport } from './appender.js';
import { LogDamaged, openPostgresJournals } from './postgres-journals.js';

const DENIED = { code: '42501' }; // Insufficient privilege, by grant or by trigger.
const REWRITES = [
  `UPDATE log.entries SET entry = 'x'`,
  'DELETE FROM log.entries',
  'TRUNCATE log.entries CASCADE',
  'DELETE FROM log.journals',
  'TRUNCATE log.journals CASCADE',
  'UPDATE log.journals SET head = head - 1',
  'UPDATE log.journals SET head = head',
  `UPDATE log.journals SET stream = stream || 'x', head = head + 1`,
];

describe('The log on Postgres', () => {
  const database = withEmbeddedPostgres();
  const journal = freshJournal();
  const reports: BatchReport[] = [];
  let journals: Journals;
  const asService = (text: string) => withClient(database.serviceUrl, (client) => client.query(text));
  const asOwner = (text: string) =>
    withClient(database.adminUrl, async (client) => {
      await client.query('SET ROLE verdict_owner');
      return client.query(text);
    });
  const unguarded = (work: (client: Client) => Promise<unknown>) =>
    withClient(database.adminUrl, async (client) => {
      await client.query('SET session_replication_role = replica');
      await work(client);
    });

  beforeAll(async () => {
    await migrateLog(database.adminUrl);
    journals = await openPostgresJournals({ url: database.serviceUrl, onBatch: (report) => void reports.push(report) });
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a', 'b', 'c']));
  });
  afterAll(() => journals.close());

  it.each(REWRITES)('refuses the service: %s', async (text) => {
    await expect(asService(text)).rejects.toMatchObject(DENIED);
  });

  it.each(REWRITES)('refuses even the owner: %s', async (text) => {
    await expect(asOwner(text)).rejects.toMatchObject(DENIED);
    expect(await drain(journals.read(journal, 0n))).toHaveLength(3);
  });

  it('refuses the service what only the store may say: head of a new journal, transaction, position', async () => {
    await expect(asService(`INSERT INTO log.journals (stream, head) VALUES ('x', 5)`)).rejects.toMatchObject(DENIED);
    await expect(asService(`INSERT INTO log.entries (txid) VALUES ('1')`)).rejects.toMatchObject(DENIED);
    await expect(asService('DROP TABLE log.entries')).rejects.toMatchObject(DENIED);
    await expect(asService('ALTER TABLE log.entries DISABLE TRIGGER ALL')).rejects.toMatchObject(DENIED);
  });

  it('changes nothing when it is migrated again', async () => {
    await Promise.all([migrateLog(database.adminUrl), migrateLog(database.adminUrl)]);
    expect(await drain(journals.read(journal, 0n))).toHaveLength(3);
  });

  it('refuses a schema of a later release', async () => {
    await unguarded((client) => client.query('INSERT INTO log.versions (version) VALUES (99)'));
    await expect(migrateLog(database.adminUrl)).rejects.toThrow('has version 99');
    await unguarded((client) => client.query('DELETE FROM log.versions WHERE version = 99'));
  });

  it('writes with synchronous commit and the timeouts of the log', async () => {
    const { rows } = await withClient(database.adminUrl, (client) =>
      client.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'verdict-log'`,
      ),
    );
    expect(rows[0]?.n).toBeGreaterThan(0);
    expect(await checkHeads(database.serviceUrl, { full: true })).toEqual([]);
  });

  it('gathers what waits at the same moment, of all journals, into one transaction', async () => {
    const names = Array.from({ length: 50 }, freshJournal);
    reports.length = 0;
    await Promise.all(names.map((name) => journals.append(name, -1n, batchAfter(name, -1n, ['a', 'b']))));
    expect(reports).toEqual([{ journals: 50, entries: 100, ms: expect.any(Number), outcome: 'answered' }]);
  });

  it('repeats a shared transaction one by one when one of its entries is stored already', async () => {
    const [first, second] = [freshJournal(), freshJournal()];
    const stored = await drain(journals.read(journal, 0n));
    reports.length = 0;
    const results = await Promise.all([
      journals.append(first, -1n, stored.slice(0, 1)),
      journals.append(second, -1n, batchAfter(second, -1n, ['x'])),
    ]);
    expect(results).toEqual([{ kind: 'conflict' }, { kind: 'appended', revision: 0n }]);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['one_by_one', 'answered', 'answered']);
  });

  it('finds by polling what no notice told, also when a transaction commits late and out of order', async () => {
    const [late, early] = [freshJournal(), freshJournal()];
    const told = new Map<string, bigint>();
    const subscription = await journals.subscribe((name, head) => told.set(name, head));
    const insert = (client: Client, name: string) =>
      client.query(
        `WITH j AS (INSERT INTO log.journals (stream) VALUES ($1)) INSERT INTO log.entries (stream, revision, entry_id, type, leaf_hash, entry)
         VALUES ($1, 0, gen_random_uuid(), 't', sha256($1::text::bytea), 'x')`,
        [name],
      );
    await withClient(database.adminUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('SET LOCAL session_replication_role = replica');
      await insert(client, late); // Has the lower transaction id and position, and is not committed yet.
      await unguarded((other) => insert(other, early));
      await new Promise((resolve) => setTimeout(resolve, 500));
      await client.query('COMMIT');
    });
    for (let round = 0; round < 100 && !(told.has(late) && told.has(early)); round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect([told.get(late), told.get(early)]).toEqual([0n, 0n]);
    await subscription.close();
    await unguarded((client) => client.query('DELETE FROM log.entries WHERE stream = ANY ($1)', [[late, early]]));
    await unguarded((client) => client.query('DELETE FROM log.journals WHERE stream = ANY ($1)', [[late, early]]));
  });

  it('names a journal that has lost an entry: the last at every start, any other in a full check', async () => {
    const lose = (revision: number) =>
      unguarded((client) =>
        client.query('DELETE FROM log.entries WHERE stream = $1 AND revision = $2', [journal, revision]),
      );
    await lose(1);
    expect(await checkHeads(database.serviceUrl, { full: false })).toEqual([]);
    expect(await checkHeads(database.serviceUrl, { full: true })).toEqual([
      { journal, head: 2n, lastRevision: 2n, entryCount: 2n },
    ]);
    await lose(2);
    await expect(openPostgresJournals({ url: database.serviceUrl })).rejects.toThrow(LogDamaged);
  });
});
