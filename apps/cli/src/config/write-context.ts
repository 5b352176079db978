import { lstatSync, realpathSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliFailure, wrongCall } from '../failure.js';
import { codeOf, unreadable } from '../input/input-file.js';
import type { Io } from '../io.js';
import { yamlOf } from './config-file.js';

const OWNER_ONLY = 0o600;
const FOLDER_MODE = 0o700;
const MODE_BITS = 0o777;

interface Target {
  /** Behind links: a configuration that is kept elsewhere stays there. */
  readonly path: string;
  readonly mode: number;
}

const targetOf = (path: string): Target => {
  try {
    const real = realpathSync(path);
    return { path: real, mode: lstatSync(real).mode & MODE_BITS };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { path, mode: OWNER_ONLY };
    throw unreadable(path, error);
  }
};

const textIn = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw unreadable(path, error);
  }
};

/** Whoever reads meanwhile, and whoever comes after a crash, sees the old text or the new one, whole. */
const replace = async (part: string, { path, mode }: Target, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  try {
    const file = await open(part, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
};

/** Makes a context the one that is used; everything else in the file, comments included, stays as it is. */
export const writeContext = async (io: Io, path: string, name: string): Promise<void> => {
  const target = targetOf(path);
  const { document } = yamlOf(path, await textIn(target.path));
  document.set('context', name);
  const part = join(dirname(target.path), `.${basename(target.path)}.${io.newId()}.part`);
  try {
    await replace(part, target, document.toString());
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw wrongCall('file_unwritable', `cannot write ${path}`, codeOf(error));
  }
};
