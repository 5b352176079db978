import { describe, expect, it } from '@jest/globals';
import { policyAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, cli } = withCliWorld();

const inForce = (version: number): void => {
  server.on(`GET ${API}/policies`, { body: policyAnswer({ version }) });
};
const diffOf = (from_version: number, to_version: number): void => {
  server.on(`GET ${API}/policies/versions/${String(from_version)}/diff/${String(to_version)}`, {
    body: { from_version, to_version, changes: [], loosens: [], tightens: [] },
  });
};
const asked = (): readonly string[] => server.seen.map(({ path }) => path.slice(API.length));

describe('`policy diff` counts from the version in force', () => {
  it.each([
    ['HEAD~1 is the number before it', ['HEAD~1'], 14, 15],
    ['HEAD is itself, whatever it is compared with', ['HEAD', '12'], 15, 12],
    ['a number alone is compared with it', ['12'], 12, 15],
    ['HEAD~3 and HEAD~0 are read of one version', ['HEAD~3', 'HEAD~0'], 12, 15],
  ])('%s', async (_, args, from, to) => {
    inForce(15);
    diffOf(from, to);
    expect((await cli('policy', 'diff', ...args)).exit).toBe(0);
    expect(asked()).toEqual(['/policies', `/policies/versions/${String(from)}/diff/${String(to)}`]);
  });

  it('asks for it only where it is meant', async () => {
    diffOf(3, 4);
    expect((await cli('policy', 'diff', '3', '4')).exit).toBe(0);
    expect(asked()).toEqual(['/policies/versions/3/diff/4']);
  });

  it('has nothing before version 1', async () => {
    inForce(3);
    const result = await cli('policy', 'diff', 'HEAD~3');
    expect([result.exit, failureOf(result)['code']]).toEqual([2, 'version_invalid']);
  });

  it.each(['HEAD~', 'HEAD~01', 'HEAD^', 'head', 'first'])('%s is no version', async (name) => {
    const result = await cli('policy', 'diff', name);
    expect([result.exit, failureOf(result)['code']]).toEqual([2, 'number_invalid']);
    expect(asked()).toEqual([]);
  });
});
