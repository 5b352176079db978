import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteId } from '@verdict/contracts';
import type { ApiAnswer, RouteRequest } from './api.js';
import { REPOSITORY, waitUntil } from './processes.js';
import { after } from './story.js';
import type { People } from './tokens.js';

export type Send = (id: RouteId, request: RouteRequest) => Promise<ApiAnswer>;

const exampleOf = (name: string): unknown =>
  JSON.parse(readFileSync(join(REPOSITORY, 'examples/aws-web-stack', name), 'utf8'));

export interface Told {
  readonly decisionId: string;
  readonly budgetId: string;
  readonly exportId: string;
}

/** The story of `npm run demo`, call by call. Each call is answered as the demo expects it, or this throws. */
export const tellDemoStory = async (send: Send, people: People): Promise<Told> => {
  const need = async (id: RouteId, request: RouteRequest, status = 200, code?: string): Promise<ApiAnswer> => {
    const answer = await send(id, request);
    if (answer.status === status && (code === undefined || answer.body.code === code)) return answer;
    throw new Error(`${id} answered ${String(answer.status)} instead of ${String(status)}: ${answer.text}`);
  };
  const { admin, dev, devWhoApproves, lead, auditor } = people;
  await need('publishPriceBook', { as: admin, body: exampleOf('price-book.json') }, 201);
  const before = await need('getPolicy', { as: admin });
  const policy = { document: exampleOf('policy.json'), message: 'production needs a second person' };
  const headers = { 'if-match': before.headers.get('etag') ?? '' };
  await need('publishPolicy', { as: admin, body: policy, headers }, 201);
  const limit = { scope: 'project:web', period: 'month', limit_usd: '1000' };
  const { body: budget } = await need('createBudget', { as: admin, body: limit }, 201);
  const question = {
    run_id: 'run-1',
    project_id: 'web',
    environment: 'prod',
    resource_reference: 'stack:web',
    justification: 'the new web stack for the launch',
    ticket: 'WEB-42',
    plan: exampleOf('plan.json'),
  };
  const { body: asked } = await need('gatePreflight', { as: dev, body: question });
  if (asked.decision !== 'REQUIRE_APPROVAL')
    throw new Error(`expected REQUIRE_APPROVAL, got ${String(asked.decision)}`);
  const params = { approval_id: String(asked.approval_request_id) };
  await waitUntil('the approval is open', async () => (await send('getApproval', { as: lead, params })).status === 200);
  await need(
    'approve',
    { as: devWhoApproves, params, body: { notes: 'looks good to me' } },
    403,
    'self_review_forbidden',
  );
  const { body: granted } = await need('approve', { as: lead, params, body: { notes: 'agreed for the launch' } });
  const use = {
    approval_token: granted.approval_token,
    ...asked.continuation.binding,
    estimated_monthly_delta_usd: asked.cost.monthly,
  };
  const other = { ...use, expected_resource_reference: 'stack:other' };
  await need('consume', { as: dev, body: other }, 409, 'binding_resource_mismatch');
  await need('consume', { as: dev, body: use });
  await need('consume', { as: dev, body: use }, 409, 'token_replayed');
  const decision = { decision_id: String(asked.decision_id) };
  const actual = { actual_monthly_delta_usd: '1150' };
  const settled = await need('reconcile', { as: admin, params: decision, body: actual });
  const listed = await need('listExceptions', { as: admin, headers: after(settled) });
  if (listed.body.items.length === 0) throw new Error('the exception is not listed');
  const { body: order } = await need('createExport', { as: auditor, body: {} }, 202);
  const job = { export_id: String(order.export_id) };
  await waitUntil(
    'the export is ready',
    async () => (await need('getExport', { as: auditor, params: job })).body.status === 'ready',
  );
  return { decisionId: decision.decision_id, budgetId: String(budget.budget_id), exportId: job.export_id };
};
