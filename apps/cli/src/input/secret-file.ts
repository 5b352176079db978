import { rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliFailure } from '../failure.js';
import { EXIT, type Io } from '../io.js';

/** Writes a secret to a new file of mode 0600; a file that was there keeps its mode, so it is removed first. */
export const writeSecret = async (
  io: Io,
  path: string,
  secret: string,
  remedy = '`verdict approvals reissue` makes a new one',
): Promise<void> => {
  const full = resolve(io.cwd, path);
  try {
    await rm(full, { force: true });
    await writeFile(full, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new CliFailure(EXIT.incomplete, {
      code: 'file_unwritable',
      title: `it is done, but the secret could not be written to ${path}`,
      detail: `${detail}; ${remedy}`,
      retry: 'never',
      idempotencyKey: null,
    });
  }
};
