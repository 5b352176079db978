import { setTimeout as pause } from 'node:timers/promises';
import { CliFailure } from '../failure.js';
import { EXIT, type Io } from '../io.js';
import { networkCause } from './network-cause.js';

const ATTEMPTS_MAX = 4;
const FIRST_WAIT_MS = 200;
/** The server, or something before it, could not do it now. Repeating is safe: the key is the same. */
const WORTH_REPEATING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface AttemptOptions {
  readonly timeoutMs: number;
  /** The answer is read in full before it counts as one: a link that drops half-way is tried again too. */
  readonly isBuffered: boolean;
  readonly idempotencyKey: string | null;
  readonly isWrite: boolean;
}

type Repeated = Pick<AttemptOptions, 'idempotencyKey' | 'isWrite'>;
/** A write is repeated with its key, which may be one that the server makes of what is asked. */
const repeatOf = ({ idempotencyKey, isWrite }: Repeated) =>
  ({ retry: isWrite ? 'same-key' : 'later', idempotencyKey }) as const;

const interrupted = (repeated: Repeated): CliFailure =>
  new CliFailure(EXIT.interrupted, {
    code: 'interrupted',
    title: 'interrupted',
    ...repeatOf(repeated),
  });

const unreachable = (url: URL, error: unknown, options: AttemptOptions): CliFailure => {
  const isTimeout = error instanceof Error && error.name === 'TimeoutError';
  return new CliFailure(EXIT.unknown, {
    code: isTimeout ? 'timeout' : 'server_unreachable',
    title: isTimeout
      ? `no answer from ${url.origin} within ${String(options.timeoutMs)} ms`
      : `cannot reach ${url.origin}`,
    ...(isTimeout ? {} : { detail: networkCause(error) }),
    ...repeatOf(options),
  });
};

const waitOf = (attempt: number, response: Response | undefined): number => {
  const seconds = Number(response?.headers.get('retry-after') ?? 'none');
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : FIRST_WAIT_MS * 2 ** (attempt - 1);
};

type Tried = { readonly response: Response } | { readonly error: unknown };

const inMemory = async (response: Response): Promise<Response> => {
  const bytes = await response.arrayBuffer();
  const { status, headers } = response;
  return new Response(bytes.byteLength === 0 ? null : bytes, { status, headers });
};

const tryOnce = async (io: Io, url: URL, init: RequestInit, isBuffered: boolean): Promise<Tried> => {
  try {
    const response = await io.fetch(url, init);
    return { response: isBuffered ? await inMemory(response) : response };
  } catch (error) {
    return { error };
  }
};

/** How long to wait before the next attempt; undefined when there is none. */
const nextWaitMs = (attempt: number, tried: Tried, leftMs: number): number | undefined => {
  const waitMs = waitOf(attempt, 'response' in tried ? tried.response : undefined);
  return attempt < ATTEMPTS_MAX && waitMs < leftMs ? waitMs : undefined;
};

/**
 * Sends a request, and again with the same key when nobody knows how it ended: at most four times, all of them within
 * `timeoutMs`. Redirects are errors, so that a token goes nowhere else.
 */
export const fetchWithRetries = async (
  io: Io,
  url: URL,
  init: RequestInit,
  options: AttemptOptions,
): Promise<Response> => {
  const signal = AbortSignal.any([io.interrupted, AbortSignal.timeout(options.timeoutMs)]);
  const deadlineMs = io.now() + options.timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const tried = await tryOnce(io, url, { ...init, redirect: 'error', signal }, options.isBuffered);
    if (io.interrupted.aborted) throw interrupted(options);
    if ('response' in tried && !WORTH_REPEATING.has(tried.response.status)) return tried.response;
    const waitMs = nextWaitMs(attempt, tried, signal.aborted ? 0 : deadlineMs - io.now());
    if (waitMs === undefined) {
      if ('response' in tried) return tried.response;
      throw unreachable(url, tried.error, options);
    }
    await pause(waitMs, undefined, { signal: io.interrupted }).catch(() => {
      throw interrupted(options);
    });
  }
};
