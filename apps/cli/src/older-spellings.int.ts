import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { policyAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';
import { agreeable } from './testing/sample-answer.js';

const { server, cli, bare } = withCliWorld();

const EXAMPLE = fileURLToPath(new URL('../../../examples/policy-cases', import.meta.url));
const POLICY = `${EXAMPLE}/policy.json`;
const WHY = ['--message', 'why'];

/** What a command line says, and what it sends. */
const outcomeOf = async (argv: readonly string[]) => {
  const from = server.seen.length;
  const { exit, stdout, stderr } = await cli(...argv);
  const sent = server.seen
    .slice(from)
    .map(({ method, path, text, headers }) => [method, path, text, headers['if-match']]);
  return { exit, stdout, stderr, sent };
};

describe('older spellings', () => {
  it.each([
    ['show', 'show', ['2'], `GET /policies/versions/2`],
    ['diff', 'diff', ['1', '2'], 'GET /policies/versions/1/diff/2'],
    ['update', 'validate', [POLICY], 'POST /policies/validate'],
    ['test', 'test', [POLICY, '--cases', EXAMPLE], undefined],
    ['deploy', 'publish', [POLICY, ...WHY], 'POST /policies'],
    ['restore', 'rollback', ['1', ...WHY], 'POST /policies/rollback'],
  ])('`config %s` is `policy %s`: it sends and says the same', async (older, name, args, request) => {
    server.otherwise(agreeable);
    server.on(`GET ${API}/policies`, { body: policyAnswer(), headers: { etag: '"3"' } });
    const then = await outcomeOf(['config', older, ...args]);
    expect(then.exit).toBeLessThanOrEqual(1);
    expect(then.stdout).not.toBe('');
    const [method, path] = then.sent.at(-1) ?? [];
    expect(then.sent.length === 0 ? undefined : `${String(method)} ${String(path).slice(API.length)}`).toBe(request);
    expect(then).toEqual(await outcomeOf(['policy', name, ...args]));
  });

  it.each(['list', 'validate', 'publish', 'rollback', 'rollout'])('`config %s` is none of them', async (name) => {
    const result = await cli('config', name, '2');
    expect([result.exit, failureOf(result)['code'], server.seen]).toEqual([2, 'usage', []]);
  });

  it('are told in one line of the help of `policy`, and shown nowhere else', async () => {
    const { stdout: help } = await bare(['policy', '--help']);
    expect(help.split('\n').filter((line) => /\bconfig\b(?!uration)(?! <)/.test(line))).toEqual([
      'Older spellings: config show|diff|update|test|deploy|restore = policy show|diff|validate|test|publish|rollback',
    ]);
    expect((await bare(['--help'])).stdout).not.toMatch(/^ {2}config\b/m);
    for (const shell of ['bash', 'zsh', 'fish'])
      expect((await bare(['completion', shell])).stdout).not.toContain('verdict config');
  });
});
