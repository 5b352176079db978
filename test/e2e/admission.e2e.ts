import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { admissionBody, admissionFixtures } from '../fixtures/admission-fixtures.js';
import { ApiServer } from '../support/api-server/api-server.js';
import type { Admitted, KubernetesObject, Webhook } from '../support/api-server/types.js';
import { contractDefects } from '../support/e2e/api.js';
import type { LedgerReader } from '../support/e2e/ledger.js';
import { Standalone } from '../support/e2e/standalone.js';
import { must, publishPolicy } from '../support/e2e/story.js';
import { POD_BOOK } from '../support/pod-price-book.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

/** A Deployment of two pods of one CPU costs 80 USD a month. */
const BOOK = {
  ...POD_BOOK,
  entries: [
    ...POD_BOOK.entries,
    {
      id: 'load-balancer',
      resource_type: 'k8s:service',
      components: [{ name: 'lb', unit: 'hour', unit_price: '0.025' }],
    },
  ],
};
const NAME = 'gate.verdict.example.com';
const AUDIT = [
  'approval-request-id',
  'approval-required',
  'decision',
  'decision-id',
  'policy-version',
  'reason-codes',
  'request-fingerprint',
].map((key) => `${NAME}/${key}`);

const deployment = (replicas: number, more: Readonly<Record<string, unknown>> = {}): KubernetesObject => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'api', namespace: 'shop', ...more },
  spec: { replicas, template: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } } },
});

/** A tenant with a cluster: its people, its secrets, and an API server that calls the gate. */
interface Cluster {
  readonly people: People;
  readonly tenant: string;
  readonly integrationId: string;
  readonly secrets: { readonly bearer: string; readonly path_base64url: string; readonly path_base32: string };
  readonly webhook: Webhook;
  readonly api: ApiServer;
}

describe('admission of Kubernetes objects', () => {
  let server: Standalone;
  let ledger: LedgerReader;

  beforeAll(async () => {
    server = await Standalone.start();
    ledger = await server.openLedger();
  }, 120_000);
  afterAll(() => server.dispose());

  const clusterOf = async (document?: unknown): Promise<Cluster> => {
    const tenant = freshTenant('k8s');
    const people = peopleOf(tenant);
    await must(server, 'publishPriceBook', { as: people.admin, body: BOOK });
    if (document !== undefined) await publishPolicy(server, people, document);
    const { body } = await must(server, 'createIntegration', {
      as: people.admin,
      body: {
        kind: 'k8s',
        name: 'cluster',
        cluster_id: 'east',
        ways: ['bearer', 'path'],
        project_rules: [{ namespace: 'shop', project_id: 'shop', environment: 'prod' }],
      },
    });
    const webhook: Webhook = {
      name: NAME,
      url: `${server.url}${ROUTES.reviewAdmission.path}`,
      timeoutSeconds: 10,
      failurePolicy: 'Fail',
      bearerToken: body.secrets.bearer,
    };
    return {
      tenant,
      people,
      integrationId: body.integration_id,
      secrets: body.secrets,
      webhook,
      api: new ApiServer([webhook]),
    };
  };
  const decisions = async ({ tenant }: Cluster) =>
    (await ledger.entries(tenant, 'decisions')).filter(({ type }) => type === 'decision_recorded');
  const held = async ({ tenant, people }: Cluster): Promise<number> => {
    expect(tenant).toBe(people.admin.tenant);
    const { body } = await must(server, 'listActiveReservations', {
      as: people.admin,
      headers: { 'verdict-min-entry': `decisions@${String((await ledger.heads(tenant)).decisions)}` },
    });
    return body.items.reduce((sum: number, item: { hold_usd: string }) => sum + Number(item.hold_usd), 0);
  };
  const reasonsOf = ({ annotations }: Admitted) => annotations[`${NAME}/reason-codes`]?.split(',');
  const approve = async ({ people }: Cluster, admitted: Admitted) =>
    must(server, 'approve', {
      as: people.lead,
      params: { approval_id: admitted.annotations[`${NAME}/approval-request-id`] ?? '' },
      body: { notes: 'fine with me, go ahead' },
    });

  it('uses an approval: denied with its id, approved, allowed, and the next review replays it (scenario 21)', async () => {
    const cluster = await clusterOf();
    const { api } = cluster;
    const denied = await api.create('deployments', deployment(2));
    expect(denied).toMatchObject({ allowed: false, code: 403, complaints: [] });
    const approvalId = denied.annotations[`${NAME}/approval-request-id`];
    const decisionId = denied.annotations[`${NAME}/decision-id`];
    expect(denied.message).toMatch(
      new RegExp(
        `^admission webhook "${NAME}" denied the request: ${String(decisionId)} REQUIRE_APPROVAL: .*; approval ${String(approvalId)}$`,
      ),
    );
    expect(await held(cluster)).toBe(80);
    await approve(cluster, denied);
    const allowed = await api.create('deployments', deployment(2), { dryRun: true });
    expect(allowed.allowed).toBe(false); // A dry run uses no grant.
    const used = await api.create('deployments', deployment(2));
    expect(used).toMatchObject({ allowed: true, complaints: [] });
    expect(reasonsOf(used)).toContain('approval_grant_used');
    expect(await held(cluster)).toBe(80);
    const before = (await decisions(cluster)).length;
    await api.delete('deployments', 'shop', 'api');
    const replayed = await api.create('deployments', deployment(2));
    expect(replayed.allowed).toBe(true);
    expect(replayed.annotations[`${NAME}/decision-id`]).toBe(used.annotations[`${NAME}/decision-id`]);
    expect(await decisions(cluster)).toHaveLength(before + 1); // The deletion.
  });

  it('holds and asks once for five reviews of one change; a label costs nothing, a third replica 40 (scenario 22)', async () => {
    const cluster = await clusterOf();
    const { api } = cluster;
    const answers: Admitted[] = [];
    for (let review = 0; review < 5; review += 1) answers.push(await api.create('deployments', deployment(2)));
    expect(new Set(answers.map(({ annotations }) => annotations[`${NAME}/decision-id`])).size).toBe(1);
    expect(await decisions(cluster)).toHaveLength(1);
    expect(await held(cluster)).toBe(80);
    const [first] = answers;
    if (first !== undefined) await approve(cluster, first);
    const asked = await ledger.typesOf(cluster.tenant, 'approvals');
    expect(asked.filter((type) => type === 'approval_requested')).toHaveLength(1);
    expect((await api.create('deployments', deployment(2))).allowed).toBe(true);

    const labelled = await api.update('deployments', 'shop', 'api', (old) => ({
      ...old,
      metadata: { ...old.metadata, labels: { a: 'b' } },
    }));
    expect(labelled.allowed).toBe(true);
    expect(reasonsOf(labelled)).toContain('no_cost_change');
    const more = await api.update('deployments', 'shop', 'api', (old) => ({
      ...deployment(3),
      metadata: old.metadata,
    }));
    expect(more.allowed).toBe(false);
    const [last] = (await decisions(cluster)).slice(-1);
    expect(last?.payload).toMatchObject({
      cost: { monthly_delta_usd: '40.0000', method: 'price_book' },
      request: { source: 'k8s_admission', action: 'admission.update', resource_reference: 'deployments.apps/shop/api' },
      requester: { subject: 'admin@example.com' },
    });
    expect(last?.envelope.actor).toEqual({ kind: 'service', id: 'admin@example.com', roles: ['cluster'] });
  });

  it('appends an entry for a dry run, and holds and asks nothing (scenario 23)', async () => {
    const cluster = await clusterOf();
    const dry = await cluster.api.create('deployments', deployment(2), { dryRun: true });
    expect(dry.allowed).toBe(false);
    expect(reasonsOf(dry)).toContain('dry_run');
    const [entry] = await decisions(cluster);
    expect(entry?.payload).toMatchObject({ dry_run: true, hold: { legs: [] }, approval: null });
    expect(await held(cluster)).toBe(0);
    const { body } = await must(server, 'listApprovals', { as: cluster.people.admin });
    expect(body.items).toEqual([]);
  });

  it('asks for a proof, and writes nothing without one (scenario 24)', async () => {
    const cluster = await clusterOf();
    const { secrets, webhook, people } = cluster;
    const heads = await ledger.heads(cluster.tenant);
    const path = (segment: string) => `${server.url}${ROUTES.reviewAdmission.path}/t/${segment}`;
    const { bearerToken: _secret, ...open } = webhook;
    const tryAs = async (more: Partial<Webhook>) =>
      new ApiServer([{ ...open, ...more }]).create('deployments', deployment(1), { dryRun: true });
    const foreign = randomBytes(32).toString('base64url');
    for (const more of [{}, { bearerToken: 'vct_x' }, { url: path(foreign) }]) {
      expect((await tryAs(more)).complaints).toEqual([expect.stringContaining('the server answered 401')]);
    }
    expect(await ledger.heads(cluster.tenant)).toEqual(heads);
    for (const segment of [secrets.path_base64url, secrets.path_base32])
      expect((await tryAs({ url: path(segment) })).complaints).toEqual([]);
    expect((await decisions(cluster)).length).toBe(1);

    const rotated = await must(server, 'rotateIntegration', {
      as: people.admin,
      params: { integration_id: cluster.integrationId },
      body: {},
    });
    for (const token of [secrets.bearer, String(rotated.body.secrets.bearer)])
      expect((await tryAs({ bearerToken: token })).complaints).toEqual([]);
    await must(server, 'revokeIntegration', {
      as: people.admin,
      params: { integration_id: cluster.integrationId },
      body: {},
    });
    const revoked = await ledger.heads(cluster.tenant);
    for (const more of [{ url: path(secrets.path_base64url) }, { bearerToken: String(rotated.body.secrets.bearer) }])
      expect((await tryAs(more)).complaints).toEqual([expect.stringContaining('the server answered 401')]);
    expect(await ledger.heads(cluster.tenant)).toEqual(revoked);

    // Lines of the log come in blocks.
    for (let call = 0; call < 60 && !server.output.includes('/review/t/:segment'); call += 1)
      await tryAs({ url: path(foreign) });
    const told = server.output + (await ledger.dump());
    expect(told).toContain('/review/t/:segment');
    for (const secret of [...Object.values(secrets), foreign]) expect(told).not.toContain(secret);
  });

  it('answers with the seven audit keys alone, each of which survives (scenario 26)', async () => {
    const { api } = await clusterOf();
    const answers = [
      await api.create('deployments', deployment(2)),
      await api.create('deployments', deployment(0, { name: 'none' })),
      await api.create('services', { kind: 'Service', apiVersion: 'v1', metadata: { name: 's', namespace: 'shop' } }),
    ];
    for (const { annotations, complaints } of answers) {
      expect(complaints).toEqual([]);
      expect(Object.keys(annotations).sort()).toEqual(AUDIT);
    }
  });

  it('prices a scale by what the last review of its object said, and does not guess before there was one', async () => {
    const cluster = await clusterOf({ approval: { required: { prod: false } } });
    const { api, webhook } = cluster;
    const unseen = new ApiServer([{ ...webhook, resources: ['deployments/scale'] }]);
    await unseen.create('deployments', deployment(2));
    const guess = await unseen.scale('deployments', 'shop', 'api', 5);
    expect(reasonsOf(guess)).toContain('cost_unknown');
    expect((await api.create('deployments', deployment(2))).allowed).toBe(true);
    expect((await api.scale('deployments', 'shop', 'api', 5)).allowed).toBe(true);
    const [last] = (await decisions(cluster)).slice(-1);
    expect(last?.payload.cost).toMatchObject({ monthly_delta_usd: '120.0000', completeness: 'complete' });
    const same = await api.scale('deployments', 'shop', 'api', 5);
    expect(reasonsOf(same)).toContain('no_cost_change');
  });

  it('holds for each generated name, and not twice for a retry of a storage conflict', async () => {
    const cluster = await clusterOf({ approval: { required: { prod: false } } });
    const { api } = cluster;
    api.nextNames.push('job-a', 'job-b');
    const job = deployment(1, { name: '', generateName: 'job-' });
    for (let each = 0; each < 2; each += 1) expect((await api.create('deployments', job)).allowed).toBe(true);
    expect(await held(cluster)).toBe(80);
    const keys = (await decisions(cluster)).map(({ payload }) => payload.key.text);
    expect(keys.map((key: string) => key.split(':').at(-1))).toEqual(['job-a', 'job-b']);
    expect((await decisions(cluster)).map(({ payload }) => payload.request.resource_reference)).toEqual([
      'deployments.apps/shop/job-*',
      'deployments.apps/shop/job-*',
    ]);
    api.conflicts = 3;
    const grown = await api.update('deployments', 'shop', 'job-a', (old) => ({
      ...deployment(2),
      metadata: old.metadata,
    }));
    expect(grown.allowed).toBe(true);
    expect(await held(cluster)).toBe(120);
  });

  it('never refuses a deletion for money, and costs nothing again for what an owner pays', async () => {
    const cluster = await clusterOf({
      mode_matrix: { k8s_admission: { default: 'hard' } },
      approval: { required: { prod: false } },
    });
    const { api } = cluster;
    await api.create('deployments', deployment(2));
    const pod = (name: string): KubernetesObject => ({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name,
        namespace: 'shop',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'y', controller: true }],
      },
      spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] },
    });
    const controller = { username: 'system:serviceaccount:kube-system:replicaset-controller' };
    expect(reasonsOf(await api.create('pods', pod('p1'), { user: controller }))).toContain('no_cost_change');
    expect(reasonsOf(await api.create('pods', pod('p2')))).not.toContain('no_cost_change');
    const deleted = await api.delete('deployments', 'shop', 'api', { isCollection: true });
    expect(deleted.allowed).toBe(true);
    expect(reasonsOf(deleted)).toContain('cost_decrease');
    const [last] = (await decisions(cluster)).slice(-1);
    expect(last?.payload).toMatchObject({
      cost: { monthly_delta_usd: '-80.0000' },
      request: { resource_reference: 'deployments.apps/shop/api' },
      hold: { total_usd: '0.0000' },
    });
  });

  it('lets go what nobody can price, in the strictest policy: clean-up and the end of a namespace do not hang', async () => {
    const cluster = await clusterOf({ mode_matrix: { k8s_admission: { default: 'shadow' } } });
    const { api, people } = cluster;
    const pod = { containers: [{ name: 'c' }] };
    const unpriced: readonly (readonly [string, KubernetesObject])[] = [
      ['pods', { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'bare', namespace: 'shop' }, spec: pod }],
      [
        'daemonsets',
        {
          ...{ kind: 'DaemonSet', apiVersion: 'apps/v1', metadata: { name: 'agents', namespace: 'shop' } },
          spec: { template: { spec: pod } },
        },
      ],
    ];
    for (const [plural, object] of unpriced)
      expect(reasonsOf(await api.create(plural, object))).toContain('cost_unknown');
    await publishPolicy(server, people, {
      mode_matrix: { k8s_admission: { default: 'hard' } },
      pricing: { unknown: { prod: 'violation' } },
    });
    for (const [plural, { metadata }] of unpriced) {
      const deleted = await api.delete(plural, 'shop', String(metadata['name']), { isCollection: true });
      expect(deleted).toMatchObject({ allowed: true, complaints: [] });
      const [last] = (await decisions(cluster)).slice(-1);
      expect(last?.payload.cost).toMatchObject({ completeness: 'unknown', monthly_delta_usd: null, removal: true });
    }
    expect(await held(cluster)).toBe(0);
  });

  it('takes a bad amount in an annotation for a violation, never for 0 and never for an error', async () => {
    const cluster = await clusterOf();
    for (const amount of ['NaN', '1e24', '1000000000000.0001']) {
      const denied = await cluster.api.create(
        'deployments',
        deployment(1, { annotations: { 'verdict.io/estimated-monthly-delta-usd': amount } }),
        { dryRun: true },
      );
      expect(denied).toMatchObject({ allowed: false, code: 403 });
      expect(reasonsOf(denied)).toContain('cost_annotation_invalid');
    }
    const [last] = (await decisions(cluster)).slice(-1);
    expect(last?.payload).toMatchObject({ finding: 'violation', cost: { monthly_delta_usd: '40.0000' } });
  });

  it('answers every fixture as its index says', async () => {
    const { secrets } = await clusterOf();
    for (const { file, valid, expect: wanted } of admissionFixtures()) {
      const answer = await server.raw({
        method: 'POST',
        path: `${ROUTES.reviewAdmission.path}?timeout=10s`,
        headers: { authorization: `Bearer ${secrets.bearer}`, 'content-type': 'application/json' },
        body: admissionBody(file),
      });
      expect([file, contractDefects(ROUTES.reviewAdmission, answer)]).toEqual([file, []]);
      if (valid) {
        expect([file, answer.status]).toEqual([file, 200]);
        expect(answer.body.response).toMatchObject({ uid: wanted.uid });
        expect(answer.body.response).not.toHaveProperty('patch');
      } else {
        expect([400, 422]).toContain(answer.status);
      }
    }
  });
});
