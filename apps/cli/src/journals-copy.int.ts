import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEventStoreJournals } from '@verdict/adapter-eventstoredb';
import { MemoryKeyStore } from '@verdict/adapter-memory';
import { type AuditStore, CheckpointPublisher, type Journals, type StoredEntry } from '@verdict/application';
import { migrateDatabase, openAuditStore, openPostgresJournals } from '@verdict/adapter-postgres';
import { Frontier, formatVkey, openNote, parseCheckpoint } from '@verdict/ledger';
import { drain, freshHistory, type History, sealedEntry, withEmbeddedPostgres } from '@verdict/testkit';
import { tmpdir } from 'node:os';
import { type EventStoreServer, startEventStoreServer } from '../../../test/support/eventstore-server/src/index.js';
import { type CliRun, runCli } from './testing/run-cli.js';

const KINDS = ['policy', 'decisions', 'approvals', 'reservations'] as const;
const LOG_HOST = 'verdict.test';
const DECISIONS = 620;

const first = withEmbeddedPostgres();
const last = withEmbeddedPostgres();
const empty = withEmbeddedPostgres();
let server: EventStoreServer;
let source: Journals;
let audit: AuditStore;
let publisher: CheckpointPublisher;
const keys = new MemoryKeyStore();
const tenants: string[] = [];

const fill = async (history: History): Promise<void> => {
  tenants.push(history.tenantId);
  for (const kind of KINDS) {
    const entries = history.fresh(kind);
    for (let from = 0; from < entries.length; from += 300) {
      const batch = entries.slice(from, from + 300);
      const { kind: outcome } = await source.append(`${kind}-${history.tenantId}`, BigInt(from) - 1n, batch);
      expect(outcome).toBe('appended');
    }
  }
};
const historyOf = (decisions: number): History => {
  const history = freshHistory();
  for (let count = 0; count < decisions; count += 1) {
    const decision = history.decide({ needsApproval: count % 5 === 0 });
    if (count % 5 === 0) history.request(decision);
    if (count % 7 === 0) history.settle(decision.decisionId);
  }
  history.setBudget(1);
  return history;
};

beforeAll(async () => {
  for (const { adminUrl } of [first, last]) await migrateDatabase(adminUrl);
  source = await openPostgresJournals({ url: first.serviceUrl });
  audit = await openAuditStore({ url: first.serviceUrl });
  await fill(historyOf(DECISIONS));
  await fill(historyOf(3));
  publisher = new CheckpointPublisher({
    ...{ journals: source, store: audit, keys, clock: { nowMs: () => Date.now() }, logHost: LOG_HOST },
  });
  for (const tenant of tenants)
    for (const kind of KINDS) expect(await publisher.covering(tenant, kind, 1n)).toBeDefined();
}, 120_000);
afterAll(async () => {
  await publisher.stop();
  await audit.close();
  await source.close();
});

const opened: Journals[] = [];
beforeEach(async () => {
  server = await startEventStoreServer();
});
afterEach(async () => {
  for (const journals of opened.splice(0)) await journals.close();
  await server.stop();
});
const eventStore = async (): Promise<Journals> => {
  const journals = await openEventStoreJournals({ url: server.url });
  opened.push(journals);
  return journals;
};
const postgres = async (url: string): Promise<Journals> => {
  const journals = await openPostgresJournals({ url });
  opened.push(journals);
  return journals;
};

const copy = (argv: string, env: Readonly<Record<string, string>> = {}, isTerminal = false): Promise<CliRun> =>
  runCli(['journals', 'copy', ...argv.split(' ')], {
    ...{ cwd: tmpdir(), isTerminal },
    env: { POSTGRES_URL: first.serviceUrl, EVENTSTORE_URL: server.url, ...env },
  });
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const bodyOf = ({ stdout, stderr }: CliRun): any => {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
};
const failure = ({ stderr }: CliRun): unknown => JSON.parse(stderr);

const textOf = ({ revision, type, storeId, leafHash, bytes }: StoredEntry): string =>
  [revision, type, storeId, Buffer.from(leafHash).toString('hex'), Buffer.from(bytes).toString('base64')].join(' ');
const contentsOf = async (journals: Journals): Promise<Readonly<Record<string, readonly string[]>>> => {
  const contents: Record<string, readonly string[]> = {};
  for (const journal of await journals.list())
    contents[journal] = (await drain(journals.read(journal, 0n))).map(textOf);
  return contents;
};
const TO_EVENTSTORE = '--from postgres --to eventstoredb';
const TO_POSTGRES = '--from eventstoredb --to postgres';

describe('a copy to EventStoreDB, and from there to a second Postgres', () => {
  it('keeps bytes, roots, and what was signed', async () => {
    const forth = await copy(TO_EVENTSTORE);
    expect({ exit: forth.exit, stderr: forth.stderr }).toEqual({ exit: 0, stderr: '' });
    const report = bodyOf(forth);
    expect(report).toMatchObject({
      ...{ schema: 'verdict.journals.copy.v1', outcome: 'equal', from: 'postgres', to: 'eventstoredb' },
      ...{ left: 0, checkpoints: 8 },
    });
    expect(report.copied).toBe(report.entries);
    expect(report.journals).toHaveLength(8);
    const back = await copy(TO_POSTGRES, { TARGET_POSTGRES_URL: last.serviceUrl });
    expect({ exit: back.exit, stderr: back.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(bodyOf(back).journals).toEqual(report.journals);
    const contents = await contentsOf(source);
    expect(await contentsOf(await eventStore())).toEqual(contents);
    const copied = await postgres(last.serviceUrl);
    expect(await contentsOf(copied)).toEqual(contents);

    const names = Object.keys(contents);
    const checkpoints = await audit.latestCheckpoints(names);
    expect(checkpoints).toHaveLength(8);
    const [key] = await keys.publicKeys('checkpoint');
    const vkey = formatVkey(LOG_HOST, key?.publicKey ?? new Uint8Array());
    for (const { journal, note } of checkpoints) {
      const signed = openNote(note, [vkey]);
      const tree = new Frontier();
      for await (const { leafHash } of copied.read(journal, 0n)) tree.append(leafHash);
      expect(signed.kind === 'opened' && parseCheckpoint(signed.text)).toMatchObject({
        checkpoint: { size: tree.size, root: tree.root() },
      });
    }
  });

  it('is compared with --verify, which writes nothing', async () => {
    const before = await copy(`${TO_EVENTSTORE} --verify`);
    expect(before.exit).toBe(7);
    expect(failure(before)).toMatchObject({ code: 'copy_incomplete' });
    expect(bodyOf(before)).toMatchObject({ outcome: 'incomplete', copied: 0, entries: 0 });
    expect(await (await eventStore()).list()).toEqual([]);
    expect((await copy(TO_EVENTSTORE)).exit).toBe(0);
    expect(bodyOf(await copy(`${TO_EVENTSTORE} --verify`))).toMatchObject({ outcome: 'equal', copied: 0 });
  });

  it('goes on after the store was away', async () => {
    server.faults.arm('lose_request', { times: 1 });
    server.faults.arm('die_after_commit', { times: 2 });
    const result = await copy(`${TO_EVENTSTORE} --at-once 2`);
    expect({ exit: result.exit, stderr: result.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(server.faults.count('die_after_commit') + server.faults.count('lose_request')).toBe(3);
    expect(await contentsOf(await eventStore())).toEqual(await contentsOf(source));
  });

  it('shows a table on a terminal, with the words of the answer first', async () => {
    const { stdout } = await copy(TO_EVENTSTORE, {}, true);
    expect(stdout).toMatch(/^8 journals, roots equal: \d+ entries, \d+ copied, 8 checkpoints hold\nJOURNAL /);
  });
});

describe('a target that has other entries', () => {
  it('is refused with the first revision that differs; nothing is written', async () => {
    const target = await eventStore();
    const journal = `policy-${tenants[1] ?? ''}`;
    await target.append(journal, -1n, [sealedEntry({ label: 'foreign', journal, revision: 0n })]);
    const result = await copy(TO_EVENTSTORE);
    expect(result.exit).toBe(4);
    expect(failure(result)).toMatchObject({
      code: 'logs_differ',
      retry: 'never',
      errors: [{ pointer: journal, code: 'other_entry', detail: 'differs at revision 0' }],
    });
    expect(bodyOf(result)).toMatchObject({ outcome: 'refused', copied: 0 });
    expect(await target.list()).toEqual([journal]);
    const compared = await copy(`${TO_EVENTSTORE} --verify`);
    expect([compared.exit, compared.stderr]).toEqual([1, '']);
  });
});

describe('a source that moves', () => {
  it('is exit code 7 with the entries that are left, and the next run takes them', async () => {
    const journal = 'system';
    const stop = new AbortController();
    let revision = -1n;
    const writing = (async () => {
      while (!stop.signal.aborted) {
        const next = revision + 1n;
        await source.append(journal, revision, [sealedEntry({ label: String(next), journal, revision: next })]);
        revision = next;
      }
    })();
    const moving = await copy(TO_EVENTSTORE);
    stop.abort();
    await writing;
    expect(moving.exit).toBe(7);
    expect(failure(moving)).toMatchObject({
      ...{ code: 'source_moved', title: expect.stringMatching(/^\d+ entries are left$/), retry: 'later' },
      detail: 'run it again with the services stopped',
    });
    expect(bodyOf(moving).left).toBeGreaterThan(0);
    const rest = await copy(TO_EVENTSTORE);
    expect({ exit: rest.exit, stderr: rest.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(bodyOf(rest).copied).toBeGreaterThan(0);
  });
});

describe('being called wrongly', () => {
  it.each([
    [TO_EVENTSTORE, { EVENTSTORE_URL: '' }, 'url_missing', 'EVENTSTORE_URL is not set'],
    ['--from postgres --to postgres', {}, 'url_missing', 'TARGET_POSTGRES_URL is not set'],
    [TO_EVENTSTORE, { EVENTSTORE_URL: 'http://admin:hunter2@h' }, 'eventstore_url_invalid', 'EVENTSTORE_URL'],
    [`${TO_EVENTSTORE} --dry-run`, {}, 'usage', 'no request'],
    [`${TO_EVENTSTORE} --at-once 0`, {}, 'number_invalid', '--at-once'],
    ['--from postgres', {}, 'usage', '--to'],
    ['--from postgres --to kafka', {}, 'usage', 'Allowed choices'],
  ])('%s with %j is exit code 2', async (argv, env, code, words) => {
    const result = await copy(argv, env);
    expect(result.exit).toBe(2);
    expect(failure(result)).toMatchObject({ code, title: expect.stringContaining(words) });
    expect(result.stderr).not.toContain('hunter2');
  });

  it('does not take one store for both sides, whoever connects to it', async () => {
    const both = await copy('--from postgres --to postgres', { TARGET_POSTGRES_URL: first.adminUrl });
    expect([both.exit, failure(both)]).toMatchObject([2, { code: 'same_store' }]);
  });

  it('says that a database holds no log, and who makes it one', async () => {
    const result = await copy('--from postgres --to postgres', { TARGET_POSTGRES_URL: empty.serviceUrl });
    expect([result.exit, failure(result)]).toMatchObject([2, { code: 'log_schema_missing' }]);
  });

  it('says that it is worth another try when a store is away, and that the copy goes on then', async () => {
    await server.kill();
    const result = await copy(TO_EVENTSTORE);
    expect(result.exit).toBe(6);
    expect(failure(result)).toMatchObject({
      ...{ code: 'store_unavailable', retry: 'later' },
      detail: 'what was copied stays: run it again to go on from there',
    });
    await server.restart();
  });

  it('has a help with examples', async () => {
    const { exit, stdout } = await runCli(['journals', 'copy', '--help'], { cwd: tmpdir() });
    expect(exit).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('Exit codes:');
  });

  it('ends with 130 when it is interrupted, and says how to go on', async () => {
    const controller = new AbortController();
    controller.abort();
    const result = await runCli(['journals', 'copy', ...TO_EVENTSTORE.split(' ')], {
      ...{ cwd: tmpdir(), interrupted: controller.signal },
      env: { POSTGRES_URL: first.serviceUrl, EVENTSTORE_URL: server.url },
    });
    expect([result.exit, failure(result)]).toMatchObject([130, { code: 'interrupted', retry: 'later' }]);
    expect(await (await eventStore()).list()).toEqual([]);
  });
});
