import { describe, expect, it } from '@jest/globals';
import type { Instant } from './brand.js';
import { periodOf } from './instant.js';

const FIRST = '2026-01-01T00:00:00.000Z' as Instant;
const monthsOf = (year: string): readonly Instant[] =>
  Array.from({ length: 12 }, (_, index) => `${year}-${String(index + 1).padStart(2, '0')}-28T23:59:59.999Z` as Instant);

describe('the calendar periods of budgets', () => {
  it('are months, by their number in the year', () => {
    expect(new Set(monthsOf('2026').map((at) => periodOf('month', at))).size).toBe(12);
    expect(periodOf('month', FIRST)).toBe('2026-01');
  });

  it('are quarters of three months each, the first from January', () => {
    const quarters = monthsOf('2026').map((at) => periodOf('quarter', at));
    expect(quarters).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4].map((quarter) => `2026-Q${String(quarter)}`));
  });

  it('are years of all their months, which begin with the first instant of January, UTC', () => {
    expect(new Set(monthsOf('2025').map((at) => periodOf('year', at)))).toEqual(new Set(['2025']));
    expect(periodOf('year', '2025-12-31T23:59:59.999Z' as Instant)).toBe('2025');
    expect(periodOf('year', FIRST)).toBe('2026');
  });

  it('are all time as one, where the budget is a total', () => {
    expect([...monthsOf('2025'), FIRST].map((at) => periodOf('total', at))).toEqual(Array(13).fill('all'));
  });
});
