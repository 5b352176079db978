import type { Instant } from './brand.js';

/** Milliseconds since 1970 of a recorded instant. Pure: `Date.parse` reads text, it does not read the clock. */
export const msOf = (instant: Instant): number => Date.parse(instant);

/** An instant `seconds` after `start`; both UTC with milliseconds. */
export const plusSeconds = (start: Instant, seconds: number): Instant => instantOf(msOf(start) + seconds * 1000);

/** The instant text of a Unix time in milliseconds: RFC 3339, UTC, 3 places. */
export const instantOf = (ms: number): Instant => new Date(ms).toISOString() as Instant;

export type Period = 'month' | 'quarter' | 'year' | 'total';

/** Name of the UTC calendar month an instant lies in: `2026-11`. */
export const monthOf = (at: Instant): string => at.slice(0, 7);

/** Name of the UTC calendar period that has a month (`2026-11`) in it: `2026-11`, `2026-Q4`, `2026`, `all`. */
export const periodOfMonth = (period: Period, month: string): string => {
  switch (period) {
    case 'month':
      return month;
    case 'quarter':
      return `${month.slice(0, 4)}-Q${String(Math.ceil(Number(month.slice(5)) / 3))}`;
    case 'year':
      return month.slice(0, 4);
    case 'total':
      return 'all';
  }
};

/** Name of the UTC calendar period an instant lies in. */
export const periodOf = (period: Period, at: Instant): string => periodOfMonth(period, monthOf(at));
