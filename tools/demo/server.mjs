import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DemoFailed } from './api.mjs';

const READY_MS = 40_000;
const STOP_MS = 20_000;
const TAIL_LINES = 25;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** What a server that had to be killed leaves running. */
const stopDatabase = async (dataDir) => {
  const file = join(dataDir, 'postgres/data/postmaster.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
  if (!(pid > 0) || !isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  for (let left = 100; left > 0 && isAlive(pid); left -= 1) await pause(50);
};

/** Starts the standalone in `folder`. In a process group of its own: Ctrl-C is for the demo, which stops it in order. */
export const startServer = ({ root, folder }) => {
  const dataDir = join(folder, 'data');
  const logFile = join(folder, 'server.log');
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [join(root, 'apps/standalone/dist/main.js')], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, VERDICT_PORT: '0', VERDICT_HOST: '127.0.0.1', VERDICT_DATA_DIR: dataDir, LOG_LEVEL: 'info' },
  });
  closeSync(log);
  let isOver = false;
  const ended = new Promise((resolve) => {
    child.on('error', resolve);
    child.on('exit', resolve);
  }).then(() => {
    isOver = true;
  });

  const address = async () => {
    const endMs = Date.now() + READY_MS;
    while (!isOver) {
      try {
        return JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')).url;
      } catch {
        if (Date.now() > endMs) throw new DemoFailed(`the server is not ready after ${READY_MS / 1000} s`);
        await pause(50);
      }
    }
    throw new DemoFailed('the server ended before it was ready');
  };

  const server = {
    url: '',
    dataDir,
    logFile,
    pid: child.pid,
    logTail: () =>
      existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n') : '',
    /** Lets it run on when this process ends. */
    leave: () => child.unref(),
    stop: async () => {
      if (isOver) return stopDatabase(dataDir);
      child.kill('SIGTERM');
      await Promise.race([ended, pause(STOP_MS)]);
      if (isOver) return undefined;
      child.kill('SIGKILL');
      await ended;
      return stopDatabase(dataDir);
    },
  };
  server.ready = address().then((url) => {
    server.url = url;
  });
  server.ready.catch(() => undefined); // Whoever waits for it is told.
  return server;
};
