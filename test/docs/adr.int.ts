import { describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../support/e2e/processes.js';

const FOLDER = join(REPOSITORY, 'docs/adr');
const textOf = (...names: readonly string[]): Promise<string> => readFile(join(...names), 'utf8');

interface Row {
  readonly file: string;
  readonly number: string;
  readonly title: string;
  readonly status: string;
}

/** What a record says of itself in its first lines. */
const recordOf = async (file: string): Promise<Row> => {
  const text = await textOf(FOLDER, file);
  const [, number = '', title = ''] = /^# (\d+)\. (.+)$/m.exec(text) ?? [];
  const [, status = ''] = /^Status: (\w+, \d{4}-\d{2}-\d{2})\./m.exec(text) ?? [];
  return { file, number, title, status };
};

const ROW = /^\| (\d+) +\| \[(.+)\]\((.+?)\) +\| (.+?) +\| (.+?) +\|$/gm;

describe('docs/adr/README.md', () => {
  it('has every record, with its title and status as the record says them, and one line of what was decided', async () => {
    const rows = [...(await textOf(FOLDER, 'README.md')).matchAll(ROW)].map(
      ([, number = '', title = '', file = '', status = '']): Row => ({ file, number, title, status }),
    );
    const files = (await readdir(FOLDER)).filter((name) => name !== 'README.md').sort();
    expect(rows).toEqual(await Promise.all(files.map(recordOf)));
    expect(rows.length).toBeGreaterThan(20);
  });

  it('gives a number once: the one that the name of the file begins with', async () => {
    const files = (await readdir(FOLDER)).filter((name) => name !== 'README.md').sort();
    const numbers = (await Promise.all(files.map(recordOf))).map(({ number }) => number);
    expect(numbers).toEqual(files.map((name) => String(Number(name.slice(0, 4)))));
    expect(new Set(numbers).size).toBe(files.length);
  });

  it.each(['README.md', 'CONTRIBUTING.md'])('is linked from %s', async (page) => {
    expect(await textOf(REPOSITORY, page)).toContain('](docs/adr/README.md)');
  });
});
