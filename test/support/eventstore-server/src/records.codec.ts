import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { ProposedEvent } from './events.js';

/** One change of one stream. What belongs together is one frame: all of it survives a crash, or none. */
export type LogRecord =
  | {
      readonly kind: 'write';
      readonly stream: string;
      readonly createdTicks: bigint;
      readonly events: readonly ProposedEvent[];
    }
  | { readonly kind: 'tombstone'; readonly stream: string; readonly createdTicks: bigint; readonly id: string }
  /** An event that vanished behind the protocol's back. */
  | { readonly kind: 'loss'; readonly stream: string; readonly revision: bigint };

export type Frame = readonly LogRecord[];

const HEADER_BYTES = 8;

/** Length and CRC-32 of the payload, then the payload. */
export const encodeFrame = (frame: Frame): Buffer => {
  const payload = serialize(frame);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
};

export interface Decoded {
  readonly frames: readonly Frame[];
  /** Up to here everything is whole; what follows is the torn end of a write that nobody was told of. */
  readonly wholeBytes: number;
}

export const decodeFrames = (bytes: Buffer): Decoded => {
  const frames: Frame[] = [];
  let offset = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    const end = offset + HEADER_BYTES + bytes.readUInt32BE(offset);
    if (end > bytes.length || end === offset + HEADER_BYTES) break; // Zeros of a file that grew ahead of its data.
    const payload = bytes.subarray(offset + HEADER_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32BE(offset + 4)) break;
    frames.push(deserialize(payload) as Frame); // Our own bytes, as the checksum says.
    offset = end;
  }
  return { frames, wholeBytes: offset };
};
