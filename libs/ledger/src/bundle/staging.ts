import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, createDeflateRaw, inflateRawSync } from 'node:zlib';
import type { DeflateRaw } from 'node:zlib';
import type { PackedMember } from '../archive/zip-writer.js';

const BUFFER_BYTES = 256 * 1024;
const DEFLATE_LEVEL = 6;

/** A finished member: what the manifest lists, and its packed bytes on disk. */
export interface StagedMember extends PackedMember {
  readonly sha256: string;
}

/**
 * Members of a bundle while they grow on disk. The manifest stands first in a bundle and counts all the rest, so the
 * rest is written to files first; memory holds one buffer per open member.
 */
export class Staging {
  readonly #members = new Map<string, StagedMember>();

  constructor(
    readonly directory: string,
    readonly compression: 'stored' | 'deflate',
  ) {}

  /** Opens a member for writing. */
  async create(name: string): Promise<MemberWriter> {
    const path = join(this.directory, name);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'wx');
    return new MemberWriter({ name, path, file, compression: this.compression }, (member) =>
      this.#members.set(name, member),
    );
  }

  /** Writes a small member whole. */
  async put(name: string, content: Uint8Array | string): Promise<StagedMember> {
    const writer = await this.create(name);
    await writer.write(typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
    return writer.finish();
  }

  /** Plain content of a small member. */
  async plain(name: string): Promise<Uint8Array> {
    const member = this.member(name);
    const chunks: Uint8Array[] = [];
    for await (const chunk of member.packed()) chunks.push(chunk);
    const content = Buffer.concat(chunks);
    return member.method === 'stored' ? content : inflateRawSync(content);
  }

  member(name: string): StagedMember {
    const member = this.#members.get(name);
    if (member === undefined) throw new RangeError(`${name} was not staged`);
    return member;
  }
}

interface Destination {
  readonly name: string;
  readonly path: string;
  readonly file: FileHandle;
  readonly compression: 'stored' | 'deflate';
}

export class MemberWriter {
  readonly #digest = createHash('sha256');
  readonly #deflate: DeflateSink | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #packedBytes = 0;
  #crc = 0;

  constructor(
    readonly destination: Destination,
    readonly onFinished: (member: StagedMember) => void,
  ) {
    this.#deflate = destination.compression === 'deflate' ? new DeflateSink() : undefined;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= BUFFER_BYTES) await this.#flush();
  }

  async finish(): Promise<StagedMember> {
    await this.#flush();
    if (this.#deflate !== undefined) await this.#store(await this.#deflate.end());
    await this.destination.file.close();
    const { name, path, compression } = this.destination;
    const member: StagedMember = {
      name,
      method: compression,
      crc32: this.#crc,
      bytes: this.#bytes,
      compressedBytes: this.#packedBytes,
      sha256: this.#digest.digest('hex'),
      packed: () => createReadStream(path, { highWaterMark: BUFFER_BYTES }),
    };
    this.onFinished(member);
    return member;
  }

  /** Gives the file up, after an error elsewhere. */
  async abandon(): Promise<void> {
    await this.destination.file.close();
  }

  async #flush(): Promise<void> {
    const content = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#bytes += content.length;
    this.#digest.update(content);
    this.#crc = crc32(content, this.#crc);
    await this.#store(this.#deflate === undefined ? content : await this.#deflate.push(content));
  }

  async #store(packed: Uint8Array): Promise<void> {
    this.#packedBytes += packed.length;
    for (let done = 0; done < packed.length;) {
      done += (await this.destination.file.write(packed, done)).bytesWritten;
    }
  }
}

/** zlib as a function from chunk to chunk. */
class DeflateSink {
  readonly #stream: DeflateRaw = createDeflateRaw({ level: DEFLATE_LEVEL });
  #out: Uint8Array[] = [];

  constructor() {
    this.#stream.on('data', (chunk: Uint8Array) => this.#out.push(chunk));
  }

  push(content: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#stream.write(content, (error) => {
        if (error) reject(error);
        else resolve(this.#take());
      });
    });
  }

  end(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#stream.once('error', reject);
      this.#stream.once('end', () => {
        resolve(this.#take());
      });
      this.#stream.end();
    });
  }

  #take(): Uint8Array {
    const out = Buffer.concat(this.#out);
    this.#out = [];
    return out;
  }
}
