import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readJson } from '@verdict/contracts';
import { textMemberOf } from '@verdict/domain';
import { wrongCall } from '../failure.js';
import { readSecret } from '../input/input-file.js';
import type { Io } from '../io.js';

export const DATA_DIR = '.verdict';

/** Which server, and as whom. Precedence: flag, variable, then the server that runs from this folder. */
export interface Settings {
  readonly url: URL;
  /** undefined: only what is public can be asked. */
  readonly token: string | undefined;
}

export interface SettingsFlags {
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
}

const given = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text);

export const dataDirOf = (io: Io, flag: string | undefined): string =>
  resolve(io.cwd, given(flag) ?? given(io.env['VERDICT_DATA_DIR']) ?? DATA_DIR);

/** A running standalone leaves its address in its data folder. */
const urlOfLocalServer = async (dataDir: string): Promise<string | undefined> => {
  try {
    const read = readJson(await readFile(join(dataDir, 'server.json')), { depthMax: 4 });
    return read.kind === 'ok' ? textMemberOf(read.value, 'url') : undefined;
  } catch {
    return undefined; // No such file: no server runs from this folder.
  }
};

const parsedUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw wrongCall('url_invalid', `not an http address: ${text}`, 'such as http://127.0.0.1:8080');
  }
  if (url.username !== '' || url.password !== '')
    throw wrongCall('url_invalid', 'the address must not hold a password');
  return url;
};

const tokenOf = async (io: Io, flag: string | undefined): Promise<string | undefined> => {
  const file = given(flag) ?? given(io.env['VERDICT_TOKEN_FILE']);
  if (flag === undefined && given(io.env['VERDICT_TOKEN']) !== undefined) return io.env['VERDICT_TOKEN']?.trim();
  return file === undefined ? undefined : readSecret(io, file);
};

export const readSettings = async (io: Io, flags: SettingsFlags): Promise<Settings> => {
  const text = given(flags.url) ?? given(io.env['VERDICT_URL']) ?? (await urlOfLocalServer(dataDirOf(io, undefined)));
  if (text === undefined) {
    throw wrongCall(
      'url_missing',
      'which server?',
      'give --url or set VERDICT_URL; a server started with `npm start` in this folder is found by itself',
    );
  }
  return { url: parsedUrl(text), token: await tokenOf(io, flags.tokenFile) };
};
