import { ROUTES } from '@verdict/contracts';
import { ApiServer } from '../api-server/api-server.js';
import type { Admitted, KubernetesObject } from '../api-server/types.js';
import { must, publishPolicy } from '../e2e/story.js';
import { POD_BOOK } from '../pod-price-book.js';
import type { CodeWorld } from './reason-rows.js';

const NAME = 'gate.verdict.example.com';

export interface Cluster {
  readonly api: ApiServer;
  readonly bearer: string;
}

/** A cluster of the world's tenant, whose API server asks the gate about every object. */
export const aCluster = async ({ server, people }: CodeWorld, document?: unknown): Promise<Cluster> => {
  await must(server, 'publishPriceBook', { as: people.admin, body: POD_BOOK });
  if (document !== undefined) await publishPolicy(server, people, document);
  const { body } = await must(server, 'createIntegration', {
    as: people.admin,
    body: {
      kind: 'k8s',
      name: 'cluster',
      cluster_id: 'east',
      ways: ['bearer'],
      project_rules: [{ namespace: 'shop', project_id: 'shop', environment: 'prod' }],
    },
  });
  const bearer = String(body.secrets.bearer);
  const url = `${server.url}${ROUTES.reviewAdmission.path}`;
  const webhook = { name: NAME, url, timeoutSeconds: 10, failurePolicy: 'Fail', bearerToken: bearer } as const;
  return { api: new ApiServer([webhook]), bearer };
};

/** A Deployment of pods of one CPU each. */
export const deployment = (replicas: number, annotations: Readonly<Record<string, string>> = {}): KubernetesObject => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'api', namespace: 'shop', annotations },
  spec: { replicas, template: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } } },
});

export const saidOf = ({ annotations }: Admitted): { readonly reason_codes: readonly string[] } => ({
  reason_codes: annotations[`${NAME}/reason-codes`]?.split(',') ?? [],
});
export const approvalOf = ({ annotations }: Admitted): string => annotations[`${NAME}/approval-request-id`] ?? '';
