import { beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { SHELLS } from './completion/scripts.js';
import { withCliWorld } from './testing/cli-world.js';
import { hasShell, offeredBy } from './testing/shell-completion.js';

const { file, path, bare } = withCliWorld();

const OFFERED: readonly (readonly [words: string, offered: readonly string[]])[] = [
  ['gat', ['gate']],
  ['gate pre', ['preflight']],
  ['gate e', ['event', 'explain']],
  ['-o json policy ro', ['rollback', 'rollout']],
  ['gate -q sh', ['show']],
  ['gate preflight --pl', ['--plan']],
  ['approvals approve --tok', ['--token-file', '--token-out']],
  ['policy show --out', ['--output']],
  ['policy show ch', ['challenger', 'champion']],
  ['policy diff in', ['in-force']],
  ['policy cancel s', ['scheduled']],
  ['con', ['context']],
  ['policy show -o nd', ['ndjson']],
  ['policy show --output=', ['json', 'md', 'ndjson', 'table', 'yaml']],
  ['policy show --output=nd', ['ndjson']],
  ['--output=json policy ro', ['rollback', 'rollout']],
  ['token --role a', ['admin', 'approver', 'auditor']],
  ['policy show --context st', ['staging']],
  ['context use ', ['prod', 'staging']],
  ['completion f', ['fish']],
  ['gate preflight --project x', []],
  ['gate explain 01', []],
  ['--context gate pol', ['policy']],
  ['--context=gate pol', ['policy']],
  ['gate preflight --plan my', ['my plan.json']],
  ['policy publish my', ['my plan.json']],
];

/** readline takes `=` for a word of its own. */
const wordsIn = (shell: string, line: string): readonly string[] =>
  (shell === 'bash' ? line.replace(/(--\w+)=/, '$1 = ').replace(/= $/, '=') : line).split(' ');

const describeIn = (name: string) => (hasShell(name) ? describe : describe.skip);

for (const shell of SHELLS) {
  describeIn(shell)(`completion in ${shell} (skipped where ${shell} is not installed)`, () => {
    beforeEach(async () => {
      await file(`completion.${shell}`, (await bare(['completion', shell])).stdout);
      await mkdir(path('bin'));
      await file('bin/verdict', '#!/bin/sh\n[ "$*" = "context list --quiet" ] && printf "staging\\nprod\\n"\n');
      await chmod(path('bin/verdict'), 0o755);
      await file('my plan.json', '{}');
    });

    it.each(OFFERED)('verdict %s may go on with %j', async (line, offered) => {
      const place = { cwd: path(), path: `${path('bin')}:${process.env['PATH'] ?? ''}` };
      expect(await offeredBy(shell, wordsIn(shell, line), place)).toEqual(offered);
    });

    it('is a script for that shell', () => {
      const { status, stderr } = spawnSync(shell, ['-n', `completion.${shell}`], { cwd: path(), encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
    });
  });
}

it.each(SHELLS)('the script for %s names every group', async (shell) => {
  const { stdout } = await bare(['completion', shell]);
  for (const name of ['preflight', 'add-validation', 'parity', 'resume', 'completion', 'idempotency-key'])
    expect(stdout).toContain(name);
});
