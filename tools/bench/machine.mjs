import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';

const SYNCS = 100;

/** Middle of the time that one durable write of 4 KiB takes: a disk with a cache says microseconds. */
const syncMicroseconds = (folder) => {
  const path = join(folder, 'sync');
  const file = openSync(path, 'w');
  const times = Array.from({ length: SYNCS }, () => {
    const began = performance.now();
    writeSync(file, Buffer.alloc(4096));
    fdatasyncSync(file);
    return (performance.now() - began) * 1000;
  });
  closeSync(file);
  rmSync(path);
  return times.sort((left, right) => left - right)[SYNCS / 2];
};

export const machineOf = (folder) => ({
  cores: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryGiB: totalmem() / 2 ** 30,
  node: process.version,
  /** Processes that wanted a core in the last minute: on a busy machine every figure is of the neighbours too. */
  loadBefore: loadavg()[0] ?? 0,
  system: `${process.platform} ${process.arch}`,
  syncMicroseconds: syncMicroseconds(folder),
});
