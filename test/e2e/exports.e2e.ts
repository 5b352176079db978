import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryJournals } from '@verdict/adapter-memory';
import { migrateDatabase, openPostgresJournals } from '@verdict/adapter-postgres';
import { copyJournals } from '@verdict/application';
import { ENTRY_CONTRACTS, ENTRY_KINDS, ROUTES } from '@verdict/contracts';
import { openBundleJournals, readEntry, verifyBundle } from '@verdict/ledger';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { readWhole } from '../../libs/ledger/src/archive/archive.js';
import { openArchive } from '../../libs/ledger/src/archive/open-archive.js';
import { liveThrough } from '../replay/scenario.js';
import { sendRaw } from '../support/e2e/api.js';
import { MovingClockApp } from '../support/e2e/moving-clock-app.js';
import { waitUntil } from '../support/e2e/processes.js';
import { must } from '../support/e2e/story.js';
import { peopleOf } from '../support/e2e/tokens.js';

const VIEWS = {
  policy: 'views/policy_changes.csv',
  decisions: 'views/decisions.csv',
  approvals: 'views/approvals.csv',
  reservations: 'views/reservations.csv',
} as const;
const CELL = /(?:"(?:[^"]|"")*"|[^,"\r\n]*)(?:,|\r\n)/g;
const CSV_BYTES_MAX = 16 * 2 ** 20;

/** Records of a CSV text, header first. */
const recordsOf = (text: string): readonly (readonly string[])[] => {
  const records: string[][] = [[]];
  for (const [cell] of text.matchAll(CELL)) {
    const isLast = cell.endsWith('\r\n');
    const value = cell.slice(0, isLast ? -2 : -1);
    records.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (isLast) records.push([]);
  }
  return records.slice(0, -1);
};

/** Outside of the suite, so that it is there until all of the suite has ended. */
const database = withEmbeddedPostgres();

describe('the export of a life in which everything happened', () => {
  const { auditor } = peopleOf('acme');
  let app: MovingClockApp;
  let folder: string;
  let path: string;
  let exportId: string;

  beforeAll(async () => {
    const { store } = await liveThrough();
    await migrateDatabase(database.adminUrl);
    const target = await openPostgresJournals({ url: database.serviceUrl });
    expect((await copyJournals({ source: new MemoryJournals({ store }), target })).outcome).toBe('equal');
    await target.close();
    app = await MovingClockApp.start(database);
    folder = await mkdtemp(join(tmpdir(), 'verdict-export-'));
    path = join(folder, 'bundle.zip');
    const { body } = await must(app, 'createExport', { as: auditor, body: {} });
    exportId = String(body.export_id);
    await waitUntil('the export is ready', async () => {
      const { body: job } = await must(app, 'getExport', { as: auditor, params: { export_id: exportId } });
      if (job.status === 'failed') throw new Error(`the export failed: ${String(job.failure)}`);
      return job.status === 'ready';
    });
    const authorization = `Bearer ${await app.tokenFor(auditor)}`;
    const url = `${app.url}${ROUTES.downloadExport.path.replace(':export_id', exportId)}`;
    const answer = await fetch(url, { headers: { authorization } });
    await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  }, 180_000);
  afterAll(async () => {
    await app.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const entriesIn = async (kind: string) => {
    const bundle = await openBundleJournals(path);
    const found = [];
    for await (const bytes of bundle.read(kind)) found.push(readEntry(bytes));
    await bundle.close();
    return found;
  };
  const fileIn = async (name: string): Promise<string> => {
    const archive = await openArchive(path);
    const bytes = await readWhole(archive, name, CSV_BYTES_MAX);
    await archive.close();
    return Buffer.from(bytes).toString('utf8');
  };
  const tally = (types: readonly string[]) => {
    const counts: Record<string, number> = {};
    for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  };

  it('has every entry type in it that a journal may hold', async () => {
    const found = new Set<string>();
    for (const kind of ENTRY_KINDS)
      for (const { envelope } of await entriesIn(kind)) found.add(`${kind} ${envelope.type}`);
    expect(ENTRY_CONTRACTS.map(({ kind, type }) => `${kind} ${type}`).filter((name) => !found.has(name))).toEqual([]);
  });

  it('has a row for each entry in its views, in order, of the same type and time', async () => {
    for (const kind of ENTRY_KINDS) {
      const [header = [], ...rows] = recordsOf(await fileIn(VIEWS[kind]));
      const entries = await entriesIn(kind);
      expect(rows.every((row) => row.length === header.length)).toBe(true);
      expect(rows.map(([revision, type, at]) => [revision, type, at])).toEqual(
        entries.map(({ envelope }) => [String(envelope.revision), envelope.type, envelope.recorded_at]),
      );
    }
  });

  it('counts by type what it holds', async () => {
    const manifest = JSON.parse(await fileIn('manifest.json')) as {
      readonly counts: Readonly<Record<string, unknown>>;
    };
    const text = JSON.stringify(manifest.counts);
    for (const kind of ENTRY_KINDS) {
      const counts = tally((await entriesIn(kind)).map(({ envelope }) => envelope.type));
      for (const [type, count] of Object.entries(counts)) expect(text).toContain(`"${type}":${String(count)}`);
    }
  });

  it('agrees with the journals and the read models, now and by itself', async () => {
    const ofExport = await must(app, 'getExportParity', { as: auditor, params: { export_id: exportId } });
    expect(ofExport.body).toMatchObject({ parity_ok: true, gaps: [], mismatches: [] });
    const ofTenant = await must(app, 'exportParity', { as: auditor });
    expect(ofTenant.body).toMatchObject({ parity_ok: true, gaps: [], mismatches: [] });
  });

  it('is intact for the offline verifier, its rules included', async () => {
    const vkeys = await sendRaw(app.url, { method: 'GET', path: ROUTES.vkeys.path });
    const report = await verifyBundle(path, { trust: vkeys.text.trim().split('\n') });
    expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(report.result).toBe('intact');
  });
});
