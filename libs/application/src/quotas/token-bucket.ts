/** How fast, and how many at once after a rest. Both at least 1 token; a rate may be a fraction of one a second. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export type Taken =
  | { readonly kind: 'taken'; readonly fullAtMs: number }
  /** `retryAfterMs`: until as many tokens are there again as were asked for. */
  | { readonly kind: 'refused'; readonly retryAfterMs: number };

/**
 * Takes tokens from a bucket that is nothing but the time at which it will be full again: one number a tenant, and a full
 * bucket needs none.
 *
 * @param fullAtMs when the bucket is full again; undefined: it is full. Of one monotonic clock, like `nowMs`.
 * @param tokens at least 1. More than the burst counts as the burst: otherwise it could never pass.
 * @returns in any span of time at most `burst + perSecond * seconds` tokens are given out.
 * @source generic cell rate algorithm, ITU-T I.371; limits of contract section 16
 */
export const takeTokens = (
  { perSecond, burst }: Rate,
  fullAtMs: number | undefined,
  nowMs: number,
  tokens = 1,
): Taken => {
  const tokenMs = 1000 / perSecond;
  const wanted = Math.min(tokens, burst);
  const next = Math.max(fullAtMs ?? nowMs, nowMs) + wanted * tokenMs;
  const beyondMs = next - nowMs - burst * tokenMs;
  // A sum of fractions of milliseconds is off by some of their last bits; that refuses nobody.
  return beyondMs > 1e-6 ? { kind: 'refused', retryAfterMs: beyondMs } : { kind: 'taken', fullAtMs: next };
};

/** The stricter of two rates, member by member. A null says nothing. */
export const lowerRate = (
  rate: Rate,
  by: { readonly perSecond: number | null; readonly burst: number | null } | undefined,
): Rate => ({
  perSecond: Math.min(rate.perSecond, by?.perSecond ?? rate.perSecond),
  burst: Math.min(rate.burst, by?.burst ?? rate.burst),
});
