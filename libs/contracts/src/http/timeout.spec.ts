import { describe, expect, it } from '@jest/globals';
import { parseTimeoutMs } from './timeout.js';

describe('a timeout', () => {
  it.each([
    ['2s', 2000],
    ['1500ms', 1500],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['900us', undefined],
    ['0s', undefined],
    ['', undefined],
    ['2', undefined],
    ['-2s', undefined],
    ['2 s', undefined],
    ['2s;', undefined],
    ['1e3s', undefined],
  ])('written %p is %p ms', (text, expected) => {
    expect(parseTimeoutMs(text)).toBe(expected);
  });
});
