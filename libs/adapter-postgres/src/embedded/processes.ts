import { readFile } from 'node:fs/promises';
import { codeOf, sleep } from '../shared/errors.js';

/** Fields of /proc/<pid>/stat after the command name, or none where there is no /proc. */
const statOf = async (pid: number): Promise<readonly string[]> => {
  try {
    const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
};

/** True while the process runs. A zombie counts as gone: in a container nobody may ever collect it. */
export const isAlive = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  return (await statOf(pid))[0] !== 'Z';
};

/** Tells a process from a later one with the same number; empty where the system cannot say. */
export const startTimeOf = async (pid: number): Promise<string> => (await statOf(pid))[19] ?? '';

/** True for a server on this data folder; where the system cannot say, every process may be one. */
export const mayServe = async (pid: number, dataDir: string): Promise<boolean> => {
  try {
    return (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).split('\0').includes(dataDir);
  } catch (error) {
    return process.platform !== 'linux' && codeOf(error) === 'ENOENT';
  }
};

/** Waits until the process is gone; false when it still runs after `timeoutMs`. */
export const waitUntilGone = async (pid: number, timeoutMs: number): Promise<boolean> => {
  const deadline = Date.now() + timeoutMs;
  while (await isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
};
