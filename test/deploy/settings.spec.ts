import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ServiceEnv } from '@verdict/platform';
import { REPOSITORY } from '../support/e2e/processes.js';

describe('docs/settings.md', () => {
  it('names every variable that a service reads, and no other', () => {
    const rows = readFileSync(`${REPOSITORY}docs/settings.md`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
    );
    expect(named.sort()).toEqual(Object.keys(ServiceEnv.shape).sort());
  });
});
