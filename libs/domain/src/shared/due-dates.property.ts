import { describe, expect, it } from '@jest/globals';
import { decodeState, encodeState } from '@verdict/application';
import fc from 'fast-check';
import type { Instant } from './brand.js';
import { type DueDates, dueUntil, noDueDates, withDueDate, withoutDueDate } from './due-dates.js';

const instant = fc
  .oneof(fc.nat({ max: 90_000 }), fc.nat({ max: 80_000_000_000 })) // Within two minutes, or within two and a half years.
  .map((ms) => new Date(Date.parse('2026-11-10T10:00:00.000Z') + ms).toISOString() as Instant);
const id = fc.nat({ max: 20 }).map(String);
const steps = fc.array(fc.record({ id, at: instant, isRemoved: fc.boolean() }), { maxLength: 80 });

/** The dates after these steps, and a plain map that had the same steps. */
const after = (all: readonly { readonly id: string; readonly at: Instant; readonly isRemoved: boolean }[]) => {
  const plain = new Map<string, Instant>();
  let dates: DueDates = noDueDates;
  for (const { id: name, at, isRemoved } of all) {
    const earlier = plain.get(name);
    if (earlier !== undefined) dates = withoutDueDate(dates, name, earlier);
    plain.delete(name);
    if (isRemoved) continue;
    dates = withDueDate(dates, name, at);
    plain.set(name, at);
  }
  return { dates, plain };
};
const textOf = (dates: DueDates): string => Buffer.from(encodeState(dates)).toString();

describe('due dates', () => {
  it('find what a walk over all finds', () => {
    fc.assert(
      fc.property(steps, instant, (all, until) => {
        const { dates, plain } = after(all);
        const walked = [...plain].filter(([, at]) => at <= until).map(([name]) => name);
        expect([...dueUntil(dates, until)].sort()).toEqual(walked.sort());
      }),
    );
  });

  it('of equal content have one shape, whatever came before, and survive a snapshot', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { dates, plain } = after(all);
        const fresh = [...plain].reduce((made, [name, at]) => withDueDate(made, name, at), noDueDates);
        expect(textOf(dates)).toBe(textOf(fresh));
        const again = decodeState(encodeState(dates)) as DueDates;
        const end = '9999-01-01T00:00:00.000Z' as Instant;
        expect([...dueUntil(again, end)].sort()).toEqual([...plain.keys()].sort());
      }),
    );
  });

  it('are the same when nothing changes', () => {
    const at = '2026-11-10T10:00:00.000Z' as Instant;
    const dates = withDueDate(noDueDates, 'a', at);
    expect(withDueDate(dates, 'a', at)).toBe(dates);
    expect(withoutDueDate(dates, 'b', at)).toBe(dates);
    expect(withoutDueDate(dates, 'a', at).size).toBe(0);
  });

  it('look at what is due, and not at the thousands that are not', () => {
    const start = Date.parse('2026-11-10T10:00:00.000Z');
    const at = (minutes: number): Instant => new Date(start + minutes * 60_000).toISOString() as Instant;
    let dates: DueDates = noDueDates;
    for (let minute = 0; minute < 10_000; minute += 1) dates = withDueDate(dates, String(minute), at(minute));
    let names = 0;
    const counted = (shelf: DueDates): DueDates =>
      new Proxy(shelf, {
        get: (target, member) => {
          if (member !== Symbol.iterator) return Reflect.get(target, member) as unknown;
          return function* () {
            for (const [name, within] of target) {
              names += 1;
              yield [name, typeof within === 'string' ? within : counted(within)] as const;
            }
          };
        },
      });
    expect([...dueUntil(counted(dates), at(5))].sort()).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(names).toBeLessThan(150);
  });
});
