import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { withCliWorld } from './testing/cli-world.js';

const hasShell = (name: string): boolean => spawnSync(name, ['--version']).status === 0;
const { file, path, bare } = withCliWorld();

/** Sources the script in a real bash and asks it what may stand at the end of the words. */
const ASK = `
source ./completion.bash
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
_verdict
printf '%s\\n' "\${COMPREPLY[@]}"
`;

const describeIn = (name: string) => (hasShell(name) ? describe : describe.skip);

describeIn('bash')('completion in bash (skipped without it)', () => {
  const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
    await file('completion.bash', (await bare(['completion', 'bash'])).stdout);
    await mkdir(path('bin'), { recursive: true });
    await file('bin/verdict', '#!/bin/sh\n[ "$*" = "context list --quiet" ] && printf "staging\\nprod\\n"\n');
    await chmod(path('bin/verdict'), 0o755);
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', ASK, 'bash', 'verdict', ...words], {
      cwd: path(),
      encoding: 'utf8',
      env: { PATH: `${path('bin')}:${process.env['PATH'] ?? ''}` },
    });
    expect([status, stderr]).toEqual([0, '']);
    return stdout.split('\n').filter((word) => word !== '');
  };

  it.each<[readonly string[], readonly string[]]>([
    [['gat'], ['gate']],
    [['gate', 'pre'], ['preflight']],
    [
      ['gate', 'e'],
      ['event', 'explain'],
    ],
    [
      ['-o', 'json', 'policy', 'ro'],
      ['rollback', 'rollout'],
    ],
    [['gate', '-q', 'sh'], ['show']],
    [['gate', 'preflight', '--pl'], ['--plan']],
    [
      ['approvals', 'approve', '--tok'],
      ['--token-out', '--token-file'],
    ],
    [['policy', 'show', '--out'], ['--output']],
    [
      ['policy', 'show', 'ch'],
      ['champion', 'challenger'],
    ],
    [['policy', 'diff', 'in'], ['in-force']],
    [['con'], ['context']],
    [['policy', 'show', '-o', 'nd'], ['ndjson']],
    [
      ['token', '--role', 'a'],
      ['approver', 'admin', 'auditor'],
    ],
    [['policy', 'show', '--context', 'st'], ['staging']],
    [
      ['context', 'use', ''],
      ['staging', 'prod'],
    ],
    [['completion', 'f'], ['fish']],
    [['gate', 'preflight', '--project', 'x'], []],
  ])('%j may go on with %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('what an option takes is no command', async () => {
    expect(await complete('--context', 'gate', 'pol')).toEqual(['policy']);
  });

  it('offers files where a file is meant, names with blanks included', async () => {
    await file('my plan.json', '{}');
    expect(await complete('gate', 'preflight', '--plan', 'my')).toEqual(['my plan.json']);
    expect(await complete('policy', 'publish', 'my')).toEqual(['my plan.json']);
  });
});

describe.each(['bash', 'zsh', 'fish'] as const)('the script for %s', (shell) => {
  let isThere: boolean;
  beforeAll(() => {
    isThere = hasShell(shell);
  });

  it('names every group, and is a script for that shell where it can be asked', async () => {
    const { stdout } = await bare(['completion', shell]);
    for (const name of ['preflight', 'add-validation', 'parity', 'resume', 'completion', '--idempotency-key'.slice(2)])
      expect(stdout).toContain(name);
    const parsed = isThere ? spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' }) : { status: 0, stderr: '' };
    expect([parsed.status, parsed.stderr]).toEqual([0, '']);
  });
});
