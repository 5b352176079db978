import { describe, expect, it } from '@jest/globals';
import { CHUNK_BYTES, chunksOf, decodeChunk, encodeChunk, joinChunks } from './chunks.js';

const snapshot = (bytes: number, fill = 7) => ({
  ...{ revision: 12_345_678_901_234_567_890n, leafHash: new Uint8Array(32).fill(9), schemaVersion: 2 },
  state: Buffer.alloc(bytes, fill),
});
const travel = (bytes: number, fill?: number) =>
  chunksOf(snapshot(bytes, fill)).map((chunk) => decodeChunk(Buffer.from(encodeChunk(chunk))));

describe('A snapshot in chunks', () => {
  it.each([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])(
    'of %d bytes is the same after the journey',
    (bytes) => {
      const joined = joinChunks(travel(bytes));
      expect(joined).toMatchObject({ revision: 12_345_678_901_234_567_890n, schemaVersion: 2 });
      expect(Buffer.compare(joined?.state ?? Buffer.alloc(1), snapshot(bytes).state)).toBe(0);
      expect(Buffer.compare(joined?.leafHash ?? Buffer.alloc(1), snapshot(bytes).leafHash)).toBe(0);
    },
  );

  it('is none when a chunk is missing, doubled, out of order, of another snapshot or damaged', () => {
    const chunks = travel(3 * CHUNK_BYTES);
    const [first, second, third] = chunks;
    const other = travel(3 * CHUNK_BYTES, 8)[1];
    const damaged = second === undefined ? undefined : { ...second, bytes: Buffer.alloc(CHUNK_BYTES) };
    expect(joinChunks(chunks)).toBeDefined();
    for (const wrong of [
      ...[[], [first, second], [first, second, second], [second, first, third], [first, undefined, third]],
      ...[
        [first, other, third],
        [first, damaged, third],
      ],
    ])
      expect(joinChunks(wrong)).toBeUndefined();
  });

  it('is not read from bytes that are no chunk', () => {
    const header = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
    for (const data of [
      undefined,
      { a: 1 },
      Buffer.alloc(3),
      Buffer.alloc(4, 255),
      header('{}'),
      header('[1'),
      header('null'),
    ])
      expect(decodeChunk(data)).toBeUndefined();
  });
});
