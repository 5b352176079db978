import { describe, expect, it } from '@jest/globals';
import { NumberToken } from '../../shared/raw-json.js';
import { readQuantity } from './quantity.js';

describe('a quantity', () => {
  it.each([
    ['500m', 500n],
    ['1', 1000n],
    ['1.5', 1500n],
    ['0.0001', 1n],
    ['.5', 500n],
    ['5.', 5000n],
    ['+2', 2000n],
    ['100u', 1n],
    ['1n', 1n],
    ['2e3', 2_000_000n],
    ['1E-3', 1n],
    ['0', 0n],
  ])('of CPU, %s, is %s thousandths, rounded up', (text, milli) => {
    expect(readQuantity(text, 'milli')).toBe(milli);
  });
  it.each([
    ['512Mi', 512n * 1024n ** 2n],
    ['1.5Gi', 1_610_612_736n],
    ['1Ki', 1024n],
    ['1Ti', 1024n ** 4n],
    ['1Pi', 1024n ** 5n],
    ['7Ei', 7n * 1024n ** 6n],
    ['1k', 1000n],
    ['5M', 5_000_000n],
    ['1G', 10n ** 9n],
    ['2T', 2n * 10n ** 12n],
    ['1P', 10n ** 15n],
    ['1E', 10n ** 18n],
    ['128974848000m', 128_974_848n],
    ['1m', 1n],
    ['0.1Ki', 103n],
  ])('of bytes, %s, is %s, rounded up', (text, bytes) => {
    expect(readQuantity(text, 'one')).toBe(bytes);
  });
  it('may be a number token, read as it was sent', () => {
    expect(readQuantity(new NumberToken('2'), 'milli')).toBe(2000n);
    expect(readQuantity(new NumberToken('9007199254740993'), 'one')).toBe(9007199254740993n);
  });
  it.each([
    '',
    ' 1',
    '1 ',
    '-1',
    '1KiB',
    '1K',
    '1e',
    '1e999',
    'NaN',
    '1,5',
    '0x10',
    '1ee3',
    '1e3Ki',
    '8Ei',
    '9'.repeat(65),
  ])('that is none, or beyond 2^63 - 1, is not known: "%s"', (text) => {
    expect(readQuantity(text, 'one')).toBeUndefined();
  });
  it('that is no text and no number is not known', () => {
    for (const raw of [undefined, null, true, [], {}]) expect(readQuantity(raw, 'one')).toBeUndefined();
  });
});
