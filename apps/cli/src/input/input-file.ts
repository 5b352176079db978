import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FOREIGN_DEPTH_MAX, readJson } from '@verdict/contracts';
import type { RawJson } from '@verdict/domain';
import { CliFailure, wrongCall } from '../failure.js';
import type { Io } from '../io.js';

/** Bigger inputs are a mistake of the caller; nothing here needs to be read in parts. */
export const INPUT_BYTES_MAX = 256 * 1024 * 1024;

export const STDIN = '-';

const nameOf = (path: string): string => (path === STDIN ? 'standard input' : path);

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a folder',
};

/** The code of an error of the file system. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';

/** The same words for every file that cannot be read. */
export const unreadable = (path: string, error: unknown): CliFailure => {
  const code = codeOf(error);
  return wrongCall('file_unreadable', `cannot read ${path}`, REASONS[code] ?? code);
};

const tooLarge = (path: string): CliFailure =>
  wrongCall('file_too_large', `${nameOf(path)} is too large`, 'at most 256 MiB are read');

/** Whatever has no size to begin with, such as a pipe or a device, may have no end. */
export const readWhole = async (
  source: AsyncIterable<Uint8Array>,
  path: string,
  bytesMax = INPUT_BYTES_MAX,
): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > bytesMax) throw tooLarge(path);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
};

/** Reads a file, or standard input for `-`. */
export const readInput = async (io: Io, path: string): Promise<Uint8Array> => {
  if (path === STDIN) return readWhole(io.stdin(), path);
  const full = resolve(io.cwd, path);
  try {
    const { size } = await stat(full);
    if (size > INPUT_BYTES_MAX) throw tooLarge(path);
    return await readWhole(createReadStream(full), path);
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw unreadable(path, error);
  }
};

/** What files look like that people pass instead of JSON. */
const looksLike = (bytes: Uint8Array): string | undefined => {
  const [first, second] = bytes;
  if (first === 0x50 && second === 0x4b)
    return 'this is a binary file (a saved Terraform plan?): print it as JSON with `terraform show -json FILE`';
  if (first === 0xff || first === 0xfe)
    return 'this is UTF-16: write it as UTF-8 (PowerShell: `| Out-File -Encoding utf8NoBOM`)';
  if (first === 0xef && second === 0xbb) return 'it begins with a byte order mark: write UTF-8 without one';
  return undefined;
};

/** Strict JSON: a member that occurs twice is an error here, not a surprise later. */
export const parseJsonInput = (bytes: Uint8Array, path: string): RawJson => {
  const name = nameOf(path);
  if (bytes.length === 0) throw wrongCall('input_empty', `${name} is empty`, 'did the command before it fail?');
  const read = readJson(bytes, { depthMax: FOREIGN_DEPTH_MAX });
  if (read.kind === 'ok') return read.value;
  const place = read.pointer === '' ? '' : ` (in ${read.pointer})`;
  const hint =
    looksLike(bytes) ?? `${read.detail}${place}; ${String(bytes.length)} bytes were read: is the file whole?`;
  throw wrongCall('malformed_json', `${name} is not JSON`, hint);
};

/** Text in UTF-8, without a byte order mark; nothing in it is replaced silently. */
export const decodeText = (bytes: Uint8Array, path: string): string => {
  const name = nameOf(path);
  if (bytes.length === 0) throw wrongCall('input_empty', `${name} is empty`, 'did the command before it fail?');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw wrongCall('text_malformed', `${name} is not UTF-8`, looksLike(bytes));
  }
};

export const readJsonInput = async (io: Io, path: string): Promise<RawJson> =>
  parseJsonInput(await readInput(io, path), path);

const OTHERS_MAY_READ = 0o077;

/** What could not be sent is refused here, and not printed: the error of whoever sends it would name it. */
export const checkedToken = (text: string, name: string): string => {
  if (text === '') throw wrongCall('input_empty', `${name} holds no token`);
  if (/\s/.test(text)) throw wrongCall('token_file_invalid', `${name} holds more than a token`);
  if (!/^[\x21-\x7e]+$/.test(text))
    throw wrongCall('token_file_invalid', `${name} holds characters that no token has`, 'write it as plain ASCII');
  return text;
};

/** Reads a secret, one line. A file that others can read is refused: it is not a secret any more. */
export const readSecret = async (io: Io, path: string): Promise<string> => {
  if (path !== STDIN) await refuseOpenFile(io, path);
  const text = Buffer.from(await readInput(io, path))
    .toString('utf8')
    .trim();
  return checkedToken(text, nameOf(path));
};

const refuseOpenFile = async (io: Io, path: string): Promise<void> => {
  const full = resolve(io.cwd, path);
  const found = await stat(full).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (found.isDirectory()) throw unreadable(path, { code: 'EISDIR' });
  const { mode } = found;
  if (process.platform === 'win32' || (mode & OTHERS_MAY_READ) === 0) return;
  throw wrongCall('token_file_open', `others can read ${path}`, `run: chmod 600 ${path}`);
};
