import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { openFileSealer } from './sealing/file-sealer.js';
import { filesIn, inFolder } from './testing/folder.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/first-use.mjs', import.meta.url));
const START_UP_MS = 900;
const ROUNDS = 5;

interface Used {
  readonly kids: Readonly<Record<string, string>>;
  readonly sealed: { readonly kid: string; readonly iv: string; readonly ct: string; readonly tag: string };
  readonly text: string;
}

const use = async (dir: string, atMs: number): Promise<Used> => {
  const args = [FIXTURE, join(dir, 'keys'), join(dir, 'sealing'), String(atMs)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH: process.env['PATH'] } });
  return JSON.parse(stdout) as Used;
};

describe('two processes that open the same empty folder at once', () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'end with one key per purpose and one sealing key per subject (round %d)',
    () =>
      inFolder(async (dir) => {
        const atMs = Date.now() + START_UP_MS;
        const [one, two] = await Promise.all([use(dir, atMs), use(dir, atMs)]);
        expect(one.kids).toEqual(two.kids);
        expect(new Set(Object.values(one.kids)).size).toBe(4);
        expect(filesIn(join(dir, 'keys'))).toHaveLength(4);
        expect(one.sealed.kid).toBe(two.sealed.kid);
        const sealer = openFileSealer(join(dir, 'sealing'));
        for (const { sealed, text } of [one, two])
          expect(sealer.open({ tenantId: 'acme', sealed, aad: 'a' })).toBe(text);
        expect(filesIn(join(dir, 'sealing'))).toHaveLength(2);
      })(),
  );
});
