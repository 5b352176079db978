import type { RouteId } from '@verdict/contracts';
import { randomUUID } from 'node:crypto';
import { fixtureText } from '../../fixtures/terraform-fixtures.js';
import { type Api, type ApiAnswer, call, type RouteRequest } from './api.js';
import type { People } from './tokens.js';

export const JUSTIFICATION = 'the shop needs it before the season';

/** A call that a test takes for granted; what it answers otherwise is shown. */
export const must = async (api: Api, id: RouteId, request: RouteRequest): Promise<ApiAnswer> => {
  const answer = await call(api, id, request);
  if (answer.status < 300) return answer;
  throw new Error(`${id} answered ${answer.status}: ${answer.text}`);
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const jsonFixture = (name: string, file: string): any => JSON.parse(fixtureText(name, file));

/** Hard mode, no approvals, declared cost accepted: only the money decides. */
export const MONEY_ONLY = {
  mode_matrix: { terraform: { default: 'hard' } },
  approval: { required: { prod: false, nonprod: false } },
  pricing: { declared: { prod: 'accept', nonprod: 'accept' } },
  entitlements: { hard_deny_above_monthly_usd: '1000000' },
} as const;

/** Publishes a policy over whatever stands. */
export const publishPolicy = async (api: Api, people: People, document: unknown): Promise<ApiAnswer> => {
  const current = await must(api, 'getPolicy', { as: people.admin });
  const etag = current.headers.get('etag') ?? '';
  return must(api, 'publishPolicy', {
    as: people.admin,
    body: { document, message: 'for the test' },
    headers: { 'if-match': etag },
  });
};

export const createBudget = (api: Api, people: People, limit: string, scope = 'tenant'): Promise<ApiAnswer> =>
  must(api, 'createBudget', { as: people.admin, body: { scope, limit_usd: limit } });

export const publishBook = (api: Api, people: People, fixture: string): Promise<ApiAnswer> =>
  must(api, 'publishPriceBook', { as: people.admin, body: jsonFixture(fixture, 'price-book.v1.json') });

/** A gate request with a declared amount. */
export const ask = (amount: string, more: Readonly<Record<string, unknown>> = {}) => ({
  action: 'terraform.apply',
  resource_reference: 'aws_instance.web',
  project_id: 'web',
  environment: 'prod',
  estimated_monthly_delta_usd: amount,
  ...more,
});

export interface Pending {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly verdict: any;
  readonly approvalId: string;
  readonly binding: Readonly<Record<string, string>>;
}

/** A change that waits for somebody to agree. Default policy: soft, prod needs approval. */
export const pendingApproval = async (
  api: Api,
  people: People,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Pending> => {
  const body = { ...ask('125.5'), run_id: randomUUID(), justification: JUSTIFICATION, ...more };
  const { body: verdict } = await must(api, 'gatePreflight', { as: people.dev, body });
  if (verdict.decision !== 'REQUIRE_APPROVAL')
    throw new Error(`expected REQUIRE_APPROVAL, got ${JSON.stringify(verdict)}`);
  return { verdict, approvalId: verdict.approval_request_id, binding: verdict.continuation.binding };
};

export interface Granted extends Pending {
  readonly token: string;
}

/** The same, approved by another person. */
export const grantedApproval = async (
  api: Api,
  people: People,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Granted> => {
  const pending = await pendingApproval(api, people, more);
  const { body } = await must(api, 'approve', {
    as: people.lead,
    params: { approval_id: pending.approvalId },
    body: { notes: 'fine with me, go ahead' },
  });
  return { ...pending, token: body.approval_token };
};

export const consumeBody = ({ token, binding }: Granted) => ({ approval_token: token, ...binding });

/** Header that makes a read wait for what a write made. */
export const after = (answer: ApiAnswer): Readonly<Record<string, string>> => ({
  'verdict-min-entry': answer.headers.get('verdict-entry') ?? '',
});
