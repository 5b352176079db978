import { type Rate, type Taken, takeTokens } from './token-bucket.js';

/** As many buckets as one limit remembers; some 10 MB when all are used. */
export const BUCKETS_MAX = 100_000;

/**
 * One limit over many keys (tenants, subjects). The key that rested longest makes room: its bucket is the likeliest to be
 * full, and a full bucket is as good as none. Where it was not, that key may burst once more; nobody else gets less.
 */
export class RateLimiter {
  private readonly fullAt = new Map<string, number>();

  constructor(private readonly bucketsMax: number = BUCKETS_MAX) {}

  /** `nowMs` of one monotonic clock. */
  take(key: string, rate: Rate, nowMs: number, tokens = 1): Taken {
    const taken = takeTokens(rate, this.fullAt.get(key), nowMs, tokens);
    if (taken.kind === 'refused') return taken;
    this.fullAt.delete(key); // A map keeps insertion order: the first is the one that rested longest.
    this.fullAt.set(key, taken.fullAtMs);
    if (this.fullAt.size > this.bucketsMax) this.forgetFirst();
    return taken;
  }

  get size(): number {
    return this.fullAt.size;
  }

  private forgetFirst(): void {
    const first = this.fullAt.keys().next();
    if (first.done !== true) this.fullAt.delete(first.value);
  }
}
