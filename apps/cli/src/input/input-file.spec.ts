import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { readWhole } from './input-file.js';

const chunk = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7);

describe('an input without a size, such as a pipe', () => {
  it('is read whole up to the limit', async () => {
    expect(await readWhole(Readable.from([chunk(3), chunk(5)]), '-', 8)).toEqual(chunk(8));
    expect(await readWhole(Readable.from([]), '-', 8)).toEqual(chunk(0));
  });

  it('is refused beyond the limit, and not read to an end that it may not have', async () => {
    let given = 0;
    const long = function* (): Generator<Uint8Array> {
      for (; given < 1000; given += 1) yield chunk(1);
    };
    await expect(readWhole(Readable.from(long(), { highWaterMark: 1 }), '-', 8)).rejects.toMatchObject({
      exit: 2,
      facts: { code: 'file_too_large', title: 'standard input is too large' },
    });
    expect(given).toBeLessThan(20);
  });
});
