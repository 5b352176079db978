import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readJson } from '@verdict/contracts';
import { textMemberOf } from '@verdict/domain';
import { given } from '../config/places.js';
import { type Candidate, type Resolution, winnerOf } from '../config/resolve.js';
import { wrongCall } from '../failure.js';
import { checkedToken, readSecret } from '../input/input-file.js';
import { checkedTenant } from '../input/tenant.js';
import type { Io } from '../io.js';
import { tenantOf } from './token-claims.js';

export const DATA_DIR = '.verdict';

/** Which server, and as whom. */
export interface Settings {
  readonly url: URL;
  /** undefined: only what is public can be asked. */
  readonly token: string | undefined;
  /** Why a token that is configured is not used. */
  readonly tokenPassedOver: string | undefined;
}

export const dataDirOf = (io: Io, flag: string | undefined): string =>
  resolve(io.cwd, given(flag) ?? given(io.env['VERDICT_DATA_DIR']) ?? DATA_DIR);

/** A running standalone leaves its address in its data folder. */
export const localServer = (io: Io): Candidate | undefined => {
  const path = join(dataDirOf(io, undefined), 'server.json');
  try {
    const read = readJson(readFileSync(path), { depthMax: 4 });
    const url = read.kind === 'ok' ? textMemberOf(read.value, 'url') : undefined;
    return url === undefined ? undefined : { value: url, source: { kind: 'server', path } };
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

const tokenOf = async (io: Io, candidate: Candidate | undefined): Promise<string | undefined> => {
  if (candidate === undefined) return undefined;
  const { source, value } = candidate;
  const isValue = source.kind === 'variable' && source.name === 'VERDICT_TOKEN';
  return isValue ? checkedToken((io.env['VERDICT_TOKEN'] ?? '').trim(), 'VERDICT_TOKEN') : readSecret(io, value);
};

/** The token says whose it is; `--tenant` makes sure that it is the one that was meant. */
const checkTenant = (named: Candidate | undefined, token: string | undefined): void => {
  if (named === undefined || token === undefined) return;
  const [tenant, own] = [checkedTenant(named.value), tenantOf(token)];
  if (own === tenant) return;
  if (own === undefined)
    throw wrongCall('tenant_unknown', 'the token does not say whose it is', 'the server knows: leave the tenant out');
  throw wrongCall('tenant_mismatch', `the token is of the tenant ${own}, not of ${tenant}`);
};

const passedOverOf = (candidates: readonly Candidate[]): string | undefined => {
  const found = candidates.find(({ passedOver }) => passedOver !== undefined);
  return found === undefined ? undefined : `${found.value} is not used: ${found.passedOver ?? ''}`;
};

export const readSettings = async (io: Io, { candidates, unknownContext }: Resolution): Promise<Settings> => {
  if (unknownContext !== undefined) throw unknownContext;
  const url = winnerOf(candidates.url);
  if (url === undefined) {
    throw wrongCall(
      'url_missing',
      'which server?',
      'give --url or --context, or set VERDICT_URL; a server started with `npm start` in this folder is found by itself',
    );
  }
  const token = await tokenOf(io, winnerOf(candidates.token_file));
  checkTenant(winnerOf(candidates.tenant), token);
  return { url: parsedUrl(url.value), token, tokenPassedOver: passedOverOf(candidates.token_file) };
};
