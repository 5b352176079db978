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

  const NO_NAMES = ['HEAD~', 'HEAD~01', 'HEAD^', 'head', 'first', '0', 'in-force~1', 'sha256:aaaaa', 'aaaaaa'];
  it.each([...NO_NAMES, 'sha256:AAAAAA', `sha256:${'a'.repeat(65)}`])('%s is no version', async (name) => {
    for (const args of [
      ['diff', name],
      ['diff', '3', name],
      ['show', name],
    ]) {
      const result = await cli('policy', ...args);
      expect([result.exit, failureOf(result)['code']]).toEqual([2, 'version_invalid']);
    }
    expect(asked()).toEqual([]);
  });
});

describe('`policy diff` and `policy show` know versions by their names', () => {
  const [A, B, C] = ['a'.repeat(64), `${'a'.repeat(10)}${'b'.repeat(54)}`, 'c'.repeat(64)];
  /** 5 waits, 4 is the challenger, 3 is in force and has the text of 1 again. */
  const versions: readonly object[] = [
    policyAnswer({ version: 5, status: 'scheduled', in_force: false, document_sha256: B }),
    policyAnswer({ version: 4, status: 'challenger', in_force: false, role: 'challenger', document_sha256: C }),
    policyAnswer({ version: 3, status: 'in_force', in_force: true, document_sha256: A }),
    policyAnswer({ version: 2, status: 'superseded', in_force: false, document_sha256: C }),
    policyAnswer({ version: 1, status: 'superseded', in_force: false, document_sha256: A }),
  ];
  const listed = (items: readonly object[] = versions): void => {
    const page = (part: readonly object[], next_cursor: string | null) => ({
      body: { items: part, next_cursor, as_of: {} },
    });
    server.on(`GET ${API}/policies/versions`, page(items.slice(0, 1), 'c1'), page(items.slice(1), null));
  };
  const LIST = ['/policies/versions?limit=200', '/policies/versions?limit=200&cursor=c1'];

  it.each([
    [['in-force', 'challenger'], 3, 4],
    [['challenger'], 4, 3],
    [['champion', 'scheduled'], 3, 5],
    [['HEAD~1', 'scheduled'], 2, 5],
    [['1', 'challenger'], 1, 4],
    [[`sha256:${B}`, `sha256:${C.slice(0, 6)}`], 5, 4],
    [[`sha256:${A.slice(0, 11)}`, '2'], 3, 2],
  ])('diff %j, all names read of one list', async (args, from, to) => {
    listed();
    diffOf(from, to);
    expect((await cli('policy', 'diff', ...args)).exit).toBe(0);
    expect(asked()).toEqual([...LIST, `/policies/versions/${String(from)}/diff/${String(to)}`]);
  });

  it.each([['in-force'], ['champion']])('diff %s is HEAD, for which no list is needed', async (name) => {
    inForce(3);
    diffOf(3, 2);
    expect((await cli('policy', 'diff', name, '2')).exit).toBe(0);
    expect(asked()).toEqual(['/policies', '/policies/versions/3/diff/2']);
  });

  it.each([
    ['challenger', 4],
    ['scheduled', 5],
    [`sha256:${A}`, 3],
    ['sha256:cccccc', 4],
  ])('show %s', async (name, version) => {
    listed();
    server.on(`GET ${API}/policies/versions/${String(version)}`, { body: policyAnswer({ version }) });
    const { exit, stdout } = await cli('policy', 'show', name, '-q');
    expect([exit, stdout]).toEqual([0, `${String(version)}\n`]);
    expect(asked()).toEqual([...LIST, `/policies/versions/${String(version)}`]);
  });

  it('show HEAD, in-force and champion are the version in force, show HEAD~1 the number before it', async () => {
    inForce(3);
    server.on(`GET ${API}/policies/versions/2`, { body: policyAnswer({ version: 2 }) });
    for (const name of ['HEAD', 'in-force', 'champion']) expect((await cli('policy', 'show', name)).exit).toBe(0);
    expect((await cli('policy', 'show', 'HEAD~1', '-q')).stdout).toBe('2\n');
    expect(asked()).toEqual(['/policies', '/policies', '/policies', '/policies', '/policies/versions/2']);
  });

  it.each(['challenger', 'scheduled', 'sha256:dddddd'])('%s is refused where there is none: 4', async (name) => {
    listed(versions.slice(2));
    const result = await cli('policy', 'show', name);
    expect([result.exit, failureOf(result)]).toMatchObject([4, { code: 'not_found', retry: 'never' }]);
    expect(failureOf(result)['title']).toContain(name);
  });

  it.each([
    ['sha256:aaaaaa', 'sha256:aaaaaa begins the digests of several texts: versions 5, 3, 1'],
    ['scheduled', 'several versions are scheduled: 6, 5'],
  ])('%s is called wrongly where it names several: 2, and their numbers', async (name, title) => {
    listed([policyAnswer({ version: 6, status: 'scheduled', in_force: false, document_sha256: C }), ...versions]);
    const result = await cli('policy', 'diff', name);
    expect([result.exit, failureOf(result)]).toMatchObject([2, { code: 'version_ambiguous', title }]);
    expect(asked()).toEqual(LIST);
  });
});
