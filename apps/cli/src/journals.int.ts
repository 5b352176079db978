import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { migrateDatabase, openPostgresJournals, openReadModels } from '@verdict/adapter-postgres';
import {
  EntryLog,
  type JournalKind,
  journalName,
  type Journals,
  type ProjectionStore,
  Projector,
  silentProjectorObserver,
} from '@verdict/application';
import { freshHistory, type History, sealedEntry, withEmbeddedPostgres } from '@verdict/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStoreServer, startEventStoreServer } from '../../../test/support/eventstore-server/src/index.js';
import { type CliRun, runCli } from './testing/run-cli.js';

const WAIT_MS = 30_000;
const clock = { nowMs: () => Date.now() };

const eventually = async (isSo: () => boolean): Promise<void> => {
  const deadline = Date.now() + WAIT_MS;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const append = async (journals: Journals, history: History, kinds: readonly JournalKind[]): Promise<void> => {
  for (const kind of kinds) {
    const appended = await journals.append(journalName(kind, history.tenantId), -1n, history.fresh(kind));
    expect(appended.kind).toBe('appended');
  }
};
const decided = (count: number): History => {
  const history = freshHistory();
  for (let index = 0; index < count; index += 1) history.decide();
  history.setBudget(1);
  return history;
};
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const bodyOf = ({ stdout, stderr }: CliRun): any => {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
};
const failure = ({ stderr }: CliRun): unknown => JSON.parse(stderr);

const database = withEmbeddedPostgres();
const unused = withEmbeddedPostgres();
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
beforeAll(() => migrateDatabase(database.adminUrl));

const journals = (env: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<CliRun> =>
  runCli(['journals', ...argv], { cwd: tmpdir(), env });
const here = (...argv: readonly string[]): Promise<CliRun> => journals({ POSTGRES_URL: database.serviceUrl }, ...argv);

const openLog = async (): Promise<Journals> => {
  const log = await openPostgresJournals({ url: database.serviceUrl });
  closing.push(() => log.close());
  return log;
};

/** A projector as a service runs it, whose store refuses one revision of one journal for as long as it is told to. */
const startProjector = async (log: Journals, refused: { readonly journal: string; isRefused: boolean }) => {
  const opened = await openReadModels({ url: database.serviceUrl });
  closing.push(() => opened.close());
  const store: ProjectionStore = {
    marks: () => opened.store.marks(),
    park: (parked) => opened.store.park(parked),
    resume: (journal) => opened.store.resume(journal),
    parked: () => opened.store.parked(),
    apply: async (slices) => {
      const isHit = slices.some(
        ({ journal, entries }) => journal === refused.journal && entries.some(({ revision }) => revision === 1n),
      );
      if (isHit && refused.isRefused) throw new RangeError('a defect of this release');
      return opened.store.apply(slices);
    },
  };
  const told = { parked: 0, resumed: 0 };
  const observer = {
    ...silentProjectorObserver,
    parked: () => void (told.parked += 1),
    resumed: () => void (told.resumed += 1),
  };
  const projector = new Projector(
    { log: new EntryLog(log), store, clock },
    { observer, retry: { triesMax: 3, firstMs: 5, longestMs: 10 }, pollEveryMs: 200, restMs: 1 },
  );
  closing.push(() => projector.stop());
  await projector.start();
  return { projector, told };
};

const parkOne = async () => {
  const log = await openLog();
  const history = decided(3);
  await append(log, history, ['policy', 'decisions']);
  const refused = { journal: journalName('decisions', history.tenantId), isRefused: true };
  const { projector, told } = await startProjector(log, refused);
  await eventually(() => told.parked === 1);
  expect(await projector.waitFor(history.tenantId, 'policy', 0n, WAIT_MS)).toBe(true);
  return { history, projector, refused, told };
};

describe('a parked journal', () => {
  it('is listed with its revision and its error, and is exit code 1', async () => {
    const { history, refused } = await parkOne();
    const { journal } = refused;
    const result = await here('parked');
    expect(result.exit).toBe(1);
    expect(bodyOf(result)).toMatchObject({
      schema: 'verdict.journals.parked.v1',
      items: [{ journal, revision: 1, error: 'RangeError: a defect of this release', since: expect.any(String) }],
    });
    const shown = await runCli(['journals', 'parked'], {
      ...{ cwd: tmpdir(), env: { POSTGRES_URL: database.serviceUrl }, isTerminal: true },
    });
    expect(shown.stdout).toMatch(/^JOURNAL +REVISION +SINCE +ERROR\n/);
    const { items } = bodyOf(await here('list'));
    const of = (kind: JournalKind) =>
      items.find((item: { journal: string }) => item.journal === journalName(kind, history.tenantId));
    expect(of('decisions')).toMatchObject({ head: 2, entries: 3, projected: 0, lag: 2, parked: { revision: 1 } });
    expect(of('policy')).toMatchObject({ head: 0, entries: 1, projected: 0, lag: 0, parked: null });
    expect((await here('resume', '--all')).exit).toBe(0);
  });

  it('goes on when it is resumed: a running service notices by itself, and nothing is skipped', async () => {
    const { history, projector, refused, told } = await parkOne();
    refused.isRefused = false;
    const result = await here('resume', refused.journal);
    expect({ exit: result.exit, stderr: result.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(bodyOf(result)).toEqual({
      schema: 'verdict.journals.resume.v1',
      resumed: [{ journal: refused.journal, revision: 1 }],
    });
    await eventually(() => told.resumed === 1);
    expect(await projector.waitFor(history.tenantId, 'decisions', 2n, WAIT_MS)).toBe(true);
    const parked = await here('parked');
    expect([parked.exit, bodyOf(parked).items]).toEqual([0, []]);
  });

  it('is parked again while the cause is there', async () => {
    const { refused, told } = await parkOne();
    expect((await here('resume', refused.journal)).exit).toBe(0);
    await eventually(() => told.resumed === 1 && told.parked === 2);
    expect((await here('parked')).exit).toBe(1);
    expect((await here('resume', '--all')).exit).toBe(0);
  });
});

describe('resume', () => {
  it('refuses a journal that is not parked, and one that is not there, each with its code', async () => {
    const history = decided(1);
    await append(await openLog(), history, ['decisions']);
    const known = await here('resume', journalName('decisions', history.tenantId));
    expect(known.exit).toBe(4);
    expect(failure(known)).toMatchObject({ code: 'journal_not_parked', retry: 'never' });
    const unknown = await here('resume', 'decisions-nobody');
    expect(unknown.exit).toBe(4);
    expect(failure(unknown)).toMatchObject({ code: 'journal_unknown' });
  });

  it('takes a journal or --all, not both and not neither', async () => {
    for (const argv of [[], ['decisions-acme', '--all']]) {
      const result = await here('resume', ...argv);
      expect(result.exit).toBe(2);
      expect(failure(result)).toMatchObject({ code: 'usage' });
    }
  });
});

describe('list', () => {
  it('shows a database that no service has used yet, with nothing projected', async () => {
    await migrateDatabase(unused.adminUrl);
    const log = await openPostgresJournals({ url: unused.serviceUrl });
    closing.push(() => log.close());
    await append(log, decided(2), ['decisions']);
    await log.append('system', -1n, [sealedEntry({ label: 'a', journal: 'system' })]);
    const { items } = bodyOf(await journals({ POSTGRES_URL: unused.serviceUrl }, 'list'));
    expect(items).toMatchObject([
      { head: 1, entries: 2, projected: -1, lag: 2, parked: null },
      { journal: 'system', head: 0, entries: 1, projected: null, lag: null, parked: null },
    ]);
    expect((await journals({ POSTGRES_URL: unused.serviceUrl }, 'parked')).exit).toBe(0);
  });

  it('says which variable is wrong, and never what is in it', async () => {
    const result = await journals({ POSTGRES_URL: 'mysql://root:hunter2@db/verdict' }, 'list');
    expect(result.exit).toBe(2);
    expect(failure(result)).toMatchObject({ code: 'database_url_invalid' });
    expect(result.stderr).not.toContain('hunter2');
    const url = database.serviceUrl;
    expect(failure(await journals({ POSTGRES_URL: url, VERDICT_LOG: 'oracle' }, 'list'))).toMatchObject({
      code: 'log_kind_invalid',
    });
    expect(failure(await journals({ POSTGRES_URL: url, VERDICT_LOG: 'eventstoredb' }, 'list'))).toMatchObject({
      code: 'eventstore_url_missing',
    });
  });

  it('tells an unreachable database from a wrong password', async () => {
    const url = new URL(database.serviceUrl);
    url.password = 'wrong';
    const forbidden = await journals({ POSTGRES_URL: url.href }, 'parked');
    expect([forbidden.exit, failure(forbidden)]).toMatchObject([5, { code: 'store_forbidden' }]);
    url.port = '1';
    const away = await journals({ POSTGRES_URL: url.href }, 'parked');
    expect([away.exit, failure(away)]).toMatchObject([6, { code: 'store_unavailable', retry: 'later' }]);
  });

  it('needs a server or a data folder', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'verdict-journals-'));
    closing.push(() => rm(cwd, { recursive: true, force: true }));
    const result = await runCli(['journals', 'list'], { cwd });
    expect([result.exit, failure(result)]).toMatchObject([2, { code: 'data_dir_missing' }]);
  });
});

describe('a log on EventStoreDB', () => {
  let server: EventStoreServer;
  beforeAll(async () => {
    server = await startEventStoreServer();
  });

  it('is listed with the marks of the database beside it', async () => {
    closing.push(() => server.stop());
    const { openEventStoreJournals } = await import('@verdict/adapter-eventstoredb');
    const log = await openEventStoreJournals({ url: server.url });
    closing.push(() => log.close());
    const history = decided(2);
    await append(log, history, ['decisions']);
    const env = { POSTGRES_URL: database.serviceUrl, VERDICT_LOG: 'eventstoredb', EVENTSTORE_URL: server.url };
    expect(bodyOf(await journals(env, 'list')).items).toMatchObject([
      { journal: journalName('decisions', history.tenantId), head: 1, entries: 2, lag: 2 },
    ]);
  });
});
