import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { APPROVAL_ID, BUDGET_ID, DECISION_ID, preflightAnswer } from './testing/answers.js';
import { API, failureOf, PLAN, withCliWorld } from './testing/cli-world.js';

const { server, path, file, cli } = withCliWorld();

const ASK = ['gate', 'preflight', '--plan', PLAN, '--project', 'web', '--environment', 'prod', '--run', 'run-1'];

describe('a file that cannot be written', () => {
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ['gate preflight --state', [...ASK, '--state']],
    ['approvals approve --token-out', ['approvals', 'approve', APPROVAL_ID, '--token-out']],
    ['approvals reissue --token-out', ['approvals', 'reissue', APPROVAL_ID, '--token-out']],
    ['export --out', ['export', '--out']],
    ['integration create --secrets-out', ['integration', 'create', 'terms.json', '--secrets-out']],
    ['integration rotate --secrets-out', ['integration', 'rotate', BUDGET_ID, '--secrets-out']],
  ];

  it.each(commands)('is named before anything is asked: %s', async (_, argv) => {
    await file('terms.json', '{}');
    await mkdir(path('folder'));
    for (const [target, detail] of [
      ['nowhere/file', 'there is no such folder'],
      ['folder', 'it is a folder'],
    ] as const) {
      const result = await cli(...argv, target);
      expect(result.exit).toBe(2);
      expect(failureOf(result)).toMatchObject({ code: 'file_unwritable', title: `cannot write ${target}`, detail });
    }
    expect(server.seen).toEqual([]);
  });

  it('is no reason to lose what was decided meanwhile: exit 7 says what that is, and how to get it again', async () => {
    const full = '/dev/full';
    server.on(`POST ${API}/gate/terraform/preflight`, { body: preflightAnswer() });
    if (!existsSync(full)) return;
    const result = await cli(...ASK, '--state', full);
    expect([result.exit, result.stdout]).toEqual([7, '']);
    const { detail } = failureOf(result);
    for (const word of [DECISION_ID, APPROVAL_ID, '--run run-1']) expect(detail).toContain(word);
  });

  it('is named as it is in what to do next', async () => {
    server.on(`POST ${API}/gate/terraform/preflight`, { body: preflightAnswer() });
    const { stderr } = await cli(...ASK, '--state', 'verdict-state.json', '-o', 'table');
    expect(stderr).toContain('approvals consume --state verdict-state.json');
  });
});
