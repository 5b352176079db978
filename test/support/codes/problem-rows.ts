import { ROUTES } from '@verdict/contracts';
import type { ProblemCode } from '@verdict/nest-kit';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiAnswer } from '../e2e/api.js';
import {
  ask,
  consumeBody,
  createBudget,
  grantedApproval,
  jsonFixture,
  MONEY_ONLY,
  must,
  pendingApproval,
  publishPolicy,
} from '../e2e/story.js';
import { encoded, freshTenant, peopleOf, type Who } from '../e2e/tokens.js';
import { aCluster } from './cluster.js';
import { signOtherIssuer } from './issuers.js';
import type { CodeWorld } from './reason-rows.js';

/** One problem code, when it is answered, and how to be answered it. */
export interface ProblemRow {
  readonly code: ProblemCode;
  readonly when: string;
  readonly send: (world: CodeWorld) => Promise<ApiAnswer>;
}

const raw = async ({ server, people }: CodeWorld, body: string, more: Readonly<Record<string, string>> = {}) =>
  server.raw({
    method: 'POST',
    path: ROUTES.gateTerraform.path,
    headers: {
      authorization: `Bearer ${await server.tokenFor(people.dev)}`,
      'content-type': 'application/json',
      ...more,
    },
    body,
  });
const GOOD = JSON.stringify(ask('5'));
const withAmount = (token: string) => GOOD.replace('"5"', token);
const gate =
  (change: Readonly<Record<string, unknown>>): ProblemRow['send'] =>
  ({ server, people }) =>
    server.call('gateTerraform', { as: people.dev, body: { ...ask('5'), ...change } });
const bearer =
  (tokenOf: () => Promise<string>): ProblemRow['send'] =>
  async (world) =>
    raw(world, GOOD, { authorization: `Bearer ${await tokenOf()}` });

/** A granted approval, one thing about its use altered. */
const use =
  (
    change: Readonly<Record<string, unknown>> | ((token: string) => Readonly<Record<string, unknown>>),
    who: (world: CodeWorld) => Who = ({ people }) => people.dev,
  ): ProblemRow['send'] =>
  async (world) => {
    const granted = await grantedApproval(world.server, world.people);
    const altered = typeof change === 'function' ? change(granted.token) : change;
    return world.server.call('consume', { as: who(world), body: { ...consumeBody(granted), ...altered } });
  };
const useTwice: ProblemRow['send'] = async ({ server, people }) => {
  const body = consumeBody(await grantedApproval(server, people));
  await must(server, 'consume', { as: people.dev, body });
  return server.call('consume', { as: people.dev, body });
};
const reissued =
  (times: number, last: 'reissue' | 'use'): ProblemRow['send'] =>
  async ({ server, people }) => {
    const granted = await grantedApproval(server, people);
    const request = { as: people.lead, params: { approval_id: granted.approvalId }, body: {} };
    for (let time = 0; time < times; time += 1) await must(server, 'reissueToken', request);
    return last === 'reissue'
      ? server.call('reissueToken', request)
      : server.call('consume', { as: people.dev, body: consumeBody(granted) });
  };
const voteAs =
  (who: (world: CodeWorld) => Who, policy?: unknown, change?: unknown): ProblemRow['send'] =>
  async (world) => {
    if (policy !== undefined) await publishPolicy(world.server, world.people, policy);
    const { approvalId } = await pendingApproval(world.server, world.people, { ...(change as object | undefined) });
    return world.server.call('approve', { as: who(world), params: { approval_id: approvalId }, body: {} });
  };
const budgetWith =
  (headers: Readonly<Record<string, string>>, limit = '200', held = false): ProblemRow['send'] =>
  async ({ server, people }) => {
    await publishPolicy(server, people, MONEY_ONLY);
    const { body } = await createBudget(server, people, '1000');
    if (held) await must(server, 'gateTerraform', { as: people.dev, body: ask('600') });
    const params = { budget_id: String(body.budget_id) };
    return server.call('updateBudget', { as: people.admin, params, body: { limit_usd: limit }, headers });
  };
const ROUTED_TO_OTHERS = {
  approval: { routing: [{ id: 'r', effect: 'require', require: { id: 's', subjects: ['nobody-here'] } }] },
};

/** Problem codes that this release answers. Order of contract section 17.2. */
export const PROBLEM_ROWS: readonly ProblemRow[] = [
  {
    code: 'malformed_json',
    when: 'a member is there twice',
    send: (w) => raw(w, `${GOOD.slice(0, -1)},"action":"x"}`),
  },
  {
    code: 'cursor_invalid',
    when: 'a cursor was made by nobody',
    send: ({ server, people }) => server.call('listDecisions', { as: people.dev, query: { cursor: 'x' } }),
  },
  {
    code: 'review_without_uid',
    when: 'an AdmissionReview cannot be answered',
    send: async (world) => {
      const { bearer: secret } = await aCluster(world);
      return world.server.raw({
        method: 'POST',
        path: ROUTES.reviewAdmission.path,
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: {} }),
      });
    },
  },
  { code: 'unauthenticated', when: 'the caller brings no token', send: (w) => raw(w, GOOD, { authorization: '' }) },
  {
    code: 'signature_invalid',
    when: 'a run task is signed by nobody we know',
    send: ({ server }) =>
      server.raw({
        method: 'POST',
        path: ROUTES.runTask.path,
        headers: { 'content-type': 'application/json', 'x-tfc-task-signature': 'f'.repeat(128) },
        body: '{}',
      }),
  },
  { code: 'token_malformed', when: 'an approval token is no token', send: use({ approval_token: 'x'.repeat(40) }) },
  {
    code: 'token_key_unknown',
    when: 'an approval token names a key that nobody has',
    send: use((token) => ({
      approval_token: `${encoded({ alg: 'EdDSA', kid: 'f'.repeat(16), typ: 'JWT' })}.${token.split('.').slice(1).join('.')}`,
    })),
  },
  {
    code: 'token_signature_invalid',
    when: 'an approval token was altered',
    send: use((token) => {
      const [header, , signature] = token.split('.');
      return { approval_token: `${String(header)}.${encoded({ max_monthly_delta_usd: '9' })}.${String(signature)}` };
    }),
  },
  {
    code: 'forbidden',
    when: 'a member wants to write a policy',
    send: ({ server, people }) =>
      server.call('publishPolicy', {
        as: people.dev,
        body: { document: {}, message: 'm' },
        headers: { 'if-match': '"1"' },
      }),
  },
  {
    code: 'identity_not_mapped',
    when: 'no rule maps a pipeline to a tenant',
    send: bearer(() => signOtherIssuer('ci', { repository: 'evil/repo' })),
  },
  {
    code: 'project_forbidden',
    when: 'a caller asks for a project that is not among its own',
    send: ({ server, people }) =>
      server.call('gateTerraform', { as: { ...people.dev, claims: { projects: ['api'] } }, body: ask('5') }),
  },
  {
    code: 'self_review_forbidden',
    when: 'somebody votes about a change of their own',
    send: voteAs(({ people }) => people.devWhoApproves),
  },
  {
    code: 'not_eligible_reviewer',
    when: 'no open stage admits the voter',
    send: voteAs(({ people }) => people.lead, ROUTED_TO_OTHERS),
  },
  {
    code: 'token_tenant_mismatch',
    when: 'another tenant presents the token',
    send: use({}, () => peopleOf(freshTenant()).dev),
  },
  {
    code: 'consumer_not_permitted',
    when: 'somebody else of the tenant presents the token',
    send: use({}, ({ people }) => ({ ...people.dev, subject: 'stranger-1' })),
  },
  {
    code: 'not_found',
    when: 'there is no such decision',
    send: ({ server, people }) =>
      server.call('getDecision', { as: people.dev, params: { decision_id: '0192d6a0-0000-7000-8000-000000000000' } }),
  },
  {
    code: 'method_not_allowed',
    when: 'the path has another method',
    send: ({ server }) => server.raw({ method: 'GET', path: ROUTES.gateTerraform.path }),
  },
  {
    code: 'body_too_large',
    when: 'a body is larger than the route takes',
    send: async ({ server, people }) =>
      server.raw({
        method: 'POST',
        path: ROUTES.consume.path,
        headers: {
          authorization: `Bearer ${await server.tokenFor(people.dev)}`,
          'content-type': 'application/json',
        },
        body: ' '.repeat(256 * 1024 + 1),
      }),
  },
  {
    code: 'media_type_unsupported',
    when: 'a body is not JSON by its type',
    send: (w) => raw(w, GOOD, { 'content-type': 'text/plain' }),
  },
  {
    code: 'idempotency_conflict',
    when: 'a key is used for another payload',
    send: async ({ server, people }) => {
      const key = randomUUID();
      await must(server, 'gateTerraform', { as: people.dev, key, body: ask('5') });
      return server.call('gateTerraform', { as: people.dev, key, body: ask('6') });
    },
  },
  {
    code: 'fingerprint_mismatch',
    when: 'the request is not the expected one',
    send: gate({ expected_request_fingerprint: 'a'.repeat(64) }),
  },
  {
    code: 'decision_not_approvable',
    when: 'an approval is asked for a dry run',
    send: async ({ server, people }) => {
      const { body } = await must(server, 'gateTerraform', { as: people.dev, body: ask('500', { dry_run: true }) });
      return server.call('fileApprovalRequest', {
        as: people.dev,
        body: { decision_id: body.decision_id, justification: 'we need it for the season' },
      });
    },
  },
  {
    code: 'approval_not_pending',
    when: 'a vote comes after the request was settled',
    send: async ({ server, people }) => {
      const { approvalId } = await grantedApproval(server, people);
      const as = { ...people.lead, subject: 'lead-2' };
      return server.call('deny', { as, params: { approval_id: approvalId }, body: { notes: 'not this month' } });
    },
  },
  {
    code: 'approval_not_active',
    when: 'the token of a withdrawn approval is presented',
    send: async ({ server, people }) => {
      const granted = await grantedApproval(server, people);
      await must(server, 'withdrawApproval', { as: people.dev, params: { approval_id: granted.approvalId }, body: {} });
      return server.call('consume', { as: people.dev, body: consumeBody(granted) });
    },
  },
  { code: 'token_superseded', when: 'a newer token was issued', send: reissued(1, 'use') },
  { code: 'token_replayed', when: 'the token was consumed', send: useTwice },
  { code: 'reissue_limit_reached', when: 'the token was reissued five times', send: reissued(5, 'reissue') },
  { code: 'binding_source_mismatch', when: 'another source', send: use({ expected_source: 'k8s_admission' }) },
  { code: 'binding_project_mismatch', when: 'another project', send: use({ expected_project_id: 'api' }) },
  { code: 'binding_environment_mismatch', when: 'another environment', send: use({ expected_environment: 'nonprod' }) },
  {
    code: 'binding_fingerprint_mismatch',
    when: 'another fingerprint',
    send: use({ expected_request_fingerprint: 'a'.repeat(64) }),
  },
  { code: 'binding_resource_mismatch', when: 'another resource', send: use({ expected_resource_reference: 'x' }) },
  { code: 'binding_cost_exceeded', when: 'a higher cost', send: use({ estimated_monthly_delta_usd: '125.5001' }) },
  {
    code: 'reservation_pending_approval',
    when: 'the hold waits for an approval',
    send: async ({ server, people }) => {
      const { verdict } = await pendingApproval(server, people);
      const params = { decision_id: String(verdict.decision_id) };
      return server.call('reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '1' } });
    },
  },
  {
    code: 'reservation_already_settled',
    when: 'the hold was settled by an actual',
    send: async ({ server, people }) => {
      await publishPolicy(server, people, MONEY_ONLY);
      const { body } = await must(server, 'gateTerraform', { as: people.dev, body: ask('5') });
      const params = { decision_id: String(body.decision_id) };
      await must(server, 'reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '5' } });
      return server.call('reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '6' } });
    },
  },
  {
    code: 'decision_not_reconcilable',
    when: 'it was a dry run',
    send: async ({ server, people }) => {
      const { body } = await must(server, 'gateTerraform', { as: people.dev, body: ask('5', { dry_run: true }) });
      const params = { decision_id: String(body.decision_id) };
      return server.call('reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '5' } });
    },
  },
  {
    code: 'limit_below_committed',
    when: 'a budget would be lower than what is held',
    send: budgetWith({ 'if-match': '"1"' }, '1', true),
  },
  { code: 'version_conflict', when: 'somebody else changed it', send: budgetWith({ 'if-match': '"7"' }) },
  { code: 'precondition_required', when: 'the version to change is not named', send: budgetWith({}) },
  {
    code: 'rate_limited',
    when: 'the policy of the tenant lets fewer through than ask',
    send: async ({ server, people }) => {
      await publishPolicy(server, people, { rate_limits: { gate_per_second: 1, gate_burst: 2 } });
      for (;;) {
        const answer = await server.call('gateTerraform', { as: people.dev, body: ask('5') });
        if (answer.status !== 200) return answer;
      }
    },
  },
  { code: 'validation_failed', when: 'a member is missing', send: gate({ action: undefined }) },
  { code: 'unknown_field', when: 'a member is unknown', send: gate({ tenant_id: 'other' }) },
  { code: 'money_invalid', when: 'an amount is no number', send: gate({ estimated_monthly_delta_usd: 'NaN' }) },
  { code: 'money_too_precise', when: 'five decimals', send: gate({ estimated_monthly_delta_usd: '1.00001' }) },
  { code: 'money_not_exact', when: 'an exponent', send: (world) => raw(world, withAmount('1e3')) },
  { code: 'money_out_of_range', when: 'too much', send: gate({ estimated_monthly_delta_usd: '1000000000000.0001' }) },
  { code: 'metadata_too_large', when: '64 KiB and more', send: gate({ metadata: { a: 'x'.repeat(66_000) } }) },
  {
    code: 'idempotency_key_mismatch',
    when: 'header and body name two keys',
    send: ({ server, people }) =>
      server.call('gateTerraform', { as: people.dev, key: 'one-1', body: { ...ask('5'), idempotency_key: 'two-2' } }),
  },
  {
    code: 'idempotency_key_required',
    when: 'credits are granted without a key',
    send: ({ server, people }) =>
      server.call('grantCredit', {
        as: people.admin,
        body: { pool: 'reserved', scope: 'tenant', total_amount_usd: '5', reason: 'for the season' },
      }),
  },
  {
    code: 'justification_required',
    when: 'neither the request nor the vote says why',
    send: voteAs(({ people }) => people.lead, undefined, { justification: undefined }),
  },
  {
    code: 'policy_invalid',
    when: 'a policy has a defect',
    send: ({ server, people }) =>
      server.call('publishPolicy', {
        as: people.admin,
        body: { document: { surprise: true }, message: 'm' },
        headers: { 'if-match': '"1"' },
      }),
  },
  {
    code: 'currency_unsupported',
    when: 'a price book is not in USD',
    send: ({ server, people }) =>
      server.call('publishPriceBook', {
        as: people.admin,
        body: { ...jsonFixture('aws-web-stack', 'price-book.v1.json'), currency: 'EUR' },
      }),
  },
  {
    code: 'read_model_behind',
    when: 'a read waits for an entry that is not there',
    send: ({ server, people }) =>
      server.call('listDecisions', { as: people.dev, headers: { 'verdict-min-entry': 'decisions@7' } }),
  },
  {
    code: 'identity_provider_unavailable',
    when: 'the keys of an issuer cannot be fetched',
    send: bearer(() => signOtherIssuer('away', { tenant_id: 'acme', roles: ['member'] })),
  },
  {
    code: 'signing_key_unavailable',
    when: 'the newest key cannot be read',
    send: async ({ server, people }) => {
      const { approvalId } = await grantedApproval(server, people);
      const newest = join(server.dataDir, 'keys', 'token-0002.json');
      await writeFile(newest, 'no key', { mode: 0o600 });
      try {
        const params = { approval_id: approvalId };
        return await server.call('reissueToken', { as: people.lead, params, body: {} });
      } finally {
        await rm(newest);
      }
    },
  },
];

/** Problem codes that another test is answered; the file names the code. */
export const PROBLEMS_ELSEWHERE: Readonly<Partial<Record<ProblemCode, string>>> = {
  approval_not_found: 'test/e2e/bad-input/approval-tokens.e2e.ts',
  token_claims_invalid: 'test/e2e/bad-input/approval-tokens.e2e.ts',
  token_expired: 'test/e2e/bad-input/approval-tokens.e2e.ts',
  approval_expired: 'libs/domain/src/approvals/approvals.spec.ts',
  export_not_ready: 'apps/audit-export/src/audit-export.int.ts',
  export_expired: 'apps/audit-export/src/audit-export.int.ts',
  quota_exceeded: 'libs/domain/src/policy/integrations.spec.ts',
  internal_error: 'libs/nest-kit/src/http/http-app.int.ts',
  verdict_not_durable: 'test/e2e/durability.e2e.ts',
  log_unavailable: 'test/e2e/durability.e2e.ts',
  outcome_unknown: 'test/guarantees/log-away.spec.ts',
};

/** Problem codes that nothing in this release answers, and why. */
export const PROBLEMS_NOT_YET: Readonly<Partial<Record<ProblemCode, string>>> = {
  stop_active: 'operators stop changes by the operations service, which this release does not have',
  read_unrecordable: 'reads of the ledger are recorded by the operations service, which this release does not have',
};
