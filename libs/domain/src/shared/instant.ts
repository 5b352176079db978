import type { Instant } from './brand.js';

/** Milliseconds since 1970 of a recorded instant. Pure: `Date.parse` reads text, it does not read the clock. */
export const msOf = (instant: Instant): number => Date.parse(instant);

/** An instant `seconds` after `start`; both UTC with milliseconds. */
export const plusSeconds = (start: Instant, seconds: number): Instant => instantOf(msOf(start) + seconds * 1000);

/** The instant text of a Unix time in milliseconds: RFC 3339, UTC, 3 places. */
export const instantOf = (ms: number): Instant => new Date(ms).toISOString() as Instant;

export type Period = 'month' | 'quarter' | 'year' | 'total';

/** Name of the UTC calendar period an instant lies in: `2026-11`, `2026-Q4`, `2026`, `all`. */
export const periodOf = (period: Period, at: Instant): string => {
  switch (period) {
    case 'month':
      return at.slice(0, 7);
    case 'quarter':
      return `${at.slice(0, 4)}-Q${String(Math.ceil(Number(at.slice(5, 7)) / 3))}`;
    case 'year':
      return at.slice(0, 4);
    case 'total':
      return 'all';
  }
};
