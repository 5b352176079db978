import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a test with a folder of its own, which others cannot enter. */
export const inFolder =
  (test: (dir: string) => void | Promise<void>): (() => Promise<void>) =>
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'verdict-file-'));
    try {
      await test(dir);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };

/** Every file below the folder, as its path from there. */
export const filesIn = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(dir.length + 1))
    .sort();

export const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
