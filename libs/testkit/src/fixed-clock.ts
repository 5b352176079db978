import type { Instant } from '@verdict/domain';

export interface FixedClock {
  /** Unix milliseconds, UTC. */
  nowMs(): number;
  now(): Instant;
  /** Moves the clock forward; it never moves by itself. */
  advance(ms: number): void;
}

/** A clock that stands still until a test moves it. */
export const fixedClock = (start = '2026-11-22T02:13:17.000Z'): FixedClock => {
  let ms = Date.parse(start);
  if (Number.isNaN(ms)) throw new RangeError(`not an instant: ${start}`);
  return {
    nowMs: () => ms,
    now: () => new Date(ms).toISOString() as Instant,
    advance: (byMs) => {
      if (byMs < 0) throw new RangeError('a clock does not run backwards');
      ms += byMs;
    },
  };
};
