import { lookup } from 'node:dns/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { isReachable } from './addresses.js';

/** All addresses of a host name, in the order in which they should be tried. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface Connecting {
  readonly resolve: Resolve;
  /** Authorities to trust instead of the system's, as PEM. */
  readonly ca: string | undefined;
}

export interface CheckedRequest {
  readonly url: URL;
  readonly isPrivateAllowed: boolean;
  readonly method: 'GET' | 'PATCH';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Ends it, and the look-up of its name, wherever it is. */
  readonly signal: AbortSignal;
  readonly bytesMax: number;
}

export type CheckedAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Uint8Array;
    }
  | { readonly kind: 'too_large' }
  /** Not https, or no address that may be connected to: nothing was sent. */
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'unreachable' };

export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** A resolver cannot be told to stop, and whoever owns the name says how long it takes. */
const unlessAborted = <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(new Error('there is no time left'));
    };
    if (signal.aborted) stop(); // It is told once only, and may have been before the name was asked for.
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });

const addressesOf = async (
  { url, signal }: CheckedRequest,
  resolve: Resolve,
): Promise<readonly string[] | undefined> => {
  const host = hostOf(url);
  if (isIP(host) !== 0) return [host];
  return unlessAborted(resolve(host), signal).catch(() => undefined);
};

const readUpTo = async (response: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > bytesMax) {
      response.destroy();
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
};

/** The name is not resolved again: `host` is the address that was checked, and the certificate must be that of the name. */
const optionsOf = (asked: CheckedRequest, address: string, { ca }: Connecting): RequestOptions => {
  const name = hostOf(asked.url);
  return {
    host: address,
    port: asked.url.port === '' ? 443 : Number(asked.url.port),
    path: `${asked.url.pathname}${asked.url.search}`,
    method: asked.method,
    headers: { ...asked.headers, host: asked.url.host },
    agent: false, // A kept connection would go to an address that was checked for somebody else.
    signal: asked.signal,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
};

const send = (options: RequestOptions, { body, bytesMax }: CheckedRequest): Promise<CheckedAnswer> =>
  new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      readUpTo(response, bytesMax).then((read) => {
        const { statusCode: status = 0, headers } = response;
        resolve(read === undefined ? { kind: 'too_large' } : { kind: 'answer', status, headers, body: read });
      }, reject);
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });

/** One HTTPS request to an address that was checked; redirects are answers. Never rejects, and never says a secret. */
export const checkedRequest = async (asked: CheckedRequest, connecting: Connecting): Promise<CheckedAnswer> => {
  const { url, isPrivateAllowed } = asked;
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return { kind: 'forbidden' };
  const addresses = await addressesOf(asked, connecting.resolve);
  if (addresses === undefined || addresses.length === 0) return { kind: 'unreachable' };
  const address = addresses.find((each) => isReachable(each, isPrivateAllowed));
  if (address === undefined) return { kind: 'forbidden' };
  return send(optionsOf(asked, address, connecting), asked).catch(() => ({ kind: 'unreachable' }));
};
