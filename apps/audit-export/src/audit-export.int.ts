import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryKeyStore } from '@verdict/adapter-memory';
import { type ExportJob, journalName } from '@verdict/application';
import { openNote, verifyBundle } from '@verdict/ledger';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { type Answered, type AuditApp, openAuditApp, openWorld, type World } from './testing/audit-app.js';

const database = withEmbeddedPostgres();
const keys = new MemoryKeyStore();
let world: World;
let app: AuditApp;
let folder: string;

beforeAll(async () => {
  world = await openWorld(database, keys);
  app = await openAuditApp(world);
  folder = await mkdtemp(join(tmpdir(), 'verdict-bundle-'));
  await world.decide('acme', 12, 'first');
  await world.decide('other', 3, 'other');
}, 120_000);
afterAll(async () => {
  await app.close();
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const until = async <Value>(work: () => Promise<Value | undefined>): Promise<Value> => {
  for (let turn = 0; turn < 600; turn += 1) {
    const value = await work();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not come about');
};

const ended = (id: unknown, tenant = 'acme'): Promise<Record<string, unknown>> =>
  until(async () => {
    const { json } = await app.call('GET', `/exports/${String(id)}`, { tenant });
    return ['ready', 'failed', 'expired'].includes(String(json['status'])) ? json : undefined;
  });

const exported = async (body: Record<string, unknown>, tenant = 'acme'): Promise<Record<string, unknown>> => {
  const created = await app.call('POST', '/exports', { body, tenant });
  expect({ status: created.status, json: created.json }).toMatchObject({ status: 202 });
  const job = await ended(created.json['export_id'], tenant);
  expect(job).toMatchObject({ status: 'ready', failure: null });
  return job;
};

const download = (id: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
  app.call('GET', `/exports/${String(id)}/download`, { headers });

const saved = async (id: unknown): Promise<string> => {
  const path = join(folder, `${String(id)}.zip`);
  await writeFile(path, (await download(id)).bytes);
  return path;
};

const vkeys = async (): Promise<readonly string[]> =>
  (await app.call('GET', '/.well-known/verdict-vkeys.txt')).bytes.toString('utf8').trim().split('\n');

describe('audit-export over HTTP', () => {
  it('publishes a signed checkpoint of every journal soon after an append', async () => {
    const items = await until(async () => {
      const { json } = await app.call('GET', '/checkpoints');
      const found = json['items'] as readonly { origin: string; size: number; note: string }[];
      return found.length === 2 && found.every(({ origin, size }) => size === (origin.endsWith('decisions') ? 12 : 1))
        ? found
        : undefined;
    });
    const trust = await vkeys();
    for (const { note } of items) expect(openNote(note, trust).kind).toBe('opened');
    const latest = await app.call('GET', '/checkpoints/decisions/latest');
    expect(latest.json).toMatchObject({ origin: 'ledger.example/acme/decisions', size: 12 });
    expect((await app.call('GET', '/checkpoints/reservations/latest')).status).toBe(404);
  });

  it('exports everything as a bundle that verifies offline with the published keys', async () => {
    const job = await exported({});
    expect(job).toMatchObject({
      ranges: { policy: { from: 0, to: 1 }, decisions: { from: 0, to: 12 } },
      progress: { entries: 13, total: 13 },
    });
    const report = await verifyBundle(await saved(job['export_id']), { trust: await vkeys() });
    expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(report.result).toBe('intact');
  });

  it('proves that an export continues the one before it in the series', async () => {
    const before = await exported({ series: 'chain' });
    await world.decide('acme', 4, 'chain');
    const after = await exported({ series: 'chain' });
    const report = await verifyBundle(await saved(after['export_id']), {
      trust: await vkeys(),
      previous: { bundle: await saved(before['export_id']) },
    });
    expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(report.result).toBe('intact');
  });

  it('answers a repeated key with the same export, and another payload under it with a conflict', async () => {
    const headers = { 'idempotency-key': 'export-key-1' };
    const first = await app.call('POST', '/exports', { body: { series: 'keyed' }, headers });
    const again = await app.call('POST', '/exports', { body: { series: 'keyed' }, headers });
    expect(again).toMatchObject({ status: 202, json: { export_id: first.json['export_id'], replayed: true } });
    const other = await app.call('POST', '/exports', { body: { series: 'other', journals: ['policy'] }, headers });
    expect(other).toMatchObject({
      status: 409,
      json: { code: 'idempotency_conflict', differing_fields: ['/series', '/journals'] },
    });
    await ended(first.json['export_id']);
  });

  it('refuses ranges beyond the head, empty ones, and more entries than asked for at most', async () => {
    const refused = async (body: Record<string, unknown>) => (await app.call('POST', '/exports', { body })).json;
    expect(await refused({ revisions: { decisions: [0, 9999] } })).toMatchObject({
      status: 422,
      code: 'validation_failed',
      errors: [{ pointer: '/revisions/decisions' }],
    });
    expect(await refused({ revisions: { decisions: [3, 3] } })).toMatchObject({
      status: 422,
      code: 'validation_failed',
    });
    expect(await refused({ journals: ['reservations'] })).toMatchObject({ status: 422, code: 'validation_failed' });
    expect(await refused({ max_entries: 2 })).toMatchObject({ status: 422, code: 'quota_exceeded' });
  });

  it('serves a part of a bundle, and nothing again to whoever has it', async () => {
    const job = await exported({ series: 'parts' });
    const whole = await download(job['export_id']);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/zip',
      etag: `"${String(job['content_sha256'])}"`,
      'content-length': String(job['size']),
      'content-disposition': `attachment; filename="verdict-export-${String(job['export_id'])}.zip"`,
    });
    const part = await download(job['export_id'], { range: 'bytes=10-19' });
    expect(part).toMatchObject({ status: 206, headers: { 'content-range': `bytes 10-19/${String(job['size'])}` } });
    expect(part.bytes.equals(whole.bytes.subarray(10, 20))).toBe(true);
    const tail = await download(job['export_id'], { range: 'bytes=-5' });
    expect(tail.bytes.equals(whole.bytes.subarray(-5))).toBe(true);
    expect(await download(job['export_id'], { range: 'bytes=10-19', 'if-range': '"else"' })).toMatchObject({
      status: 200,
    });
    expect(await download(job['export_id'], { range: 'bytes=999999999-' })).toMatchObject({ status: 416 });
    expect(await download(job['export_id'], { 'if-none-match': String(whole.headers['etag']) })).toMatchObject({
      status: 304,
    });
  });

  it("answers another tenant's export exactly as one that is not there", async () => {
    const job = await exported({ series: 'mine' });
    const unknown = '0190a0a0-0000-7000-8000-000000000000';
    for (const path of ['', '/download', '/parity']) {
      const theirs = await app.call('GET', `/exports/${String(job['export_id'])}${path}`, { tenant: 'other' });
      const nobodys = await app.call('GET', `/exports/${unknown}${path}`, { tenant: 'other' });
      const bare = ({ status, json }: Answered) => ({ status, json: { ...json, instance: null, request_id: null } });
      expect(theirs.status).toBe(404);
      expect(bare(theirs)).toEqual(bare(nobodys));
    }
    expect((await app.call('GET', '/exports', { tenant: 'other' })).json).toMatchObject({
      items: [],
      next_cursor: null,
    });
    const own = await exported({}, 'other');
    expect(own['ranges']).toMatchObject({ decisions: { from: 0, to: 3 } });
  });

  it('lists exports newest first, in pages that bind their cursor to the tenant', async () => {
    const first = await app.call('GET', '/exports?limit=2');
    const cursor = String(first.json['next_cursor']);
    await world.decide('acme', 1, 'between');
    const second = await app.call('GET', `/exports?limit=2&cursor=${cursor}`);
    expect(first.json['as_of']).toMatchObject({ decisions: expect.any(Number), policy: expect.any(Number) });
    expect(second.json['as_of']).toEqual(first.json['as_of']);
    const ids = [first, second].flatMap(
      ({ json }) => json['items'] as readonly { export_id: string; created_at: string }[],
    );
    expect(new Set(ids.map(({ export_id: id }) => id)).size).toBe(4);
    expect(ids.map(({ created_at: at }) => at)).toEqual(
      ids
        .map(({ created_at: at }) => at)
        .sort()
        .reverse(),
    );
    expect(await app.call('GET', `/exports?cursor=${cursor}`, { tenant: 'other' })).toMatchObject({
      status: 400,
      json: { code: 'cursor_invalid' },
    });
  });

  it('refuses callers who are neither admin nor auditor', async () => {
    for (const path of ['/exports', '/ledger', '/checkpoints']) {
      expect(await app.call('GET', path, { roles: ['member'] })).toMatchObject({ status: 403 });
    }
  });

  it('pages through a journal as it was when the walk began', async () => {
    const first = await app.call('GET', '/ledger?limit=5&from_revision=2');
    const items = first.json['items'] as readonly {
      revision: number;
      leaf_hash: string;
      envelope: { revision: number };
      payload: { decision_id: string };
    }[];
    expect(items.map(({ revision }) => revision)).toEqual([2, 3, 4, 5, 6]);
    expect(first.json).toMatchObject({ contiguous: true, first_revision: 2, last_revision: 6 });
    expect(items[0]).toMatchObject({ envelope: { revision: 2, origin: 'ledger.example/acme/decisions' } });
    const [head = -1n] = await world.platform.log.heads([journalName('decisions', 'acme')]);
    await world.decide('acme', 2, 'later');
    const rest = await app.call(
      'GET',
      `/ledger?limit=1000&from_revision=2&cursor=${String(first.json['next_cursor'])}`,
    );
    expect(rest.json).toMatchObject({ next_cursor: null, first_revision: 7, last_revision: Number(head) });
    expect((await app.call('GET', '/ledger?journal=policy&type=policy_published')).json).toMatchObject({
      contiguous: false,
      items: [{ revision: 0 }],
    });
    expect(await app.call('GET', `/ledger?cursor=${String(first.json['next_cursor'])}`)).toMatchObject({ status: 400 });
    expect((await app.call('GET', '/ledger?from_revision=3&to_revision=3')).json).toMatchObject({
      first_revision: 3,
      last_revision: 3,
    });
  });

  it('takes up an export again whose process died, from scratch, and clears what it left', async () => {
    const tenantFolder = join(world.options.exportsDir, 'acme');
    const exportId = '0190a0a0-0000-7000-8000-00000000dead';
    const ranges = { decisions: { from: 0n, to: 4n } };
    await app.close(); // Nobody else may take the job while it is given to a worker that dies.
    const job: ExportJob = {
      ...{
        tenantId: 'acme',
        exportId,
        series: 'crash',
        ranges,
        status: 'queued',
        progress: 0,
        total: 4,
        result: null,
        failure: null,
        attempt: 0,
      },
      ...{ createdAt: new Date().toISOString(), createdBy: 'ursula' },
    };
    await world.store.createExport({ job, key: null, asked: '{}' }, 2);
    const dead = await world.store.claimExport({ nowMs: Date.now(), untilMs: Date.now() + 300 });
    expect(dead).toMatchObject({ exportId, attempt: 1 });
    await writeFile(join(tenantFolder, `${exportId}.1.zip.partial`), 'half');
    app = await openAuditApp(world);
    expect(await ended(exportId)).toMatchObject({ status: 'ready', progress: { entries: 4, total: 4 } });
    expect(
      await world.store.endExport(dead!, {
        kind: 'failed',
        failure: 'late words of the dead',
        endedAt: new Date().toISOString(),
      }),
    ).toBe(false);
    const report = await verifyBundle(await saved(exportId), { trust: await vkeys() });
    expect(report.result).toBe('intact');
    expect((await readdir(tenantFolder)).filter((name) => name.startsWith(exportId))).toEqual([`${exportId}.zip`]);
  });

  it('removes a bundle when its time is over, and says so', async () => {
    const job = await exported({ series: 'expiring' });
    const id = String(job['export_id']);
    world.tricks.skewMs = 31 * 86_400_000;
    await until(async () =>
      (await app.call('GET', `/exports/${id}`)).json['status'] === 'expired' ? true : undefined,
    );
    expect(await download(id)).toMatchObject({ status: 410, json: { code: 'export_expired' } });
    await until(async () =>
      (await readdir(join(world.options.exportsDir, 'acme'))).includes(`${id}.zip`) ? undefined : true,
    );
    world.tricks.skewMs = 0;
  });

  it('fails an export that the log contradicts, and says why', async () => {
    await world.decide('broken', 3, 'broken');
    world.tricks.tampered.add('decisions-broken');
    const created = await app.call('POST', '/exports', { body: {}, tenant: 'broken' });
    const job = await ended(created.json['export_id'], 'broken');
    expect(job).toMatchObject({ status: 'failed', failure: expect.stringContaining('leaf_mismatch') });
    expect(await app.call('GET', `/exports/${String(job['export_id'])}/download`, { tenant: 'broken' })).toMatchObject({
      ...{ status: 409, json: { code: 'export_not_ready' } },
    });
  });

  it('gives the same bytes for the same range and series, though entries, exports and keys came in between', async () => {
    const revisions = { decisions: [2, 9] };
    const first = await exported({ series: 'repeat', journals: ['decisions'], revisions });
    await world.decide('acme', 5, 'between');
    await exported({ series: 'repeat' });
    await keys.rotate('export');
    await keys.rotate('checkpoint');
    await world.decide('acme', 5, 'rotated');
    const again = await exported({ series: 'repeat', journals: ['decisions'], revisions });
    expect(again['export_id']).not.toBe(first['export_id']);
    expect(again['content_sha256']).toBe(first['content_sha256']);
    expect((await download(again['export_id'])).bytes.equals((await download(first['export_id'])).bytes)).toBe(true);
    const report = await verifyBundle(await saved(again['export_id']), { trust: await vkeys() });
    expect(report.result).toBe('intact');
  });

  it('leaves no work files beside the finished bundles', async () => {
    const names = await readdir(join(world.options.exportsDir, 'acme'));
    expect(names.filter((name) => !/^[0-9a-f-]{36}\.zip$/.test(name))).toEqual([]);
  });

  it('finds parity, until a row of a read model is deleted; then it names the journal', async () => {
    const job = await exported({ series: 'parity' });
    const before = await app.call('GET', '/exports/parity');
    expect(before).toMatchObject({ status: 200, json: { parity_ok: true, mismatches: [], gaps: [] } });
    const counts = before.json['counts'] as Record<string, number>;
    expect(counts['decision_count_journal']).toBe(counts['decision_count_read_model']);
    const ledger = await app.call('GET', '/ledger?from_revision=1&to_revision=1');
    const [lost] = ledger.json['items'] as readonly { payload: { decision_id: string } }[];
    world.tricks.lostIds.add(lost?.payload.decision_id ?? '');
    const after = await app.call('GET', '/exports/parity');
    expect(after.json['parity_ok']).toBe(false);
    expect(after.json['mismatches']).toEqual([expect.stringContaining('decisions-acme')]);
    const ofExport = await app.call('GET', `/exports/${String(job['export_id'])}/parity`);
    expect(ofExport.json).toMatchObject({
      parity_ok: false,
      counts: { decision_count_exported: counts['decision_count_journal'] },
    });
    const own = await app.call('GET', '/exports/parity', { tenant: 'other' });
    expect(own.json['parity_ok']).toBe(true);
  });
});
