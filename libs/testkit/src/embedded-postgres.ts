import { afterAll, beforeAll } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestDatabase {
  /** Superuser on a database of this test file's own. */
  readonly adminUrl: string;
  /** Role `verdict_service` on the same database; it may log in, and what it may do is the migration's business. */
  readonly serviceUrl: string;
}

interface SharedServer {
  readonly adminUrl: string;
  readonly servicePassword: string;
}

/** Loaded on use: most test files need no database, and a driver is slow to load. */
const postgres = () => import('@verdict/adapter-postgres');

const LOCK_STALE_MS = 90_000;
const LOCK_RETRY_MS = 50;

/** The process that runs all test files: this one, or the parent when this is one of its workers. */
const runnerPid = (): number => ((process.argv[1] ?? '').includes('jest-worker') ? process.ppid : process.pid);

const runFolder = (): string => {
  const { VERDICT_TEST_RUN: runId = String(runnerPid()) } = process.env;
  return join(tmpdir(), `verdict-test-${runId}`);
};

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** A folder is a lock that every file system makes exactly once. One whose owner died is taken over. */
const underLock = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
  const lock = join(folder, 'start.lock');
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch {
      const ageMs = await stat(lock).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (ageMs > LOCK_STALE_MS) await rm(lock, { recursive: true, force: true });
      await pause(LOCK_RETRY_MS);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
};

/** Stops the server when the runner is gone, however it went: a global teardown does not survive a SIGKILL. */
const REAPER = `
const [folder, runner] = process.argv.slice(1);
const { readFileSync, rmSync } = require('node:fs');
const isAlive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };
const serverPid = () => { try { return Number(readFileSync(folder + '/data/postmaster.pid', 'utf8').split('\\n')[0]); } catch { return 0; } };
let asked = false;
setInterval(() => {
  if (isAlive(Number(runner))) return;
  const pid = serverPid();
  if (pid > 0 && isAlive(pid)) { if (!asked) process.kill(pid, 'SIGINT'); asked = true; return; }
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}, 500);`;

const startShared = async (folder: string): Promise<SharedServer> => {
  const { startEmbeddedPostgres } = await postgres();
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log: () => undefined });
  await server.leaveRunning(); // Test files come and go; the server stays for the next one.
  const shared = { adminUrl: server.url, servicePassword: decodeURIComponent(new URL(server.serviceUrl).password) };
  const draft = join(folder, 'server.draft');
  await writeFile(draft, JSON.stringify(shared), { mode: 0o600 });
  await rename(draft, join(folder, 'server.json'));
  const reaper = spawn(process.execPath, ['-e', REAPER, folder, String(runnerPid())], {
    ...{ detached: true, stdio: 'ignore', cwd: '/', env: {} },
  });
  reaper.unref();
  return shared;
};

const presetServer = async (adminUrl: string): Promise<SharedServer> => {
  const servicePassword = 'verdict-test-service';
  const { ensureRoles } = await postgres();
  await ensureRoles(adminUrl, servicePassword);
  return { adminUrl, servicePassword };
};

/** The server of VERDICT_TEST_POSTGRES_URL (its superuser), else one embedded server for the whole run. */
const sharedServer = async (): Promise<SharedServer> => {
  const { VERDICT_TEST_POSTGRES_URL: preset } = process.env;
  if (preset !== undefined && preset !== '') return presetServer(preset);
  const folder = runFolder();
  await mkdir(folder, { recursive: true, mode: 0o755 });
  return underLock(folder, async () => {
    const known = await readFile(join(folder, 'server.json'), 'utf8').catch(() => undefined);
    return known === undefined ? startShared(folder) : (JSON.parse(known) as SharedServer);
  });
};

const serviceUrlOf = (adminUrl: string, role: string, password: string): string => {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
};

/**
 * Gives the test file a fresh, empty database before its tests and drops it afterwards. The URLs can be read inside
 * tests and hooks only.
 */
export const withEmbeddedPostgres = (): TestDatabase => {
  let database: TestDatabase | undefined;
  const current = (): TestDatabase => {
    if (database === undefined) throw new Error('the test database exists inside tests and hooks only');
    return database;
  };
  beforeAll(async () => {
    const { createDatabase, SERVICE_ROLE } = await postgres();
    const server = await sharedServer();
    const adminUrl = await createDatabase(server.adminUrl, `verdict_${randomBytes(6).toString('hex')}`);
    database = { adminUrl, serviceUrl: serviceUrlOf(adminUrl, SERVICE_ROLE, server.servicePassword) };
  }, 60_000);
  afterAll(async () => {
    if (database === undefined) return;
    const { dropDatabase } = await postgres();
    const { adminUrl } = database;
    const maintenance = new URL(adminUrl);
    maintenance.pathname = '/postgres';
    await dropDatabase(maintenance.href, new URL(adminUrl).pathname.slice(1));
  }, 60_000);
  return {
    get adminUrl() {
      return current().adminUrl;
    },
    get serviceUrl() {
      return current().serviceUrl;
    },
  };
};
