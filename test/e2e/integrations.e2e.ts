import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LedgerReader } from '../support/e2e/ledger.js';
import { Standalone } from '../support/e2e/standalone.js';
import { must } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

const CLUSTER = {
  kind: 'k8s',
  name: 'production cluster',
  cluster_id: 'prod-1',
  ways: ['mtls', 'bearer', 'path'],
  client_key_sha256: 'ab'.repeat(32),
  project_rules: [{ namespace: 'web-*', project_id: 'web', environment: 'prod' }],
};
const RUN_TASK = { kind: 'run_task', name: 'HCP', address: 'https://APP.terraform.io:443' };

describe('integrations', () => {
  let server: Standalone;
  let ledger: LedgerReader;

  beforeAll(async () => {
    server = await Standalone.start();
    ledger = await server.openLedger();
  }, 120_000);
  afterAll(() => server.dispose());

  const create = (tenant: string, body: unknown, key?: string) =>
    server.call('createIntegration', {
      as: peopleOf(tenant).admin,
      body,
      ...(key === undefined ? {} : { key }),
    });

  it('show their secrets once, and no log or ledger ever has them', async () => {
    const tenant = freshTenant();
    const answers = [await create(tenant, CLUSTER, 'key-k8s'), await create(tenant, RUN_TASK, 'key-run-task')];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    const secrets = answers.flatMap(({ body }) => Object.values<string>(body.secrets));
    expect(secrets).toHaveLength(4);
    const again = await create(tenant, CLUSTER, 'key-k8s');
    expect(again.body).toMatchObject({
      replayed: true,
      secrets: null,
      integration_id: answers[0]!.body.integration_id,
    });
    const rotated = await must(server, 'rotateIntegration', {
      as: peopleOf(tenant).admin,
      params: { integration_id: String(answers[1]!.body.integration_id) },
      body: {},
    });
    secrets.push(String(rotated.body.secrets.hmac_key));
    const listed = await must(server, 'listIntegrations', { as: peopleOf(tenant).admin });
    const told = (await ledger.dump()) + server.output + listed.text;
    expect(told).toContain('integration_secret_rotated');
    for (const secret of secrets) expect(told).not.toContain(secret);
    expect(told).toContain('$sealed');
  });

  it('have defaults that are written down, so that the entry says all', async () => {
    const { body } = await create(freshTenant(), CLUSTER);
    expect(body.terms).toMatchObject({
      annotation_prefixes: ['verdict.io', 'valdrics.io'],
      project_rules: [{ namespace: 'web-*', from_object: false, allowed: [] }],
    });
    expect(body.terms.trusted_controllers).toContain('system:serviceaccount:kube-system:replicaset-controller');
    const runTask = await create(freshTenant(), RUN_TASK);
    expect(runTask.body.terms).toEqual({
      kind: 'run_task',
      address: 'https://app.terraform.io',
      project_rules: [],
      allow_private_address: false,
    });
  });

  it('rotate with two secrets in force, until the older one is retired', async () => {
    const tenant = freshTenant();
    const as = peopleOf(tenant).admin;
    const params = { integration_id: String((await create(tenant, CLUSTER)).body.integration_id) };
    const rotated = await must(server, 'rotateIntegration', {
      as,
      params,
      body: { previous_valid_until: '2099-01-01T00:00:00Z' },
    });
    expect(rotated.body.secrets_in_force).toMatchObject([
      { ways: ['mtls', 'bearer', 'path'], valid_until: null },
      { ways: ['mtls', 'bearer', 'path'], valid_until: '2099-01-01T00:00:00.000Z' },
    ]);
    const retired = await must(server, 'rotateIntegration', { as, params, body: { retire_previous: true } });
    expect(retired.body.secrets_in_force).toHaveLength(1);
    expect(retired.body.secrets).toBeNull();
    const revoked = await must(server, 'revokeIntegration', { as, params, body: {} });
    expect(revoked.body).toMatchObject({ status: 'revoked', secrets_in_force: [] });
    expect((await server.call('rotateIntegration', { as, params, body: {} })).body.code).toBe('not_found');
  });

  it.each([
    [{ ...CLUSTER, client_key_sha256: undefined }, '/client_key_sha256'],
    [{ ...CLUSTER, ways: ['bearer'] }, '/client_key_sha256'],
    [{ ...CLUSTER, ways: [] }, '/ways'],
    [{ ...RUN_TASK, address: 'http://app.terraform.io' }, '/address'],
    [{ ...RUN_TASK, address: 'https://app.terraform.io/path' }, '/address'],
    [{ ...RUN_TASK, address: 'https://user@app.terraform.io' }, '/address'],
    [{ ...RUN_TASK, hmac_key: 'mine' }, '/hmac_key'],
    [{ kind: 'other', name: 'x' }, '/kind'],
  ])('are refused when they make no sense: %j', async (body, pointer) => {
    const answer = await create(freshTenant(), body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it('count as changes of policy', async () => {
    await create(freshTenant(), RUN_TASK);
    const { text } = await server.raw({ method: 'GET', path: '/metrics' });
    expect(text).toMatch(/valdrics_ops_enforcement_policy_changes_total\{kind="integration"\} [1-9]/);
  });
});
