import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { rawJsonText } from '@verdict/domain';
import { parse } from 'yaml';
import { admissionRequest } from '../fixtures/admission-fixtures.js';
import { isAuditKey } from '../support/api-server/admit.js';
import { ApiServer } from '../support/api-server/api-server.js';
import { KINDS, type KubernetesObject } from '../support/api-server/types.js';
import { REPOSITORY } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { must, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

const DOCS = join(REPOSITORY, 'docs/integrations');
const example = (file: string): Promise<string> => readFile(join(DOCS, 'examples', file), 'utf8');

interface Registered {
  readonly name: string;
  readonly admissionReviewVersions: readonly string[];
  readonly sideEffects: string;
  readonly failurePolicy: 'Ignore' | 'Fail';
  readonly timeoutSeconds: number;
  readonly rules: readonly {
    readonly operations: readonly string[];
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
  }[];
  readonly clientConfig: { readonly service: { readonly path: string } };
}

describe('docs/integrations/kubernetes.md', () => {
  let server: Standalone;
  let webhook: Registered;
  let page: string;

  beforeAll(async () => {
    server = await Standalone.start();
    const configuration = parse(await example('kubernetes-webhook.yaml')) as {
      readonly webhooks: readonly Registered[];
    };
    const [first] = configuration.webhooks;
    if (first === undefined) throw new Error('no webhook is registered');
    webhook = first;
    page = await readFile(join(DOCS, 'kubernetes.md'), 'utf8');
  }, 120_000);
  afterAll(() => server.dispose());

  it('registers a webhook that an API server accepts, at the path that is served', () => {
    expect(webhook).toMatchObject({ admissionReviewVersions: ['v1'], sideEffects: 'NoneOnDryRun' });
    expect(webhook.name.split('.').length).toBeGreaterThanOrEqual(3);
    expect(isAuditKey(`${webhook.name}/decision-id`)).toBe(true);
    expect(webhook.timeoutSeconds).toBeLessThanOrEqual(5);
    const { path } = webhook.clientConfig.service;
    expect(path).toBe(ROUTES.reviewAdmission.path);
    for (const segment of path.split('/').slice(1)) expect(segment).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  });

  it('registers kinds that cost money and the subresources beside them, never everything and never a status', () => {
    const resources = webhook.rules.flatMap((rule) => rule.resources);
    expect(resources).toEqual(expect.arrayContaining(['deployments/scale', 'statefulsets/scale', 'pods/resize']));
    for (const resource of resources) expect(resource).not.toMatch(/\*|status/);
    const kinds = webhook.rules.flatMap(({ apiGroups, resources: names }) =>
      names.map((name) => `${apiGroups[0] ?? ''} ${name}`),
    );
    for (const [plural, { group }] of Object.entries(KINDS)) expect(kinds).toContain(`${group} ${plural}`);
  });

  it('shows an integration, a price book and a registration that work together', async () => {
    const people = peopleOf(freshTenant('docs'));
    const integration = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    await must(server, 'publishPriceBook', {
      as: people.admin,
      body: JSON.parse(await example('kubernetes-price-book.json')),
    });
    await publishPolicy(server, people, { approval: { required: { prod: false } } });
    const { body } = await must(server, 'createIntegration', { as: people.admin, body: JSON.parse(integration) });
    const { name, timeoutSeconds, failurePolicy, rules, clientConfig } = webhook;
    const api = new ApiServer([
      {
        name,
        timeoutSeconds,
        failurePolicy,
        url: `${server.url}${clientConfig.service.path}/t/${String(body.secrets.path_base32)}`,
        resources: rules.flatMap(({ resources }) => resources),
      },
    ]);
    const { object } = admissionRequest('01-create-deployment.json');
    const created = JSON.parse(rawJsonText(object)) as KubernetesObject;
    const metadata = { ...created.metadata, namespace: 'team-web-shop', annotations: {} };
    const admitted = await api.create('deployments', { ...created, metadata });
    expect(admitted).toMatchObject({ message: '', allowed: true, complaints: [] });
    const { body: decision } = await must(server, 'getDecision', {
      as: people.admin,
      params: { decision_id: admitted.annotations[`${name}/decision-id`] ?? '' },
    });
    // 3 pods of half a CPU and 512 MiB.
    expect(decision).toMatchObject({
      project_id: 'web',
      environment: 'prod',
      cost: { monthly: '39.3050', method: 'price_book' },
    });
  });

  it('names the audit annotations, the limits and the settings as they are', () => {
    for (const text of ['VERDICT_REVIEW_MIB_MAX', 'HTTP_TLS_CLIENT_CA_FILE', 'webhook_auth_failures_total'])
      expect(page).toContain(text);
    for (const key of [
      'decision-id',
      'reason-codes',
      'policy-version',
      'request-fingerprint',
      'approval-required',
      'approval-request-id',
    ])
      expect(page).toContain(`\`${key}\``);
  });
});
