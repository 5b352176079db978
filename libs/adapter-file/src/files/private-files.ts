import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { KeyStoreUnavailable } from '@verdict/application';

/** Modes and folder handles mean nothing on Windows; access control there is that of the folder's owner. */
const HAS_MODES = process.platform !== 'win32';
const OTHERS = 0o077;
const FILE_BYTES_MAX = 16 * 1024;
const DRAFT = /^\..+\.draft$/;
const DRAFT_AGE_MS = 60_000;

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

/** Runs file work; whatever the system refuses is told with the place, never with a content. */
export const told = <Value>(path: string, work: () => Value): Value => {
  try {
    return work();
  } catch (error) {
    if (error instanceof KeyStoreUnavailable) throw error;
    throw new KeyStoreUnavailable(`${path}: ${codeOf(error) ?? 'it cannot be used'}`, { cause: error });
  }
};

const syncFolder = (dir: string): void => {
  if (!HAS_MODES) return;
  const handle = fs.openSync(dir, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
};

/** A draft that is left was cut off by a crash; one that is young may be another process at work. */
const removeStaleDrafts = (dir: string): void => {
  for (const name of fs.readdirSync(dir)) {
    if (!DRAFT.test(name)) continue;
    const path = join(dir, name);
    const found = fs.statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < Date.now() - DRAFT_AGE_MS) fs.rmSync(path, { force: true });
  }
};

/** Makes the folder with mode 0700, or takes one that exists: an empty one is closed to others, a used one must be closed. */
export const openPrivateFolder = (dir: string): void => {
  told(dir, () => {
    const made = fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (made !== undefined) syncFolder(dirname(made));
    const { mode } = fs.statSync(dir);
    if (HAS_MODES && (mode & OTHERS) !== 0) {
      if (fs.readdirSync(dir).length > 0) {
        throw new KeyStoreUnavailable(`${dir} has mode ${octal(mode)}, so others can reach its keys; set it to 0700`);
      }
      fs.chmodSync(dir, 0o700);
    }
    removeStaleDrafts(dir);
  });
};

const readAll = (path: string, handle: number): string => {
  const found = fs.fstatSync(handle);
  if (!found.isFile()) throw new KeyStoreUnavailable(`${path} is not a file`);
  if (HAS_MODES && (found.mode & OTHERS) !== 0) {
    throw new KeyStoreUnavailable(
      `${path} has mode ${octal(found.mode)}, so others can read the key; make a new key, or set it to 0600 if nobody has read it`,
    );
  }
  if (found.size > FILE_BYTES_MAX) throw new KeyStoreUnavailable(`${path} is too large for a key file`);
  return fs.readFileSync(handle, 'utf8');
};

/** Text of a file that only its owner can read; undefined when there is no such file. */
export const readPrivateFile = (path: string): string | undefined =>
  told(path, () => {
    let handle: number;
    try {
      handle = fs.openSync(path, 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return readAll(path, handle);
    } finally {
      fs.closeSync(handle);
    }
  });

const writeDraft = (draft: string, text: string): void => {
  const handle = fs.openSync(draft, 'wx', 0o600);
  try {
    fs.writeFileSync(handle, text);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
};

/** Links, since a rename would silently replace the file of a process that was faster. */
const linkUnlessTaken = (draft: string, path: string): boolean => {
  try {
    fs.linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
};

/**
 * Makes the file with mode 0600, whole and durable, or answers false when the name is taken; then the file of the other
 * is durable. Nobody ever sees a part of it.
 */
export const createPrivateFile = (path: string, text: string): boolean =>
  told(path, () => {
    const dir = dirname(path);
    const draft = join(dir, `.${basename(path)}.${randomBytes(8).toString('hex')}.draft`);
    try {
      writeDraft(draft, text);
      return linkUnlessTaken(draft, path);
    } finally {
      fs.rmSync(draft, { force: true });
      syncFolder(dir);
    }
  });

/** Tells one making of a file from the next; undefined when there is none. */
export const stampOf = (path: string): string | undefined =>
  told(path, () => {
    const found = fs.statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : `${String(found.ino)}:${String(found.mtimeMs)}`;
  });

const renameIfThere = (from: string, to: string): void => {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
};

/**
 * Overwrites and removes the file; true when there was something to erase. It leaves its name first, so that nobody reads
 * it half erased, and its second name is fixed, so that a repeat after a crash finishes the work.
 */
export const erasePrivateFile = (path: string): boolean =>
  told(path, () => {
    const dir = dirname(path);
    const leaving = join(dir, `.${basename(path)}.erased`);
    renameIfThere(path, leaving);
    const found = fs.statSync(leaving, { throwIfNoEntry: false });
    if (found === undefined) return false;
    const handle = fs.openSync(leaving, 'r+');
    try {
      fs.writeSync(handle, Buffer.alloc(found.size), 0, found.size, 0);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    fs.rmSync(leaving);
    syncFolder(dir);
    return true;
  });
