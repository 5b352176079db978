import { describe, expect, it } from '@jest/globals';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './binary-arrays.js';

const header = (oid: number, count: number): string =>
  [1, 0, oid, count, 1].map((value) => value.toString(16).padStart(8, '0')).join('');

describe('Binary arrays', () => {
  it('carry dimensions, element type and size, then each element with its length', () => {
    expect(int8Array([-1n, 2n]).toString('hex')).toBe(
      `${header(20, 2)}00000008ffffffffffffffff000000080000000000000002`,
    );
    expect(int4Array([7]).toString('hex')).toBe(`${header(23, 1)}0000000400000007`);
    expect(byteaArray([Uint8Array.of(0, 255)]).toString('hex')).toBe(`${header(17, 1)}0000000200ff`);
  });

  it('count bytes, not characters, of a text', () => {
    expect(textArray(['é', '']).toString('hex')).toBe(`${header(25, 2)}00000002c3a900000000`);
  });

  it('carry a UUID as its sixteen bytes', () => {
    const id = '00112233-4455-8677-8899-aabbccddeeff';
    expect(uuidArray([id]).toString('hex')).toBe(`${header(2950, 1)}0000001000112233445586778899aabbccddeeff`);
  });
});
