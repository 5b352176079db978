import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type CliFailure, wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { codeOf } from './input-file.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EACCES: 'you may not write there',
  EROFS: 'nobody can write there',
  EISDIR: 'it is a folder',
};

const unwritable = (path: string, code: string): CliFailure =>
  wrongCall('file_unwritable', `cannot write ${path}`, REASONS[code] ?? code);

/** Said before anything is sent: what comes back once, or is decided then, needs a place to go. */
export const refuseUnwritable = async (io: Io, path: string | undefined): Promise<void> => {
  if (path === undefined) return;
  const full = resolve(io.cwd, path);
  const found = await stat(full).catch(() => undefined);
  if (found?.isDirectory() === true) throw unwritable(path, 'EISDIR');
  await access(found === undefined ? dirname(full) : full, constants.W_OK).catch((error: unknown) => {
    throw unwritable(path, codeOf(error));
  });
};
