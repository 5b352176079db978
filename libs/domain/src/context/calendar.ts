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

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Which day of its month it is, from 1. */
export const dayOfMonth = (day: Day): number => Number(day.slice(8, 10));

/** First and last day of the month that a day lies in. Counted, not asked of a Date: every decision needs it. */
export const monthOf = (day: Day): { readonly start: Day; readonly end: Day } => {
  const yearAndMonth = day.slice(0, 7);
  const month = Number(day.slice(5, 7));
  const length = month === 2 && isLeap(Number(day.slice(0, 4))) ? 29 : LENGTHS[month - 1];
  return { start: `${yearAndMonth}-01`, end: `${yearAndMonth}-${String(length)}` };
};
