import { realpath, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createDatabase, urlOfDatabase, withClient } from '../shared/admin.js';
import type { Binaries } from './binaries.js';
import { findBinaries } from './binaries.js';
import {
  ADMIN_ROLE,
  clearSocket,
  freePort,
  hasSocket,
  initialise,
  isOtherUser,
  launch,
  prepareParent,
  readPostmaster,
  startupOutput,
} from './cluster.js';
import type { LockFile } from './lock-file.js';
import { takeLock } from './lock-file.js';
import type { EmbeddedLog } from './log.js';
import { codeOf, messageOf, sleep } from '../shared/errors.js';
import { isAlive, mayServe, waitUntilGone } from './processes.js';
import type { EmbeddedSecrets } from './secrets.js';
import { loadSecrets } from './secrets.js';
import { ensureRoles, SERVICE_ROLE } from '../journals/roles.js';

export interface EmbeddedPostgresOptions {
  /** The cluster's folder. Its parent also gets the passwords (0600), the lock and the start-up output. */
  readonly dataDir: string;
  /** 0 or absent: a free port, kept over restarts of the server. A server that still runs keeps its own port. */
  readonly port?: number;
  readonly log: EmbeddedLog;
  /** Database that both URLs lead to. Default: `verdict`. */
  readonly database?: string;
  /** Connections that the server takes, once it is started here. Default 60, for one process of all services. */
  readonly connectionsMax?: number;
}

export interface EmbeddedPostgres {
  /** Superuser: for migrations and read models' owner, never for the log at run time. */
  readonly url: string;
  /** Role `verdict_service`: may append and read, cannot rewrite. */
  readonly serviceUrl: string;
  /** As `serviceUrl`, over the server's own socket where the system has such: for processes of this machine. */
  readonly localUrl: string;
  readonly port: number;
  /** Process of the server that runs now; another one after it was restarted. */
  readonly pid: number;
  /** Ends supervision and stops the server: fast shutdown, clean on disk. Throws when it is not gone after a minute. */
  stop(): Promise<void>;
  /** Ends supervision and leaves the server running; the next start adopts it. */
  leaveRunning(): Promise<void>;
}

const CONNECTIONS_MAX = 60;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const WATCH_MS = 100;
const BACKOFF_MS_MAX = 5_000;
/** A server that ran this long has recovered: the next restart is immediate again. */
const STEADY_MS = 10_000;

interface Site {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly secrets: EmbeddedSecrets;
  readonly log: EmbeddedLog;
  readonly connectionsMax: number;
}

const urlFor = (port: number, role: string, password: string): string =>
  `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${String(port)}/postgres`;

const adminUrl = ({ secrets }: Site, port: number): string => urlFor(port, ADMIN_ROLE, secrets.adminPassword);

type Probe = 'ours' | 'starting' | 'foreign' | 'silent';
const PROBE_CODES: Readonly<Record<string, Probe>> = { '57P03': 'starting', '28P01': 'foreign' };

/** Asks the server itself, since a process number and an open port prove nothing. */
const probe = async (site: Site, port: number): Promise<Probe> => {
  try {
    return await withClient(adminUrl(site, port), async (client) => {
      const { rows } = await client.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
      return (await realpath(rows[0]?.folder ?? '')) === (await realpath(site.dataDir)) ? 'ours' : 'foreign';
    });
  } catch (error) {
    return PROBE_CODES[codeOf(error) ?? ''] ?? 'silent';
  }
};

const waitUntilReady = async (site: Site, pid: number, port: number): Promise<void> => {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while ((await probe(site, port)) !== 'ours') {
    if (!(await isAlive(pid))) throw new Error(`Postgres did not start: ${await startupOutput(site.dataDir)}`);
    if (Date.now() > deadline) throw new Error(`Postgres is not ready after ${String(READY_TIMEOUT_MS)} ms`);
    await sleep(25);
  }
};

const interrupt = async (pid: number): Promise<void> => {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
  if (await waitUntilGone(pid, STOP_TIMEOUT_MS)) return;
  throw new Error(`Postgres (process ${String(pid)}) did not stop within ${String(STOP_TIMEOUT_MS)} ms`);
};

interface Running {
  readonly pid: number;
  readonly port: number;
}

/** Gives a server that is recovering from a crash the time it needs. */
const answersAsOurs = async (site: Site, port: number): Promise<boolean> => {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await probe(site, port);
    if (answer !== 'starting' || Date.now() > deadline) return answer === 'ours';
    await sleep(50);
  }
};

/** Adopts a server that outlived its supervisor; stops or clears what cannot be adopted. */
const adopt = async (site: Site): Promise<Running | undefined> => {
  const found = await readPostmaster(site.dataDir);
  if (found === undefined) return undefined;
  const { pid, port } = found;
  if ((await isAlive(pid)) && (await mayServe(pid, site.dataDir))) {
    if (await answersAsOurs(site, port)) return found;
    site.log('postgres does not answer as ours: stopping it', { pid, port });
    await interrupt(pid);
  }
  await rm(join(site.dataDir, 'postmaster.pid'), { force: true });
  await clearSocket({ dataDir: site.dataDir, port });
  return undefined;
};

/** After a kill the old back ends may hold the shared memory for a moment: the first refusals are not final. */
const startServer = async (site: Site, port: number): Promise<Running> => {
  for (let waitMs = 50; ; waitMs *= 2) {
    const { binaries, dataDir, connectionsMax } = site;
    const pid = await launch(binaries, dataDir, { port, connectionsMax });
    try {
      await waitUntilReady(site, pid, port);
      return { pid, port };
    } catch (error) {
      if (await isAlive(pid)) await interrupt(pid);
      if (waitMs > 2_000) throw error;
      site.log('postgres start failed, trying again', { reason: messageOf(error) });
    }
    await sleep(waitMs);
  }
};

interface Supervision {
  current(): Running;
  end(): Promise<void>;
}

/** Restarts the server on the same port whenever it is gone, so clients only have to reconnect. */
const supervise = (site: Site, first: Running): Supervision => {
  let running = first;
  let isEnding = false;
  let sinceMs = Date.now();
  let failures = 0;
  const restart = async (): Promise<void> => {
    if (Date.now() - sinceMs > STEADY_MS) failures = 0;
    site.log('postgres is gone, restarting it', { pid: running.pid, failures });
    if (failures > 0) await sleep(Math.min(BACKOFF_MS_MAX, 100 * 2 ** failures));
    if (isEnding) return;
    try {
      running = await startServer(site, running.port);
      failures = 0;
      site.log('postgres is back', { pid: running.pid, port: running.port });
    } catch (error) {
      failures += 1;
      site.log('postgres restart failed', { reason: messageOf(error) });
    }
    sinceMs = Date.now();
  };
  const look = async (): Promise<void> => {
    if (!(await isAlive(running.pid)) && !isEnding) await restart();
  };
  let looking = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    if (isEnding) return;
    timer = setTimeout(() => {
      looking = look().then(schedule);
    }, WATCH_MS);
    timer.unref();
  };
  schedule();
  return {
    current: () => running,
    end: async () => {
      isEnding = true;
      clearTimeout(timer);
      await looking;
    },
  };
};

const openSite = async ({ dataDir, log, connectionsMax = CONNECTIONS_MAX }: EmbeddedPostgresOptions): Promise<Site> => {
  const binaries = await findBinaries({ copyParent: dirname(dataDir), isOtherUser, log });
  const secrets = await loadSecrets(`${dataDir}.secrets.json`);
  if (await initialise(binaries, dataDir, secrets)) log('postgres cluster initialised', { dataDir });
  return { dataDir, binaries, secrets, log, connectionsMax };
};

const bringUp = async (options: EmbeddedPostgresOptions): Promise<{ site: Site; running: Running }> => {
  const site = await openSite(options);
  const adopted = await adopt(site);
  if (adopted !== undefined) {
    options.log('postgres adopted', { pid: adopted.pid, port: adopted.port });
    return { site, running: adopted };
  }
  const port = options.port ?? 0;
  const running = await startServer(site, port === 0 ? await freePort() : port);
  options.log('postgres started', { pid: running.pid, port: running.port });
  return { site, running };
};

const throughSocket = (url: string, folder: string): string => {
  const changed = new URL(url);
  changed.searchParams.set('host', folder);
  return changed.href;
};

const handleOf = async (
  site: Site,
  first: Running,
  { lock, database }: { readonly lock: LockFile; readonly database: string },
): Promise<EmbeddedPostgres> => {
  const { port } = first;
  const { dataDir } = site;
  const serviceUrl = urlOfDatabase(urlFor(port, SERVICE_ROLE, site.secrets.servicePassword), database);
  const localUrl = (await hasSocket({ dataDir, port })) ? throughSocket(serviceUrl, dataDir) : serviceUrl;
  const supervision = supervise(site, first);
  return {
    url: urlOfDatabase(adminUrl(site, port), database),
    serviceUrl,
    localUrl,
    port,
    get pid() {
      return supervision.current().pid;
    },
    stop: async () => {
      await supervision.end();
      await interrupt(supervision.current().pid);
      await lock.release();
    },
    leaveRunning: async () => {
      await supervision.end();
      await lock.release();
    },
  };
};

/**
 * Starts Postgres from npm's binaries, or adopts the one that still runs on this data folder, and keeps it running.
 * Makes the cluster, the roles and the database at the first start.
 *
 * @throws Error when the folder is supervised by another process, cannot be entered by the server's user, was made by
 * another major version, or when the server does not come up; the message carries what the server printed.
 * @source protocols section 7 rule 8
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const dataDir = resolve(options.dataDir);
  const database = options.database ?? 'verdict';
  await prepareParent(dataDir);
  const lock = await takeLock(`${dataDir}.lock`);
  try {
    const { site, running } = await bringUp({ ...options, dataDir });
    await ensureRoles(adminUrl(site, running.port), site.secrets.servicePassword);
    await createDatabase(adminUrl(site, running.port), database);
    return await handleOf(site, running, { lock, database });
  } catch (error) {
    await lock.release();
    throw error;
  }
};
