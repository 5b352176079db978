import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const nameOf = (dataDir: string): string => join(dataDir, 'server.json');

/** Tells command lines on this machine where the server listens. It is written when it does, and removed when it stops. */
export const writeServerFile = async (dataDir: string, url: string): Promise<void> => {
  await mkdir(dataDir, { recursive: true });
  const draft = `${nameOf(dataDir)}.${process.pid.toString()}`;
  await writeFile(draft, `${JSON.stringify({ url, pid: process.pid, started_at: new Date().toISOString() })}\n`);
  await rename(draft, nameOf(dataDir));
};
export const removeServerFile = (dataDir: string): Promise<void> => rm(nameOf(dataDir), { force: true });
