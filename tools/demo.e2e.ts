import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEMO = fileURLToPath(new URL('./demo.mjs', import.meta.url));
const TIMEOUT_MS = 120_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verdict-demo-test-'));
  await chmod(folder, 0o711); // The database server may run as another user.
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Demo {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

const startDemo = (): Demo => {
  const child = spawn(process.execPath, [DEMO], { env: { ...process.env, TMPDIR: folder, NODE_OPTIONS: '' } });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exit = new Promise<number | null>((resolve) => {
    child.on('exit', resolve);
  });
  return { child, output: () => output, exit };
};

const waitFor = async (demo: Demo, words: string): Promise<void> => {
  while (!demo.output().includes(words) && demo.child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe('npm run demo', () => {
  it(
    'goes from the question to the proof and leaves nothing behind',
    async () => {
      const demo = startDemo();
      const exit = await demo.exit;
      expect(demo.output()).toMatch(/\ndemo: ok\n$/);
      expect(exit).toBe(0);
      expect(demo.output()).toMatch(
        /self_review_forbidden[^]*token_replayed[^]*INTACT\n +exit 0[^]*NOT INTACT[^]*exit 1/,
      );
      expect(await readdir(folder)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'cleans up when it is interrupted',
    async () => {
      const demo = startDemo();
      await waitFor(demo, '1. What things cost');
      demo.child.kill('SIGINT');
      expect(await demo.exit).toBe(130);
      expect(await readdir(folder)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
