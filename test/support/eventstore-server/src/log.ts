import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFrames, encodeFrame, type Frame } from './records.codec.js';

/** Where frames stay when the server is gone. */
export interface Log {
  /** What is there, for a server that starts. */
  load(): Promise<readonly Frame[]>;
  /** Resolves when the frame is durable. Frames become so in the order of the calls. */
  append(frame: Frame): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export const memoryLog = (): Log => {
  const frames: Frame[] = [];
  return {
    load: () => Promise.resolve([...frames]),
    append: (frame) => {
      frames.push(frame);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
};

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const FILE_NAME = 'events.log';

/** One append-only file. Frames that arrive during an fsync share the next one. */
class FileLog implements Log {
  private waiting: Waiting[] = [];
  private file: FileHandle | undefined;
  private end = 0;
  private flushing: Promise<void> | undefined;

  constructor(private readonly dataDir: string) {}

  async load(): Promise<readonly Frame[]> {
    await mkdir(this.dataDir, { recursive: true });
    const path = join(this.dataDir, FILE_NAME);
    this.file = await open(path, 'a+');
    const { frames, wholeBytes } = decodeFrames(await readFile(path));
    await this.file.truncate(wholeBytes);
    await this.file.sync();
    this.end = wholeBytes;
    return frames;
  }

  append(frame: Frame): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes: encodeFrame(frame), resolve, reject });
      this.flushing ??= this.flush();
    });
  }

  async close(): Promise<void> {
    await this.flushing;
    await this.file?.close();
    this.file = undefined;
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.waiting;
      this.waiting = [];
      try {
        await this.write(Buffer.concat(group.map(({ bytes }) => bytes)));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.flushing = undefined;
  }

  /** A part that a full disk left behind would hide all that follows it. */
  private async write(bytes: Buffer): Promise<void> {
    if (this.file === undefined) throw new Error('the log is closed');
    try {
      await this.file.appendFile(bytes);
      await this.file.datasync();
      this.end += bytes.length;
    } catch (error) {
      await this.file.truncate(this.end);
      throw error;
    }
  }
}

export const fileLog = (dataDir: string): Log => new FileLog(dataDir);
