import { describe, expect, it } from '@jest/globals';
import { policyAnswer, problemAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, cli } = withCliWorld();

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
/** 5 waits, 4 is the challenger, 3 is in force. */
const VERSIONS = [
  policyAnswer({ version: 5, status: 'scheduled', in_force: false }),
  policyAnswer({ version: 4, status: 'challenger', in_force: false, document_sha256: B }),
  policyAnswer({ version: 3, document_sha256: A }),
];
const world = (): void => {
  server.on(`GET ${API}/policies/versions`, { body: { items: VERSIONS, next_cursor: null, as_of: {} } });
  server.on(`GET ${API}/policies`, { body: policyAnswer({ version: 3 }), headers: { etag: '"3"' } });
  server.on(`POST ${API}/policies/rollback`, { status: 201, body: policyAnswer({ version: 6 }) });
  server.otherwise(({ method, path }) => {
    const [, version, change] = /\/policies\/versions\/(\d+)(?:\/(\w+))?$/.exec(path) ?? [];
    if (version === undefined || (change === undefined) !== (method === 'GET')) return undefined;
    return { body: policyAnswer({ version: Number(version) }), headers: { etag: `"${version}.1"` } };
  });
};
const written = () => {
  const [request, ...others] = server.seen.filter(({ method }) => method === 'POST');
  expect(others).toEqual([]);
  const body: unknown = JSON.parse(request?.text ?? 'null');
  return { path: request?.path.slice(API.length), tag: request?.headers['if-match'], body };
};

describe('what writes to a version takes the names that show and diff take', () => {
  it.each([
    ['HEAD~1', 2],
    ['in-force', 3],
    [`sha256:${B.slice(0, 6)}`, 4],
    ['2', 2],
  ])('rollback %s', async (name, to_version) => {
    world();
    expect((await cli('policy', 'rollback', name, '--message', 'm')).exit).toBe(0);
    expect(written()).toEqual({ path: '/policies/rollback', tag: '"3"', body: { to_version, message: 'm' } });
  });

  it.each([
    ['rollout', ['--percent', '50'], 'scheduled', 5, { cohort_percent: 50 }],
    ['rollout', ['--percent', '50'], `sha256:${B}`, 4, { cohort_percent: 50 }],
    ['cancel', [], 'challenger', 4, {}],
    ['cancel', [], 'HEAD', 3, {}],
  ] as const)('%s %j %s', async (verb, flags, name, version, body) => {
    world();
    expect((await cli('policy', verb, name, ...flags)).exit).toBe(0);
    const number = String(version);
    expect(written()).toEqual({ path: `/policies/versions/${number}/${verb}`, tag: `"${number}.1"`, body });
  });

  it('a rollback has seen the version in force before its name is looked up, so that HEAD cannot move in between', async () => {
    world();
    server.on(
      `GET ${API}/policies`,
      { body: policyAnswer({ version: 3 }), headers: { etag: '"3"' } },
      { body: policyAnswer({ version: 4 }), headers: { etag: '"4"' } },
    );
    await cli('policy', 'rollback', 'HEAD~1', '--message', 'm');
    expect(written()).toMatchObject({ tag: '"3"', body: { to_version: 3 } });
  });

  it('what is no name is called wrongly, and nobody is asked; --dry-run looks the name up and writes nothing', async () => {
    world();
    for (const argv of [
      ['rollback', 'first', '--message', 'm'],
      ['rollout', '0', '--percent', '5'],
      ['cancel', 'head'],
    ]) {
      const result = await cli('policy', ...argv);
      expect([result.exit, failureOf(result)['code']]).toEqual([2, 'version_invalid']);
    }
    expect(server.seen).toEqual([]);
    const dry = await cli('policy', 'cancel', 'challenger', '--dry-run');
    expect([dry.exit, dry.stdout.split('\n')[0]]).toEqual([0, `POST ${server.url}${API}/policies/versions/4/cancel`]);
    expect(server.seen.every(({ method }) => method === 'GET')).toBe(true);
  });
});

it('a cancellation that comes too late says that a rollback is what is left', async () => {
  const at = `${API}/policies/versions/3`;
  server.on(`GET ${at}`, { body: policyAnswer(), headers: { etag: '"3"' } });
  const errors = [{ pointer: '/version', code: 'validation_failed', detail: 'this version is in force' }];
  server.on(`POST ${at}/cancel`, { status: 422, body: problemAnswer(422, 'validation_failed', { errors }) });
  const result = await cli('policy', 'cancel', '3');
  expect([result.exit, failureOf(result)]).toMatchObject([
    4,
    { code: 'validation_failed', detail: expect.stringContaining('verdict policy rollback'), errors },
  ]);
});
