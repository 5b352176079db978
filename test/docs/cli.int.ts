import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { createProgram } from '../../apps/cli/src/run.js';
import type { Io } from '../../apps/cli/src/io.js';

const nowhere = {
  env: {},
  isTerminal: { stdout: false, stderr: false },
  stdout: () => undefined,
  stderr: () => undefined,
};

/** Full names of all commands: `gate preflight`; a group is not one. */
const namesOf = (command: Command, before: readonly string[] = []): readonly string[] =>
  command.commands.flatMap((each) => {
    const path = [...before, each.name()];
    return each.commands.length === 0 ? [path.join(' ')] : namesOf(each, path);
  });

/** Commands that a cell of the table names: `budget list`, `show S` means both of budget. */
const documented = (cell: string): readonly string[] => {
  let group: readonly string[] = [];
  return [...cell.replaceAll('\\|', '/').matchAll(/`([^`]+)`/g)].map(([, code = '']) => {
    const words = code.split(' ').filter((word) => /^[a-z][a-z-]*$/.test(word));
    if (words.length > 1) group = words.slice(0, -1);
    return words.length > 1 ? words.join(' ') : [...group, ...words].join(' ');
  });
};

describe('docs/cli.md', () => {
  it('names every command that there is', async () => {
    const text = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    const [, section = ''] = text.split('## Commands');
    const cells = (section.split('\n## ')[0] ?? '')
      .split('\n')
      .flatMap((line) => /^\| (`.*?) +\| /.exec(line)?.[1] ?? []);
    const found = cells.flatMap(documented);
    const program = createProgram(nowhere as unknown as Io);
    const known = namesOf(program);
    const isNamed = (name: string): boolean => found.some((each) => each === name || each.startsWith(`${name} `));
    expect(known.filter((name) => !isNamed(name) && !name.startsWith('export '))).toEqual([]);
    expect(cells.length).toBeGreaterThan(20);
  });
});
