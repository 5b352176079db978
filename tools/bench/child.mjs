import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 25;
const STOP_MS_MAX = 20_000;

/** Resolves to what `look` finds: anything but undefined. */
export const until = async (what, look, { limitMs = 60_000, everyMs = LOOK_MS } = {}) => {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
};

const tailOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-15).join('\n') : '');

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A Node process with what is given for its environment and nothing else; what it prints goes to `logFile`. */
export const startChild = ({ args, env = {}, logFile }) => {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  running.add(child);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  void exited.then(() => running.delete(child));
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const kill = async () => {
    if (!isGone()) child.kill('SIGKILL');
    await exited;
  };
  const stop = async () => {
    if (isGone()) return;
    child.kill('SIGTERM');
    const isLate = await Promise.race([exited.then(() => false), sleep(STOP_MS_MAX, true, { ref: false })]);
    if (isLate) child.kill('SIGKILL');
    await exited;
  };
  /** Resolves to what `look` finds when the process is up; a process that ends or takes too long is stopped. */
  const ready = async (name, look) => {
    try {
      return await until(`${name} is ready`, async () => {
        if (isGone()) throw new Error(`exit code ${child.exitCode}`);
        return look();
      });
    } catch (error) {
      await stop();
      throw new Error(`${name} did not start (${error.message}):\n${tailOf(logFile)}`);
    }
  };
  return { pid: child.pid, output: child.stdout, ready, kill, stop };
};
