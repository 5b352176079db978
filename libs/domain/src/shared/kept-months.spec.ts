import { describe, expect, it } from '@jest/globals';
import type { Instant } from './brand.js';
import { isForgotten, type KeptMonths, noMonths, withMonth } from './kept-months.js';

const seen = (...months: readonly string[]): KeptMonths =>
  months.reduce((kept, month) => withMonth(kept, `${month}-15T12:00:00.000Z` as Instant), noMonths);

describe('the months that are kept', () => {
  it('are the newest three that came, in whichever order', () => {
    expect(seen('2026-09', '2026-11', '2026-10', '2026-12', '2026-11')).toEqual(['2026-12', '2026-11', '2026-10']);
    expect(seen('2026-12', '2026-09', '2026-10', '2026-11')).toEqual(['2026-12', '2026-11', '2026-10']);
  });

  it('are the same where nothing is new', () => {
    const months = seen('2026-10', '2026-11', '2026-12');
    expect(withMonth(months, '2026-11-30T23:59:59.999Z' as Instant)).toBe(months);
    expect(withMonth(months, '2026-09-30T23:59:59.999Z' as Instant)).toBe(months);
  });

  it('outlive one of a clock that runs a year ahead', () => {
    expect(isForgotten(seen('2026-10', '2027-11', '2026-11'), '2026-10')).toBe(false);
  });

  it.each([
    ['2026-09', true],
    ['2026-10', false],
    ['2026-Q3', true],
    ['2026-Q4', false],
    ['2025', true],
    ['2026', false],
    ['all', false],
  ])('from October on: %s is forgotten: %s', (period, forgotten) => {
    expect(isForgotten(seen('2026-10', '2026-11', '2026-12'), period)).toBe(forgotten);
    expect(isForgotten(seen('2026-11', '2026-12'), period)).toBe(false);
  });
});
