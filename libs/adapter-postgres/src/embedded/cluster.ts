import { execFile, spawn } from 'node:child_process';
import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.js';
import { closedFolder } from './binaries.js';
import { codeOf, messageOf } from '../shared/errors.js';
import type { EmbeddedSecrets } from './secrets.js';

/** `nobody`: Postgres refuses to run as root, and any other number will do. */
const UNPRIVILEGED_ID = 65_534;
const RUN_AS = process.getuid?.() === 0 ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : {};
export const isOtherUser = 'uid' in RUN_AS;

export const ADMIN_ROLE = 'postgres';

/** G1 and G2 rest on the first four. The rest fits one machine that is shared with the services. */
const SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  data_sync_retry: 'off',
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0700',
  shared_buffers: '128MB',
  wal_level: 'replica',
  max_wal_size: '2GB',
  min_wal_size: '256MB',
  wal_compression: 'on',
  checkpoint_completion_target: '0.9',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'on',
  log_directory: 'log',
  log_filename: 'postgresql-%a.log', // One file a weekday, overwritten a week later: bounded without a janitor.
  log_truncate_on_rotation: 'on',
  log_rotation_size: '0',
} as const;

const run = promisify(execFile);

const own = async (path: string): Promise<void> => {
  if (isOtherUser) await chown(path, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
};

/** Makes the parent of the data folder, and refuses one that the server's user could not enter. */
export const prepareParent = async (dataDir: string): Promise<void> => {
  const parent = dirname(dataDir);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  const closed = isOtherUser ? await closedFolder(parent) : undefined;
  if (closed === undefined) return;
  throw new Error(
    `Postgres runs as user ${String(UNPRIVILEGED_ID)}, who cannot enter ${closed}: choose another data folder`,
  );
};

const isInitialised = async (dataDir: string): Promise<boolean> =>
  stat(join(dataDir, 'PG_VERSION')).then(
    () => true,
    () => false,
  );

const MAJOR = '18';

/** Makes the cluster beside its place and moves it there when it is whole, so a crash leaves no half-made one. */
export const initialise = async (binaries: Binaries, dataDir: string, secrets: EmbeddedSecrets): Promise<boolean> => {
  if (await isInitialised(dataDir)) {
    const version = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
    if (version !== MAJOR) throw new Error(`${dataDir} was made by Postgres ${version}; these binaries are ${MAJOR}`);
    return false;
  }
  const draft = `${dataDir}.draft`;
  const passwordFile = `${dataDir}.pwfile`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await own(draft);
  await writeFile(passwordFile, secrets.adminPassword, { mode: 0o600 });
  await own(passwordFile);
  try {
    const options = ['--auth=scram-sha-256', '--data-checksums', '-E', 'UTF8', '--no-locale', '-U', ADMIN_ROLE];
    await run(binaries.initdb, ['-D', draft, ...options, `--pwfile=${passwordFile}`], { ...RUN_AS, cwd: '/' });
    await rename(draft, dataDir);
  } catch (error) {
    throw new Error(`initdb failed: ${messageOf(error)}`, { cause: error });
  } finally {
    await rm(passwordFile, { force: true });
  }
  return true;
};

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** What the server wrote about itself, complete or not at all; undefined when there is no such file. */
export const readPostmaster = async (dataDir: string): Promise<Postmaster | undefined> => {
  try {
    const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 0 ? { pid, port: Number(lines[3] ?? 0) } : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** The shortest limit of the systems that have such sockets, less the zero byte at its end. */
const SOCKET_PATH_BYTES_MAX = 103;

const socketPath = (dataDir: string, port: number): string => join(dataDir, `.s.PGSQL.${String(port)}`);

const canHaveSocket = (dataDir: string): boolean =>
  process.platform !== 'win32' && Buffer.byteLength(socketPath(dataDir, 65_535)) <= SOCKET_PATH_BYTES_MAX;

/** Whether the server listens on a socket in its own folder: a round trip there costs half of one over loopback. */
export const hasSocket = async ({
  dataDir,
  port,
}: {
  readonly dataDir: string;
  readonly port: number;
}): Promise<boolean> =>
  canHaveSocket(dataDir) &&
  stat(socketPath(dataDir, port)).then(
    (found) => found.isSocket(),
    () => false,
  );

/** What a server that was killed may leave of its socket: the next one takes a reused process number for a live server. */
export const clearSocket = async ({
  dataDir,
  port,
}: {
  readonly dataDir: string;
  readonly port: number;
}): Promise<void> => {
  for (const suffix of ['', '.lock']) await rm(`${socketPath(dataDir, port)}${suffix}`, { force: true });
};

/** A port that is free now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });

/**
 * Starts the server in a session of its own: Ctrl-C in a terminal reaches Node alone, which then stops it in order.
 * What it prints before its own log begins goes to `<dataDir>.startup.log`, never to a pipe that dies with Node.
 */
export const launch = async (
  binaries: Binaries,
  dataDir: string,
  { port, connectionsMax }: { readonly port: number; readonly connectionsMax: number },
): Promise<number> => {
  const output = await open(`${dataDir}.startup.log`, 'w');
  try {
    // Relative to the data folder, whose own path could hold what a list of folders gives a meaning.
    const unix_socket_directories = canHaveSocket(dataDir) ? '.' : '';
    const all = { ...SETTINGS, unix_socket_directories, max_connections: String(connectionsMax) };
    const settings = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(binaries.postgres, ['-D', dataDir, '-p', String(port), ...settings], {
      ...RUN_AS,
      ...{ cwd: '/', detached: true, stdio: ['ignore', output.fd, output.fd] },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => {
        resolve(child.pid ?? 0);
      });
    });
    child.unref();
    return pid;
  } finally {
    await output.close();
  }
};

/** The last lines that a server printed before it gave up. */
export const startupOutput = async (dataDir: string): Promise<string> =>
  readFile(`${dataDir}.startup.log`, 'utf8').then(
    (text) => text.trim().split('\n').slice(-5).join(' | '),
    () => '',
  );
