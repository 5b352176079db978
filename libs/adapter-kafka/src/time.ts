import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after `ms`, or as soon as the signal aborts. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** Pauses after the first failure, the second and so on: doubled each time, up to the longest. */
export interface BackoffTerms {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Milliseconds to wait after the `tries`-th failure in a row, counted from 1. */
export const backoffMs = ({ firstMs, longestMs }: BackoffTerms, tries: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(tries - 1, 30));

/** Rejects when `work` has not settled after `ms`; what it does later is nobody's concern. */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`no answer within ${String(ms)} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
};
