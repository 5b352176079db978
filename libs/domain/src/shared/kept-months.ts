import type { Instant } from './brand.js';
import { monthOf, type Period, periodOfMonth } from './instant.js';

/**
 * Months that something was counted in, newest first; what was counted in periods that ended before the oldest of them is
 * forgotten. Nobody asks for a period that is over, save whoever was on his way when it ended. Months are counted as they
 * come, not by the calendar, so that one entry of a clock that runs ahead makes nobody forget the month that is.
 */
export type KeptMonths = readonly string[];

export const MONTHS_KEPT = 3;
export const noMonths: KeptMonths = [];

/** The same months where that of `at` is one of them already, or is older than all. */
export const withMonth = (months: KeptMonths, at: Instant): KeptMonths => {
  const month = monthOf(at);
  if (months.includes(month) || isForgotten(months, month)) return months;
  return [month, ...months].sort().reverse().slice(0, MONTHS_KEPT);
};

const kindOf = (period: string): Period => {
  if (period === 'all') return 'total';
  if (period.includes('Q')) return 'quarter';
  return period.includes('-') ? 'month' : 'year';
};

/** Whether a period, as `periodOf` names it, ended before the oldest month that is kept. */
export const isForgotten = (months: KeptMonths, period: string): boolean => {
  const oldest = months[MONTHS_KEPT - 1];
  return oldest !== undefined && period < periodOfMonth(kindOf(period), oldest);
};
