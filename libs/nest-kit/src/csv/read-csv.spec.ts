import { describe, expect, it } from '@jest/globals';
import { readCsv } from './read-csv.js';

const read = (text: string, max = 1000) => readCsv(new TextEncoder().encode(text), max);

describe('CSV', () => {
  it('names the line that each record begins in, whatever its cells hold', () => {
    const reading = read('\ufeffa, b\r\n1,"x, ""y"""\r\n"two\nlines",\r\n\r\n3,4\r\n');
    expect(reading.kind === 'records' && reading.records.map(({ line, cells }) => [line, [...cells]])).toEqual([
      [
        2,
        [
          ['a', '1'],
          ['b', 'x, "y"'],
        ],
      ],
      [3, [['a', 'two\nlines']]],
      [
        6,
        [
          ['a', '3'],
          ['b', '4'],
        ],
      ],
    ]);
  });

  it.each([
    ['', 1],
    ['a,a\n1,2', 1],
    ['a,b\n1,2\n3', 3],
    ['a,b\n1,"2', 2],
  ])('refuses %j and names line %i', (text, line) => {
    expect(read(text)).toMatchObject({ kind: 'malformed', line });
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(readCsv(new Uint8Array([0x61, 0x0a, 0xff]), 10)).toMatchObject({ kind: 'malformed' });
  });

  it('reads one record more than allowed, and no further', () => {
    const reading = read(`a\n${'1\n'.repeat(50)}`, 10);
    expect(reading.kind === 'records' && reading.records.length).toBe(11);
  });
});
