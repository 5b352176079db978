import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliFailure, wrongCall } from '../failure.js';
import { EXIT, type ExitCode, type Io } from '../io.js';

export interface DownloadTarget {
  readonly path: string;
  /** What the bytes must hash to; null: the server did not say. */
  readonly sha256: string | null;
  readonly isOverwriting: boolean;
}

const failed = (exit: ExitCode, code: string, title: string, detail: string): CliFailure =>
  new CliFailure(exit, { code, title, detail, retry: 'later', idempotencyKey: null });

const placed = async (part: string, full: string, { path, isOverwriting }: DownloadTarget): Promise<void> => {
  if (isOverwriting) {
    await rename(part, full);
    return;
  }
  // A link fails when the name is taken, a rename does not.
  await link(part, full).catch((error: unknown) => {
    throw wrongCall('file_unwritable', `cannot write ${path}`, error instanceof Error ? error.message : undefined);
  });
};

/** Streams an answer to a file that appears only when it is whole and its hash is right. */
export const downloadTo = async (
  io: Io,
  response: Response,
  target: DownloadTarget,
): Promise<{ readonly bytes: number; readonly sha256: string }> => {
  const full = resolve(io.cwd, target.path);
  const part = `${full}.${io.newId()}.part`;
  const hash = createHash('sha256');
  let bytes = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  try {
    const source = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
    await pipeline(source, counting, createWriteStream(part, { flags: 'wx' }), { signal: io.interrupted }).catch(
      (error: unknown) => {
        if (io.interrupted.aborted) throw failed(EXIT.interrupted, 'interrupted', 'interrupted', 'nothing was written');
        throw failed(
          EXIT.unknown,
          'download_failed',
          `the download to ${target.path} broke off`,
          error instanceof Error ? error.message : '',
        );
      },
    );
    const sha256 = hash.digest('hex');
    if (target.sha256 !== null && target.sha256 !== sha256) {
      throw failed(
        EXIT.no,
        'content_mismatch',
        'the bundle is not the one that was exported',
        `expected sha256 ${target.sha256}, received ${sha256}`,
      );
    }
    await placed(part, full, target);
    return { bytes, sha256 };
  } finally {
    await rm(part, { force: true });
  }
};
