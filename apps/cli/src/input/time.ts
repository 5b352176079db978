import { type Instant, instantOf } from '@verdict/domain';
import { wrongCall } from '../failure.js';

const TIME = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A `Date` takes February 30 for March 2. */
const isDay = (day: string): boolean => {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
};

/** `2026-11-01` (midnight UTC), `2026-11-01T08:00:00Z` or `2026-11-01T10:00+02:00`; undefined for anything else. */
export const timeOf = (text: string): Instant | undefined => {
  const [, day] = TIME.exec(text) ?? [];
  const ms = day !== undefined && isDay(day) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : instantOf(ms);
};

/** Reads a time before it is sent; it goes out in UTC, whatever zone it was written in. */
export const parseTime = (text: string, flag: string): Instant => {
  const instant = timeOf(text);
  if (instant !== undefined) return instant;
  throw wrongCall(
    'time_invalid',
    `${flag} is no time: ${text}`,
    'write 2026-12-31 (midnight UTC), 2026-12-31T18:00:00Z or 2026-12-31T18:00:00+01:00',
  );
};
