import { describe, expect, it } from '@jest/globals';
import { backoffMs, pause, within } from './time.js';

describe('Waiting', () => {
  it('doubles from the first pause to the longest, for ever', () => {
    const terms = { firstMs: 100, longestMs: 30_000 };
    const pauses = [1, 2, 3, 9, 10, 10_000].map((tries) => backoffMs(terms, tries));
    expect(pauses).toEqual([100, 200, 400, 25_600, 30_000, 30_000]);
  });

  it('ends a pause that nobody needs any more', async () => {
    const over = new AbortController();
    const paused = pause(1_000_000, over.signal);
    over.abort();
    await paused;
    await pause(1_000_000, over.signal);
  });

  it('gives what came in time, and rejects when nothing did', async () => {
    expect(await within(1_000_000, Promise.resolve('answer'))).toBe('answer');
    await expect(within(1_000_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(within(1, new Promise(() => undefined))).rejects.toThrow('no answer within 1 ms');
  });
});
