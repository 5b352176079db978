import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;

const readServerFile = (dataDir) => {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'));
  } catch {
    return undefined; // Not there yet.
  }
};

const tailOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-15).join('\n') : '');

/** Starts a standalone on a free port of loopback; ready when its server file is there. */
export const startServer = async ({ main, dataDir, logFile, env = {} }) => {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      VERDICT_PORT: '0',
      VERDICT_DATA_DIR: dataDir,
      VERDICT_LOG_HOST: 'bench.verdict.local',
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (isGone()) return;
    child.kill('SIGTERM');
    const isLate = await Promise.race([exited.then(() => false), sleep(STOP_MS_MAX, true, { ref: false })]);
    if (isLate) child.kill('SIGKILL');
    await exited;
  };

  const deadline = Date.now() + START_MS_MAX;
  for (;;) {
    const found = readServerFile(dataDir);
    if (found?.pid === child.pid) return { url: found.url, pid: child.pid, stop };
    if (isGone() || Date.now() > deadline) {
      await stop();
      throw new Error(`the standalone did not start (exit code ${child.exitCode}):\n${tailOf(logFile)}`);
    }
    await sleep(25);
  }
};

/** Memory of the process in MiB: now, and at its highest. Zero where the system has no /proc. */
export const memoryOf = (pid) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
    return { rssMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
  } catch {
    return { rssMiB: 0, peakMiB: 0 };
  }
};

const TICK_US = 10_000;

/** Parent and processor time of a process, with that of the children it has waited for; undefined once it is gone. */
const statOf = (pid) => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [own, waitedFor] = [fields[11] + fields[12], fields[13] + fields[14]];
    return { parent: fields[1], ownUs: own * TICK_US, allUs: (own + waitedFor) * TICK_US };
  } catch {
    return undefined;
  }
};

/**
 * Processor time so far, in microseconds: of the server itself, and of its database, which are all its children and
 * theirs. It hardly depends on who else uses the machine. Zero where the system has no /proc.
 */
export const processorTimeOf = (pid) => {
  const serverUs = statOf(pid)?.ownUs ?? 0;
  if (serverUs === 0) return { serverUs, databaseUs: 0 };
  const all = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  const stats = new Map(all.map((name) => [Number(name), statOf(name)]));
  const isBelow = (child) => {
    const parent = stats.get(child)?.parent;
    return parent === pid || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  const databaseUs = [...stats].reduce((sum, [child, stat]) => (isBelow(child) ? sum + (stat?.allUs ?? 0) : sum), 0);
  return { serverUs, databaseUs };
};
