import { describe, expect, it } from '@jest/globals';
import { policyAnswer, problemAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';
import type { CliRun } from './testing/run-cli.js';

const world = withCliWorld();
const { server } = world;

const run = (stdin: string | Uint8Array, ...argv: readonly string[]): Promise<CliRun> => world.run(argv, { stdin });
const add = (stdin: string | Uint8Array, ...more: readonly string[]): Promise<CliRun> =>
  run(stdin, 'policy', 'add-validation', '-', '--message', 'why', ...more);
const posted = (): Record<string, unknown> =>
  JSON.parse(server.seen.find(({ method, path }) => method === 'POST' && path === `${API}/policies`)?.text ?? '{}');

const RULE = 'id: a\ncondition: "true"\neffect: warn\n';
const VALID = {
  ...{ valid: true, document: {}, document_sha256: 'a'.repeat(64) },
  ...{ errors: [], warnings: [], loosens: [], tightens: [] },
};
const answer = (document: object): void => {
  server.on(`GET ${API}/policies`, { body: policyAnswer({ document }), headers: { etag: '"3"' } });
  server.on(`POST ${API}/policies/validate`, { body: VALID });
  server.on(`POST ${API}/policies`, { status: 201, body: policyAnswer({ version: 4 }) });
};

describe('a rule that is added', () => {
  it.each([
    ['YAML', RULE],
    ['JSON', '{"id": "a", "condition": "true", "effect": "warn"}'],
    ['YAML behind a byte order mark', `\ufeff${RULE}`],
  ])('is read as %s, and follows exactly the version that was read', async (_, text) => {
    answer({ format: 'verdict.enforcement.policy.v1' });
    expect((await add(text)).exit).toBe(0);
    expect(server.seen.map(({ method, path }) => `${method} ${path.slice(API.length)}`)).toEqual([
      'GET /policies',
      'POST /policies/validate',
      'POST /policies',
    ]);
    expect(server.seen[2]?.headers['if-match']).toBe('"3"');
    expect(posted()).toEqual({
      message: 'why',
      document: {
        format: 'verdict.enforcement.policy.v1',
        rules: [{ id: 'a', condition: 'true', effect: 'warn' }],
      },
    });
  });

  it('is not published where somebody has published meanwhile', async () => {
    answer({ rules: [] });
    server.on(`POST ${API}/policies`, { status: 412, body: problemAnswer(412, 'version_conflict') });
    const result = await add(RULE);
    expect([result.exit, failureOf(result)]).toMatchObject([4, { code: 'version_conflict' }]);
  });

  it('bears the key that it was given, once', async () => {
    answer({ rules: [] });
    await add(RULE, '--idempotency-key', 'add-1234');
    expect(server.seen.map(({ headers }) => headers['idempotency-key'] === 'add-1234')).toEqual([false, false, true]);
  });

  it('leaves the number of the version alone with --quiet', async () => {
    answer({ rules: [] });
    expect(await add(RULE, '--quiet')).toEqual({ exit: 0, stdout: '4\n', stderr: '' });
  });

  it.each([
    ['nothing', '', 'input_empty'],
    ['no YAML', 'a: [', 'rule_invalid'],
    ['several documents', `${RULE}---\n${RULE}`, 'rule_invalid'],
    ['aliases', 'id: &a x\nmessage: *a\n', 'rule_invalid'],
    ['a list of rules', `- ${RULE.trim().replaceAll('\n', '\n  ')}`, 'rule_invalid'],
    ['a rule without a name', 'condition: "true"\n', 'rule_invalid'],
    ['a member twice', '{"id": "a", "id": "b"}', 'malformed_json'],
    ['bytes that are no text', Uint8Array.of(0x69, 0xff), 'text_malformed'],
    ['far more than a rule', `id: a\nmessage: ${'x'.repeat(70_000)}\n`, 'file_too_large'],
  ])('is not read from %s', async (_, text, code) => {
    const result = await add(text);
    expect([result.exit, failureOf(result)]).toMatchObject([2, { code }]);
    expect(server.seen).toHaveLength(0);
  });
});

describe('actual cost that is imported', () => {
  const IMPORTED = {
    ...{ import_id: 'i-1', accepted: 1, replaced: 0, reconciled: [], replayed: false },
    entry: { origin: 'log.test/acme/reservations', revision: 7, leaf_hash: 'ab'.repeat(32) },
  };
  const send = async (stdin: string | Uint8Array): Promise<CliRun> => {
    server.on(`POST ${API}/actual-costs/import`, { body: IMPORTED });
    return run(stdin, 'reservations', 'import', '-');
  };

  it.each([
    ['CSV', 'a,b\n1,"ü, x"\n', 'text/csv', 'a,b\n1,"ü, x"\n'],
    ['CSV behind a byte order mark', '\ufeffa,b\n1,2\n', 'text/csv', 'a,b\n1,2\n'],
    ['a list of rows', ' [{"EffectiveCost": 7.10}]', 'application/json', '{"rows":[{"EffectiveCost":7.10}]}'],
    ['an object with rows', '{"rows": []}', 'application/json', '{"rows":[]}'],
  ])('goes out as it was written: %s', async (_, text, mediaType, body) => {
    expect((await send(text)).exit).toBe(0);
    expect(server.seen[0]).toMatchObject({ text: body, headers: { 'content-type': mediaType } });
    expect(server.seen[0]?.headers['idempotency-key']).toMatch(/^cli-/);
  });

  it('is not sent where it is no text, since nothing of it may change on the way', async () => {
    const result = await send(Uint8Array.of(0x61, 0xe4, 0x0a));
    expect([result.exit, failureOf(result)]).toMatchObject([2, { code: 'text_malformed' }]);
    expect(server.seen).toHaveLength(0);
  });

  it('shows on a terminal what was done before', async () => {
    server.on(`POST ${API}/actual-costs/import`, { body: { ...IMPORTED, replayed: true } });
    await world.file('costs.csv', 'a\n1\n');
    const { stdout } = await run('', 'reservations', 'import', 'costs.csv', '-o', 'table');
    expect(stdout).toMatch(/^done before: this is the first answer\n1 row accepted/);
  });
});
