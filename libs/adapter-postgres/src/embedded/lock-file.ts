import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { codeOf } from '../shared/errors.js';
import { isAlive, startTimeOf } from './processes.js';

export interface LockFile {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly startTime: string;
}

const readHolder = async (path: string): Promise<Holder | undefined> => {
  try {
    const [pid = '', startTime = ''] = (await readFile(path, 'utf8')).trim().split(' ');
    return { pid: Number(pid), startTime };
  } catch {
    return undefined;
  }
};

const isHeld = async ({ pid, startTime }: Holder): Promise<boolean> =>
  Number.isInteger(pid) && pid > 0 && (await isAlive(pid)) && (await startTimeOf(pid)) === startTime;

/**
 * Takes the lock at `path` for this process, or throws and names the process that holds it. The lock of a process that
 * was killed is taken over. It appears with its content (a link to a finished file), so nobody reads a half-written one.
 */
export const takeLock = async (path: string): Promise<LockFile> => {
  const own = `${path}.${String(process.pid)}`;
  const content = `${String(process.pid)} ${await startTimeOf(process.pid)}\n`;
  await writeFile(own, content);
  try {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      try {
        await link(own, path);
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      const holder = await readHolder(path);
      if (holder !== undefined && (await isHeld(holder))) {
        throw new Error(`the data folder is supervised by process ${String(holder.pid)} already (${path})`);
      }
      await rm(path, { force: true });
    }
    throw new Error(`the lock ${path} keeps changing hands`);
  } finally {
    await rm(own, { force: true });
  }
};
