import type { Instant } from '../shared/brand.js';

/** A UTC calendar day, `2026-11-10`: text in the order of time. */
export type Day = string;

const DAY_MS = 86_400_000;

export const dayOf = (at: Instant): Day => at.slice(0, 10);

/** The day `count` days later, or earlier where it is negative. */
export const plusDays = (day: Day, count: number): Day =>
  new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);

/** How many days `later` lies after `earlier`. */
export const daysBetween = (earlier: Day, later: Day): number => (Date.parse(later) - Date.parse(earlier)) / DAY_MS;

/** First and last day of the month that a day lies in. */
export const monthOf = (day: Day): { readonly start: Day; readonly end: Day } => {
  const start = `${day.slice(0, 7)}-01`;
  const inNext = plusDays(start, 31);
  return { start, end: plusDays(`${inNext.slice(0, 7)}-01`, -1) };
};
