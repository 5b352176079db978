import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { UsdText } from './brand.js';
import {
  addUsd,
  floorTo4,
  formatUsd4,
  formatUsd6,
  hourlyOfMonthly,
  isMoney,
  max,
  microUsd,
  min,
  NOTHING,
  parseNumberToken,
  parseUsd,
  roundHalfEven,
  roundTo4,
  subtractUsd,
  sum,
  usdOf,
} from './money.js';

const printed = (text: string): string => {
  const parsed = parseUsd(text, 4);
  return isMoney(parsed) ? formatUsd4(parsed) : parsed;
};

describe('amounts of any length', () => {
  it('are read exactly, short ones like long ones', () => {
    const amount = fc.tuple(
      fc.boolean(),
      fc.bigInt(0n, 10n ** 12n - 1n),
      fc.integer({ min: 0, max: 6 }),
      fc.nat(999_999),
    );
    fc.assert(
      fc.property(amount, ([isNegative, whole, places, rest]) => {
        const fraction = rest.toString().padStart(6, '0').slice(0, places);
        const text = `${isNegative ? '-' : ''}${whole.toString()}${places === 0 ? '' : `.${fraction}`}`;
        const size = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
        expect(usdOf(text as UsdText)).toBe(isNegative ? -size : size);
      }),
      { examples: [[[false, 9_999_999_999n, 0, 0]], [[true, 0n, 4, 100]], [[false, 99_999n, 4, 999_900]]] },
    );
    for (const whole of ['9999999999', '1000000007', '9007199254']) {
      expect(usdOf(whole as UsdText)).toBe(BigInt(whole) * 1_000_000n);
    }
  });
});

describe('amounts sent as text', () => {
  it.each([
    ['125.5', '125.5000'],
    ['-300', '-300.0000'],
    ['-0', '0.0000'],
    ['0.0001', '0.0001'],
    ['-0.0001', '-0.0001'],
    ['1000000000000', '1000000000000.0000'],
    ['-1000000000000', '-1000000000000.0000'],
  ])('reads %s as %s', (text, expected) => {
    expect(printed(text)).toBe(expected);
  });

  it.each(['1e3', 'NaN', 'Infinity', ' 5', '+5', '', '5.', '.5', '01', '1,5', '--1', '1e24', '5\n', '٣'])(
    'refuses %j as money_invalid',
    (text) => {
      expect(parseUsd(text, 4)).toBe('money_invalid');
    },
  );

  it('refuses more decimals than the place has, before it looks at the range', () => {
    expect(parseUsd('0.00001', 4)).toBe('money_too_precise');
    expect(parseUsd('0.00001', 6)).toBe(10n);
    expect(parseUsd('0.0000001', 6)).toBe('money_too_precise');
    expect(parseUsd('2000000000000.00001', 4)).toBe('money_too_precise');
  });

  it('refuses what lies beyond the range, whose ends are legal', () => {
    expect(parseUsd('1000000000000.0001', 4)).toBe('money_out_of_range');
    expect(parseUsd('-1000000000000.0001', 4)).toBe('money_out_of_range');
    expect(parseUsd('9'.repeat(5000), 4)).toBe('money_out_of_range');
  });
});

describe('amounts sent as JSON numbers', () => {
  it.each([
    ['125.5', 125_500_000n],
    ['-0', 0n],
    ['0.17', 170_000n],
    ['99999999999.9999', 99_999_999_999_999_900n],
    ['1000000000000', 1_000_000_000_000_000_000n],
  ])('reads %s', (token, expected) => {
    expect(parseNumberToken(token, 4)).toBe(expected);
  });

  it.each([
    ['1e3', 'money_not_exact'],
    ['1.5E-2', 'money_not_exact'],
    ['999999999999.9999', 'money_not_exact'],
    ['9007199254740993', 'money_not_exact'],
    ['0.00001', 'money_too_precise'],
    ['1000000000001', 'money_out_of_range'],
    ['999999999999999', 'money_out_of_range'],
  ])('refuses %s as %s', (token, problem) => {
    expect(parseNumberToken(token, 4)).toBe(problem);
  });
});

describe('printing', () => {
  it('refuses to print 4 places of an amount that has more', () => {
    expect(() => formatUsd4(microUsd(150n))).toThrow(RangeError);
    expect(formatUsd6(microUsd(-170_000n))).toBe('-0.170000');
  });

  it('reads back what it printed', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (value) => {
        expect(usdOf(formatUsd6(microUsd(value)))).toBe(value);
        expect(parseUsd(formatUsd6(microUsd(value)), 6)).toBe(value);
      }),
    );
  });

  it('throws on ledger text that is not money', () => {
    expect(() => usdOf('1e3' as UsdText)).toThrow(RangeError);
  });
});

describe('rounding', () => {
  it('sends ties to the even neighbour, below zero too', () => {
    expect([5n, 15n, 25n, -5n, -15n, -25n].map((each) => roundHalfEven(each, 10n))).toEqual([0n, 2n, 2n, 0n, -2n, -2n]);
    expect([6n, 14n, -6n, -14n].map((each) => roundHalfEven(each, 10n))).toEqual([1n, 1n, -1n, -1n]);
    expect(() => roundHalfEven(1n, 0n)).toThrow(RangeError);
  });

  it('is the nearest integer, and symmetric', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.bigInt(1n, 10n ** 6n), (numerator, denominator) => {
        const rounded = roundHalfEven(numerator, denominator);
        const twiceError = 2n * (numerator - rounded * denominator);
        expect(twiceError <= denominator && -twiceError <= denominator).toBe(true);
        expect(roundHalfEven(-numerator, denominator)).toBe(-rounded);
      }),
    );
  });

  it('never overstates what is available', () => {
    expect(floorTo4(microUsd(199n))).toBe(100n);
    expect(floorTo4(microUsd(-1n))).toBe(-100n);
    expect(floorTo4(microUsd(-200n))).toBe(-200n);
  });

  it('makes an hourly amount from a monthly one by 730 hours', () => {
    expect(formatUsd6(hourlyOfMonthly(microUsd(70_080_000n)))).toBe('0.096000');
    expect(formatUsd6(hourlyOfMonthly(microUsd(100_000_000n)))).toBe('0.136986');
    expect(roundTo4(microUsd(203_058_990n))).toBe(203_059_000n);
  });
});

it('compares and adds without floats', () => {
  const [one, two] = [microUsd(1n), microUsd(2n)];
  expect([min(one, two), max(one, two), addUsd(one, two), subtractUsd(one, two)]).toEqual([1n, 2n, 3n, -1n]);
  expect(sum([one, two, NOTHING])).toBe(3n);
});
