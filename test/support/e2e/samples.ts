import type { RouteId } from '@verdict/contracts';
import { randomUUID } from 'node:crypto';
import type { Api } from './api.js';
import {
  ask,
  consumeBody,
  createBudget,
  type Granted,
  grantedApproval,
  jsonFixture,
  must,
  pendingApproval,
} from './story.js';
import { peopleOf } from './tokens.js';

/** Things of one tenant, and enough to name each of them. */
export interface Estate {
  readonly tenant: string;
  readonly decisionId: string;
  readonly pendingApprovalId: string;
  readonly pendingDecisionId: string;
  readonly grantedApprovalId: string;
  readonly granted: Granted;
  readonly budgetId: string;
  readonly priceBook: string;
  readonly integrationId: string;
  readonly creditId: string;
  readonly waiverId: string;
  readonly exportId: string;
  /** Texts that no other tenant may ever be shown. */
  readonly marks: readonly string[];
}

const waiverOf = (mark: string) => ({
  scope: { project: mark.replaceAll(' ', '-') },
  waives: ['budget_missing'],
  owner: 'finops',
  reason: mark,
  ticket: 'T-1',
  expires_at: new Date(Date.now() + 86_400_000).toISOString(),
});
const creditOf = (mark: string) => ({
  pool: 'reserved',
  scope: `project:${mark}`,
  total_amount_usd: '1',
  reason: mark,
});

const runTaskOf = (mark: string) => ({ kind: 'run_task', name: mark, address: 'https://app.terraform.io' });

/** Fills a tenant with one of everything. `mark` is in all its names. */
export const buildEstate = async (api: Api, tenant: string, mark: string): Promise<Estate> => {
  const people = peopleOf(tenant);
  const book = { ...jsonFixture('aws-web-stack', 'price-book.v1.json'), version: `book-${mark}` };
  await must(api, 'publishPriceBook', { as: people.admin, body: book });
  const budget = await createBudget(api, people, '5000', `project:${mark}`);
  const more = { project_id: mark, resource_reference: `${mark}.aws_instance.web` };
  const granted = await grantedApproval(api, people, more);
  await must(api, 'consume', { as: people.dev, body: consumeBody(granted) });
  const decisionId = String(granted.verdict.decision_id);
  await must(api, 'reconcile', {
    as: people.admin,
    params: { decision_id: decisionId },
    body: { actual_monthly_delta_usd: '999' },
  });
  const unused = await grantedApproval(api, people, { ...more, resource_reference: `${mark}.aws_instance.api` });
  const pending = await pendingApproval(api, people, { ...more, resource_reference: `${mark}.aws_instance.db` });
  const created = await must(api, 'createExport', { as: people.auditor, body: {} });
  const exportId = String(created.body.export_id);
  const integration = await must(api, 'createIntegration', { as: people.admin, body: runTaskOf(mark) });
  const integrationId = String(integration.body.integration_id);
  const credit = await must(api, 'grantCredit', {
    as: people.admin,
    headers: { 'idempotency-key': randomUUID() },
    body: creditOf(mark),
  });
  const creditId = String(credit.body.credit_id);
  const waiver = await must(api, 'grantWaiver', { as: people.admin, body: waiverOf(mark) });
  const waiverId = String(waiver.body.exception_id);
  const budgetId = String(budget.body.budget_id);
  const ids = [
    decisionId,
    granted.approvalId,
    unused.approvalId,
    pending.approvalId,
    String(pending.verdict.decision_id),
    budgetId,
    integrationId,
    creditId,
    waiverId,
    exportId,
  ];
  return {
    tenant,
    decisionId,
    pendingApprovalId: pending.approvalId,
    pendingDecisionId: String(pending.verdict.decision_id),
    grantedApprovalId: unused.approvalId,
    granted: unused,
    budgetId,
    priceBook: String(book.version),
    integrationId,
    creditId,
    waiverId,
    exportId,
    marks: [...ids, mark, tenant],
  };
};

/** How to call a route about something of an estate. */
export interface Sample {
  /** What the path names: of `estate`, or nothing that exists when it is undefined. */
  readonly params?: (estate: Estate | undefined) => Readonly<Record<string, string>>;
  /** What the body names, likewise. */
  readonly body?: (estate: Estate | undefined) => unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** `thing`: names one thing of a tenant. `list`: shows what a tenant has. `own`: writes into the caller's tenant. `none`: about no tenant's things. */
  readonly about: 'thing' | 'list' | 'own' | 'none';
}

const decision = (estate: Estate | undefined) => ({ decision_id: estate?.decisionId ?? randomUUID() });
const pendingApprovalOf = (estate: Estate | undefined) => ({ approval_id: estate?.pendingApprovalId ?? randomUUID() });
const grantedApprovalOf = (estate: Estate | undefined) => ({ approval_id: estate?.grantedApprovalId ?? randomUUID() });
const budget = (estate: Estate | undefined) => ({ budget_id: estate?.budgetId ?? randomUUID() });
const anExport = (estate: Estate | undefined) => ({ export_id: estate?.exportId ?? randomUUID() });
const integration = (estate: Estate | undefined) => ({ integration_id: estate?.integrationId ?? randomUUID() });
const waiver = (estate: Estate | undefined) => ({ exception_id: estate?.waiverId ?? randomUUID() });
const IF_MATCH = { 'if-match': '"1"' } as const;

/** One call for every route of the API: a route that is not here does not compile. */
const reviewBody = () => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: randomUUID() },
});

export const SAMPLES: Readonly<Record<RouteId, Sample>> = {
  gateTerraform: { about: 'own', body: () => ask('12.5') },
  gatePreflight: { about: 'own', body: () => ({ ...ask('12.5'), run_id: randomUUID() }) },
  reviewAdmission: { about: 'none', body: reviewBody },
  reviewAdmissionBySegment: { about: 'none', body: reviewBody, params: () => ({ segment: 'A'.repeat(43) }) },
  gateAdmission: { about: 'own', body: () => ask('12.5') },
  gateCloudEvent: {
    about: 'own',
    body: () => ({
      ...ask('12.5'),
      cloud_event: { specversion: '1.0', id: randomUUID(), source: '/ci', type: 'change' },
    }),
  },
  gateBatch: { about: 'own', body: () => ({ items: [{ ...ask('12.5'), source: 'terraform' }] }) },
  runTask: { about: 'none', body: () => ({}) },
  runTaskOfIntegration: { about: 'thing', params: integration, body: () => ({}) },
  listDecisions: { about: 'list' },
  getDecision: { about: 'thing', params: decision },
  explainDecision: { about: 'thing', params: decision },
  getReceipt: { about: 'thing', params: decision },
  getPolicy: { about: 'list' },
  listPolicyVersions: { about: 'list' },
  getPolicyVersion: { about: 'none', params: () => ({ version: '1' }) }, // Every tenant has its own version 1.
  publishPolicy: { about: 'own', body: () => ({ document: {}, message: 'for the test' }), headers: IF_MATCH },
  validatePolicy: { about: 'none', body: () => ({ document: {} }) },
  diffPolicies: { about: 'none', params: () => ({ version: '1', other: '1' }) },
  rollOutPolicy: {
    about: 'own',
    params: () => ({ version: '1' }),
    body: () => ({ cohort_percent: 50 }),
    headers: IF_MATCH,
  },
  cancelPolicy: { about: 'own', params: () => ({ version: '1' }), body: () => ({}), headers: IF_MATCH },
  rollBackPolicy: { about: 'own', body: () => ({ to_version: 1, message: 'for the test' }), headers: IF_MATCH },
  listBudgets: { about: 'list' },
  getBudget: { about: 'thing', params: budget },
  createBudget: { about: 'own', body: () => ({ scope: `project:p-${randomUUID()}`, limit_usd: '1' }) },
  updateBudget: { about: 'thing', params: budget, body: () => ({ limit_usd: '1' }), headers: IF_MATCH },
  closeBudget: { about: 'thing', params: budget, body: () => ({}), headers: IF_MATCH },
  listCredits: { about: 'list' },
  grantCredit: {
    about: 'own',
    body: () => ({ pool: 'reserved', scope: 'tenant', total_amount_usd: '1', reason: 'for the test' }),
    headers: { 'idempotency-key': randomUUID() },
  },
  revokeCredit: {
    about: 'thing',
    params: (estate) => ({ credit_id: estate?.creditId ?? randomUUID() }),
    body: () => ({}),
  },
  listWaivers: { about: 'list' },
  getWaiver: { about: 'thing', params: waiver },
  grantWaiver: { about: 'own', body: () => waiverOf('for the test') },
  revokeWaiver: { about: 'thing', params: waiver, body: () => ({}), headers: IF_MATCH },
  listPriceBooks: { about: 'list' },
  getPriceBook: { about: 'thing', params: (estate) => ({ version: estate?.priceBook ?? `book-${randomUUID()}` }) },
  publishPriceBook: {
    about: 'own',
    body: () => ({ ...jsonFixture('aws-web-stack', 'price-book.v1.json'), version: `b-${randomUUID()}` }),
  },
  listIntegrations: { about: 'list' },
  createIntegration: { about: 'own', body: () => runTaskOf('for the test') },
  rotateIntegration: { about: 'thing', params: integration, body: () => ({}) },
  revokeIntegration: { about: 'thing', params: integration, body: () => ({}) },
  fileApprovalRequest: {
    about: 'thing',
    body: (estate) => ({
      decision_id: estate?.pendingDecisionId ?? randomUUID(),
      justification: 'because it is mine now',
    }),
  },
  listApprovals: { about: 'list' },
  approvalQueue: { about: 'list' },
  getApproval: { about: 'thing', params: pendingApprovalOf },
  approve: { about: 'thing', params: pendingApprovalOf, body: () => ({ notes: 'fine with me, go ahead' }) },
  deny: { about: 'thing', params: pendingApprovalOf, body: () => ({ notes: 'not this month' }) },
  withdrawApproval: { about: 'thing', params: pendingApprovalOf, body: () => ({}) },
  reissueToken: { about: 'thing', params: grantedApprovalOf, body: () => ({}) },
  consume: { about: 'own', body: (estate) => (estate === undefined ? {} : consumeBody(estate.granted)) }, // A foreign token has a code of its own.
  listActiveReservations: { about: 'list' },
  getReservation: { about: 'thing', params: decision },
  reconcile: { about: 'thing', params: decision, body: () => ({ actual_monthly_delta_usd: '1' }) },
  sweepOverdue: { about: 'own', body: () => ({}) },
  resolveException: {
    about: 'thing',
    params: (estate) => ({ exception_id: `overrun:${estate?.decisionId ?? randomUUID()}` }),
    body: () => ({ resolution: 'accepted' }),
  },
  importCosts: {
    about: 'own',
    body: () => ({
      rows: [
        {
          ChargePeriodStart: '2026-11-01',
          ChargePeriodEnd: '2026-11-02',
          EffectiveCost: '1.5',
          BillingCurrency: 'USD',
          ServiceName: 'compute',
          x_project_id: 'web',
          x_environment: 'prod',
          x_status: 'final',
        },
      ],
    }),
    headers: { 'idempotency-key': `import-${randomUUID()}` },
  },
  listExceptions: { about: 'list' },
  createExport: { about: 'own', body: () => ({}) },
  listExports: { about: 'list' },
  exportParity: { about: 'list' },
  getExport: { about: 'thing', params: anExport },
  downloadExport: { about: 'thing', params: anExport },
  getExportParity: { about: 'thing', params: anExport },
  queryLedger: { about: 'list' },
  listCheckpoints: { about: 'list' },
  latestCheckpoint: { about: 'list', params: () => ({ kind: 'decisions' }) },
  jwks: { about: 'none' },
  vkeys: { about: 'none' },
};
