import { afterAll, beforeAll, describe } from '@jest/globals';
import type { Journals } from '@verdict/application';
import type { CuttingProxy, JournalsUnderTest } from '@verdict/testkit';
import { describeJournals, startCuttingProxy } from '@verdict/testkit';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedPostgres } from '../embedded/supervisor.js';
import { startEmbeddedPostgres } from '../embedded/supervisor.js';
import { withClient } from '../shared/admin.js';
import { migrateLog } from './migrate-log.js';
import { openPostgresJournals } from './postgres-journals.js';

const APPEND = 'verdict_append'; // The name of the prepared statement.

/** Its own supervised server: the suite kills it. */
let folder: string;
let server: EmbeddedPostgres;
let appNumber = 0;

const terminate = (application: string, isListening: boolean): Promise<void> =>
  withClient(server.url, async (client) => {
    const filter = isListening
      ? `AND query ~ 'LISTEN|FROM feed|verdict_feed|pg_snapshot_xmin|log.journals WHERE head'`
      : '';
    const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 ${filter}`;
    await client.query(text, [application]);
  });

/** A superuser can switch the guards off; readers have to see what came of it. */
const unguarded = (text: string, values: readonly string[]): Promise<void> =>
  withClient(server.url, async (client) => {
    await client.query('SET session_replication_role = replica');
    await client.query(text, [...values]);
  });

const loseEntry = (journal: string, revision: bigint): Promise<void> =>
  unguarded('DELETE FROM log.entries WHERE stream = $1 AND revision = $2', [journal, revision.toString()]);

/** Removes what `loseEntry` has damaged: the next test opens the same database, which refuses a damaged log. */
const forget = async (journal: string): Promise<void> => {
  await unguarded('DELETE FROM log.entries WHERE stream = $1', [journal]);
  await unguarded('DELETE FROM log.journals WHERE stream = $1', [journal]);
};

const throughProxy = (proxy: CuttingProxy): string => {
  const url = new URL(server.serviceUrl);
  url.port = String(proxy.port);
  return url.href;
};

const openUnderTest = async (crash: (application: string) => Promise<void>): Promise<JournalsUnderTest> => {
  appNumber += 1;
  const application = `contract-${String(appNumber)}`;
  const proxy = await startCuttingProxy(Number(new URL(server.url).port));
  const clients: Journals[] = [];
  const damaged = new Set<string>();
  const open = async (url: string): Promise<Journals> => {
    const client = await openPostgresJournals({ url, applicationName: application });
    clients.push(client);
    return client;
  };
  return {
    journals: await open(throughProxy(proxy)).catch(async (error: unknown) => {
      await proxy.close();
      throw error;
    }),
    another: () => open(server.serviceUrl),
    loseRequest: () => {
      proxy.cut('request', APPEND);
    },
    loseAnswer: () => {
      proxy.cut('answer', APPEND);
    },
    losses: proxy.cuts,
    crash: () => crash(application),
    loseNotice: () => terminate(application, true),
    loseEntry: (journal, revision) => {
      damaged.add(journal);
      return loseEntry(journal, revision);
    },
    close: async () => {
      for (const client of clients) await client.close();
      await proxy.close();
      for (const journal of damaged) await forget(journal);
    },
  };
};

describe('Postgres as the log', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verdict-contract-'));
    await chmod(folder, 0o755);
    server = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log: () => undefined });
    await migrateLog(server.url);
  }, 60_000);

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  describeJournals('Postgres, back ends terminated', () =>
    openUnderTest((application) => terminate(application, false)),
  );
  describeJournals('Postgres, server killed', () =>
    openUnderTest(() => {
      process.kill(server.pid, 'SIGKILL');
      return Promise.resolve();
    }),
  );
});
