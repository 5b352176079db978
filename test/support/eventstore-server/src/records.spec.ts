import { describe, expect, it } from '@jest/globals';
import { decodeFrames, encodeFrame, type Frame } from './records.codec.js';

const frame = (text: string): Frame => [
  {
    ...{ kind: 'write', stream: `s-${text}`, createdTicks: 17_000_000_000_000_000n },
    events: [{ id: text, type: 't', isJson: false, data: Buffer.from([0, 255]), metadata: Buffer.from(text) }],
  },
  { kind: 'tombstone', stream: 's', createdTicks: 1n, id: text },
  { kind: 'loss', stream: 's', revision: 2n },
];
const frames = [frame('one'), frame('two'), frame('three')];
const encoded = frames.map(encodeFrame);
const bytes = Buffer.concat(encoded);
const wholeBytes = bytes.length - (encoded[2]?.length ?? 0);

describe('The log of the test server', () => {
  it('gives back what was written', () => {
    expect(decodeFrames(bytes)).toEqual({ frames, wholeBytes: bytes.length });
  });

  it('ends before a frame that is torn anywhere', () => {
    for (let end = wholeBytes; end < bytes.length; end += 1) {
      expect(decodeFrames(bytes.subarray(0, end))).toEqual({ frames: frames.slice(0, 2), wholeBytes });
    }
  });

  it('ends before a frame of which a byte is another', () => {
    for (let index = wholeBytes; index < bytes.length; index += 1) {
      const damaged = Buffer.from(bytes);
      damaged[index] = (damaged[index] ?? 0) ^ 0x10;
      expect(decodeFrames(damaged)).toEqual({ frames: frames.slice(0, 2), wholeBytes });
    }
  });

  it('holds nothing where only zeros were allotted', () => {
    const grown = Buffer.concat([bytes, Buffer.alloc(4096)]);
    expect(decodeFrames(grown)).toEqual({ frames, wholeBytes: bytes.length });
  });
});
