import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateLimiter } from './rate-limiter.js';
import { lowerRate, type Rate, takeTokens } from './token-bucket.js';

const rates = fc.record({
  perSecond: fc.double({ min: 0.5, max: 500, noNaN: true }),
  burst: fc.integer({ min: 1, max: 800 }),
});
const gapsMs = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 300 });

/** Times at which tokens were given, when somebody asks at each of these times. */
const givenAt = (rate: Rate, asked: readonly number[]): readonly number[] => {
  let fullAt: number | undefined;
  return asked.filter((at) => {
    const taken = takeTokens(rate, fullAt, at);
    if (taken.kind === 'taken') fullAt = taken.fullAtMs;
    return taken.kind === 'taken';
  });
};
const timesOf = (gaps: readonly number[]): readonly number[] => {
  let at = 0;
  return gaps.map((gap) => (at += gap));
};

describe('a token bucket', () => {
  it('gives out at most its burst and its rate in any span of time', () => {
    fc.assert(
      fc.property(rates, gapsMs, (rate, gaps) => {
        const given = givenAt(rate, timesOf(gaps));
        given.forEach((from, first) => {
          const last = given.length - 1;
          const seconds = ((given[last] ?? 0) - from) / 1000;
          expect(last - first + 1).toBeLessThanOrEqual(rate.burst + rate.perSecond * seconds + 1e-6);
        });
      }),
    );
  });
  it('never refuses who asks no faster than its rate', () => {
    fc.assert(
      fc.property(rates, gapsMs, (rate, gaps) => {
        const asked = timesOf(gaps.map((gap) => gap + 1000 / rate.perSecond));
        expect(givenAt(rate, asked)).toHaveLength(asked.length);
      }),
    );
  });
  it('gives its whole burst after a rest, and then says when the next token is there', () => {
    fc.assert(
      fc.property(rates, (rate) => {
        const given = givenAt(
          rate,
          Array.from({ length: rate.burst + 1 }, () => 5),
        );
        expect(given).toHaveLength(rate.burst);
        const fullAt = 5 + (rate.burst * 1000) / rate.perSecond;
        const refused = takeTokens(rate, fullAt, 5);
        if (refused.kind !== 'refused') throw new Error('it gives more than its burst');
        expect(refused.retryAfterMs).toBeCloseTo(1000 / rate.perSecond, 3);
        expect(takeTokens(rate, fullAt, 5 + refused.retryAfterMs).kind).toBe('taken');
      }),
    );
  });
  it('lets a wish that is larger than the burst pass when it is full', () => {
    expect(takeTokens({ perSecond: 1, burst: 3 }, undefined, 0, 100)).toEqual({ kind: 'taken', fullAtMs: 3000 });
  });
  it('is only ever lowered by a policy', () => {
    const quota = { perSecond: 200, burst: 400 };
    expect(lowerRate(quota, undefined)).toEqual(quota);
    expect(lowerRate(quota, { perSecond: null, burst: null })).toEqual(quota);
    expect(lowerRate(quota, { perSecond: 5, burst: 9000 })).toEqual({ perSecond: 5, burst: 400 });
  });
});

describe('a limit over many keys', () => {
  it('gives each key exactly what it would get if it were alone', () => {
    const asks = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.double({ min: 0, max: 40, noNaN: true })));
    fc.assert(
      fc.property(rates, asks, (rate, asked) => {
        const together = new RateLimiter();
        let at = 0;
        const log = asked.map(([key, gap]) => {
          at += gap;
          return { key, at, given: together.take(key, rate, at).kind === 'taken' };
        });
        for (const key of ['a', 'b', 'c']) {
          const own = log.filter((each) => each.key === key);
          const alone = givenAt(
            rate,
            own.map((each) => each.at),
          );
          expect(own.filter(({ given }) => given).map((each) => each.at)).toEqual(alone);
        }
      }),
    );
  });
  it('remembers no more keys than it may, and forgets the one that rested longest', () => {
    const limiter = new RateLimiter(3);
    const rate = { perSecond: 0.001, burst: 1 };
    for (let key = 0; key < 100_000; key += 1) limiter.take(`t${key.toString()}`, rate, 0);
    expect(limiter.size).toBe(3);
    expect(limiter.take('t99999', rate, 0).kind).toBe('refused');
    expect(limiter.take('t5', rate, 0).kind).toBe('taken');
  });
  it('keeps the key that was just used, however long it has been known', () => {
    const limiter = new RateLimiter(2);
    const rate = { perSecond: 0.001, burst: 2 };
    for (const key of ['first', 'second', 'first', 'third']) limiter.take(key, rate, 0);
    expect(limiter.take('first', rate, 0).kind).toBe('refused');
  });
});
