import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

export const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** A zombie has ended: its parent just has not looked yet. */
export const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return process.platform !== 'linux'; // There it has just gone.
  }
};

/** The command line of a process; empty when it cannot be read. */
export const commandOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
  }
};

const signal = (pid, name) => {
  try {
    process.kill(pid, name);
  } catch {
    // It ended between two looks.
  }
};

const hasEndedWithin = async (pid, ms) => {
  const deadline = Date.now() + ms;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await pause(20);
  }
  return true;
};

const STOP_MS = 20_000;

/** SIGTERM, and SIGKILL when that did not help. */
export const endProcess = async (pid) => {
  signal(pid, 'SIGTERM');
  if (await hasEndedWithin(pid, STOP_MS)) return;
  await killProcess(pid);
};

/** Returns when the process is gone and its files are unlocked. */
export const killProcess = async (pid) => {
  signal(pid, 'SIGKILL');
  if (!(await hasEndedWithin(pid, STOP_MS))) throw new Error(`process ${pid} outlived a SIGKILL`);
};

/** Below the ports that systems hand out for outgoing connections: one of those could be taken between two starts. */
const PORT_MIN = 15_000;
const PORT_MAX = 32_000;
const PORT_TRIES = 100;

export const isPortFree = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Free at this moment, and not `other`. */
export const freePort = async (other) => {
  for (let tries = 0; tries < PORT_TRIES; tries += 1) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (port !== other && (await isPortFree(port))) return port;
  }
  throw new Error(`no free port between ${PORT_MIN} and ${PORT_MAX}`);
};

/** Ends `pid` and removes `folder` when its owner is gone, however it went: no handler runs after a SIGKILL. */
const REAPER = `
const [owner, pid, folder] = process.argv.slice(1);
const isAlive = (id) => { try { process.kill(Number(id), 0); return true; } catch { return false; } };
let looks = 0;
setInterval(() => {
  if (isAlive(pid)) {
    if (isAlive(owner)) return;
    try { process.kill(Number(pid), looks < 40 ? 'SIGTERM' : 'SIGKILL'); } catch {}
    looks += 1;
    return;
  }
  if (folder !== '' && !isAlive(owner)) require('node:fs').rmSync(folder, { recursive: true, force: true });
  process.exit();
}, 500);`;

export const reapWithOwner = (pid, folder) => {
  const reaper = spawn(process.execPath, ['-e', REAPER, String(process.pid), String(pid), folder ?? ''], {
    ...{ detached: true, stdio: 'ignore', cwd: '/', env: {} },
  });
  reaper.unref();
};
