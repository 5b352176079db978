import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { verifyBundle } from '@verdict/ledger';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerReader } from '../support/e2e/ledger.js';
import { waitUntil } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import {
  after,
  ask,
  consumeBody,
  createBudget,
  grantedApproval,
  jsonFixture,
  JUSTIFICATION,
  must,
  publishBook,
} from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

const STACK = 'aws-web-stack';

describe('from a Terraform plan to a settled hold', () => {
  let server: Standalone;
  let ledger: LedgerReader;

  beforeAll(async () => {
    server = await Standalone.start();
    ledger = await server.openLedger();
  }, 120_000);
  afterAll(() => server.dispose());

  const preflight = (more: Readonly<Record<string, unknown>> = {}) => ({
    run_id: 'run-1',
    resource_reference: 'web-stack',
    environment: 'prod',
    plan: jsonFixture(STACK, 'plan.json'),
    justification: JUSTIFICATION,
    ...more,
  });
  /** A tenant with the price book of the stack and one budget. */
  const tenantWith = async (limit: string) => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await publishBook(server, people, STACK);
    const budget = await createBudget(server, people, limit);
    return { tenant, people, budgetId: String(budget.body.budget_id) };
  };

  it('prices the plan resource by resource and holds the sum until somebody agrees', async () => {
    const { people, budgetId } = await tenantWith('1500');
    const { body } = await must(server, 'gatePreflight', { as: people.dev, body: preflight() });
    expect(body.decision).toBe('REQUIRE_APPROVAL');
    expect(body.reason_codes).toContain('approval_required');
    expect(body.cost).toMatchObject({
      monthly: '1098.7400',
      hourly: '1.505123',
      method: 'price_book',
      completeness: 'complete',
      unpriced: 0,
    });
    const sums = new Map<string, number>();
    for (const { type, delta_usd: delta, count } of body.cost.lines)
      sums.set(type, (sums.get(type) ?? 0) + Number(delta) * Math.max(1, count));
    expect(Object.fromEntries(sums)).toMatchObject({ aws_db_instance: 772, aws_nat_gateway: 32.85, aws_eip: 3.65 });
    expect([...sums.values()].reduce((sum, each) => sum + each, 0)).toBeCloseTo(1098.74, 4);
    expect(body.hold).toMatchObject({ total: '1098.7400', unfunded_usd: '0.0000' });
    expect(body.hold.legs).toContainEqual({ account: `budget:${budgetId}`, amount_usd: '1098.7400' });
    const budget = await must(server, 'getBudget', { as: people.dev, params: { budget_id: budgetId } });
    expect(budget.body).toMatchObject({ held_usd: '1098.7400', spent_usd: '0.0000', headroom_usd: '401.2600' });
  });

  it('lets another person agree, the token work once, and the actual cost settle the hold', async () => {
    const { tenant, people, budgetId } = await tenantWith('1500');
    const asked = await must(server, 'gatePreflight', { as: people.dev, body: preflight() });
    const { decision_id: decisionId, approval_request_id: approvalId } = asked.body;
    const approval = { approval_id: approvalId };
    const decision = { decision_id: decisionId };

    const early = await server.call('reconcile', {
      as: people.admin,
      params: decision,
      body: { actual_monthly_delta_usd: '1' },
    });
    expect([early.status, early.body.code]).toEqual([409, 'reservation_pending_approval']);

    const own = await server.call('approve', { as: people.devWhoApproves, params: approval, body: {} });
    expect([own.status, own.body.code]).toEqual([403, 'self_review_forbidden']);

    const shown = await must(server, 'getApproval', { as: people.lead, params: approval });
    expect(shown.body).toMatchObject({
      status: 'pending',
      requester: 'dev-1',
      justification: JUSTIFICATION,
      hold_usd: '1098.7400',
      unfunded_usd: '0.0000',
    });
    const queue = await must(server, 'approvalQueue', {
      as: people.lead,
      headers: { 'verdict-min-entry': 'approvals@0' },
    });
    expect(queue.body.items.map((item: { approval_id: string }) => item.approval_id)).toEqual([approvalId]);
    const ownQueue = await must(server, 'approvalQueue', { as: people.devWhoApproves });
    expect(ownQueue.body.items).toEqual([]);

    const approved = await must(server, 'approve', {
      as: people.lead,
      params: approval,
      body: { notes: 'fine with me, go ahead' },
    });
    expect(approved.body).toMatchObject({ status: 'granted', decision_id: decisionId });
    const token = String(approved.body.approval_token);
    const again = await must(server, 'getApproval', { as: people.lead, params: approval });
    expect(again.text).not.toContain(token);

    const use = consumeBody({ token, binding: asked.body.continuation.binding, approvalId, verdict: asked.body });
    const consumed = await must(server, 'consume', { as: people.dev, body: use, key: 'pipeline-run-1' });
    expect(consumed.body).toMatchObject({
      status: 'consumed',
      decision_id: decisionId,
      replayed: false,
      consumed_by: 'dev-1',
    });
    const retried = await must(server, 'consume', { as: people.dev, body: use, key: 'pipeline-run-1' });
    expect(retried.body).toEqual({ ...consumed.body, replayed: true });
    const replayed = await server.call('consume', { as: people.dev, body: use });
    expect([replayed.status, replayed.body.code]).toEqual([409, 'token_replayed']);
    const otherKey = await server.call('consume', { as: people.dev, body: use, key: 'pipeline-run-2' });
    expect([otherKey.status, otherKey.body.code]).toEqual([409, 'token_replayed']);

    const active = await must(server, 'listActiveReservations', { as: people.admin, headers: after(consumed) });
    expect(active.body.items).toMatchObject([{ decision_id: decisionId, status: 'held', hold_usd: '1098.7400' }]);

    const settled = await must(server, 'reconcile', {
      as: people.admin,
      params: decision,
      body: { actual_monthly_delta_usd: '1200' },
      key: 'month-end-1',
    });
    expect(settled.body).toMatchObject({
      status: 'overage',
      expected_usd: '1098.7400',
      drift_usd: '101.2600',
      overrun_usd: '0.0000',
      trigger: 'manual',
      replayed: false,
    });
    expect(settled.body.exception_id).not.toBeNull();
    const repeated = await must(server, 'reconcile', {
      as: people.admin,
      params: decision,
      body: { actual_monthly_delta_usd: '1200' },
      key: 'month-end-1',
    });
    expect(repeated.body).toEqual({ ...settled.body, replayed: true });
    const twice = await server.call('reconcile', {
      as: people.admin,
      params: decision,
      body: { actual_monthly_delta_usd: '1200' },
    });
    expect([twice.status, twice.body.code]).toEqual([409, 'reservation_already_settled']);

    const late = await must(server, 'getDecision', { as: people.dev, params: decision, headers: after(settled) });
    expect(late.body).toMatchObject({ state: 'settled', decision: 'REQUIRE_APPROVAL', hold: { total: '1098.7400' } });
    const reservation = await must(server, 'getReservation', {
      as: people.admin,
      params: decision,
      headers: after(settled),
    });
    expect(reservation.body).toMatchObject({
      status: 'settled',
      settlement: { status: 'overage', actual_usd: '1200.0000', drift_usd: '101.2600' },
    });
    const budget = await must(server, 'getBudget', { as: people.dev, params: { budget_id: budgetId } });
    expect(budget.body).toMatchObject({
      limit_usd: '1500.0000',
      spent_usd: '1200.0000',
      held_usd: '0.0000',
      headroom_usd: '300.0000',
    });
    const none = await must(server, 'listActiveReservations', { as: people.admin, headers: after(settled) });
    expect(none.body.items).toEqual([]);
    const exceptions = await must(server, 'listExceptions', { as: people.admin, headers: after(settled) });
    expect(exceptions.body.items).toMatchObject([
      { kind: 'overage', decision_id: decisionId, drift_usd: '101.2600', status: 'open' },
    ]);

    expect(await ledger.typesOf(tenant, 'policy')).toEqual(['policy_published', 'price_book_published', 'budget_set']);
    expect(await ledger.typesOf(tenant, 'decisions')).toEqual(['decision_recorded']);
    expect(await ledger.typesOf(tenant, 'approvals')).toEqual([
      'approval_requested',
      'vote_cast',
      'approval_granted',
      'token_issued',
      'token_consumed',
      'token_refused',
      'token_refused',
    ]);
    expect(await ledger.typesOf(tenant, 'reservations')).toEqual([
      'actual_recorded',
      'reservation_settled',
      'drift_found',
      'exception_opened',
    ]);
    const all = (
      await Promise.all(
        (['policy', 'decisions', 'approvals', 'reservations'] as const).map((kind) => ledger.entries(tenant, kind)),
      )
    ).flat();
    for (const { text } of all) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(JUSTIFICATION);
      expect(text).not.toContain('s3cret-value');
    }
  });

  it('shows the approver what no budget covers, and names it an exception once it is granted', async () => {
    const { tenant, people, budgetId } = await tenantWith('900');
    const granted = await grantedApproval(
      server,
      people,
      preflight({ estimated_monthly_delta_usd: undefined, project_id: 'web' }),
    );
    expect(granted.verdict.reason_codes).toEqual(expect.arrayContaining(['budget_exceeded', 'soft_mode_escalation']));
    expect(granted.verdict.hold).toMatchObject({ total: '900.0000', unfunded_usd: '198.7400' });
    await waitUntil('the exception is in the ledger', async () =>
      (await ledger.typesOf(tenant, 'policy')).includes('exception_granted'),
    );
    expect((await ledger.entries(tenant, 'policy')).at(-1)?.payload).toMatchObject({
      kind: 'overage',
      limit_usd: '198.7400',
    });
    await must(server, 'consume', { as: people.dev, body: consumeBody(granted) });
    const settled = await must(server, 'reconcile', {
      as: people.admin,
      params: { decision_id: granted.verdict.decision_id },
      body: { actual_monthly_delta_usd: '1700' },
    });
    expect(settled.body).toMatchObject({
      status: 'overage',
      expected_usd: '1098.7400',
      drift_usd: '601.2600',
      overrun_usd: '601.2600',
    });
    const budget = await must(server, 'getBudget', { as: people.dev, params: { budget_id: budgetId } });
    expect(budget.body).toMatchObject({ spent_usd: '900.0000', held_usd: '0.0000', headroom_usd: '0.0000' });
    const exceptions = await must(server, 'listExceptions', {
      as: people.auditor,
      query: { kind: 'overrun' },
      headers: after(settled),
    });
    expect(exceptions.body.items).toMatchObject([
      { exception_id: `overrun:${String(granted.verdict.decision_id)}`, amount_usd: '601.2600' },
    ]);
  });

  it('expects the approved overage too when the actual cost arrives in the very moment of the grant', async () => {
    const atOnce = async () => {
      const { people } = await tenantWith('900');
      const granted = await grantedApproval(
        server,
        people,
        preflight({ estimated_monthly_delta_usd: undefined, project_id: 'web' }),
      );
      await must(server, 'consume', { as: people.dev, body: consumeBody(granted) });
      const params = { decision_id: String(granted.verdict.decision_id) };
      const settled = await must(server, 'reconcile', {
        as: people.admin,
        params,
        body: { actual_monthly_delta_usd: '1098.74' },
      });
      return { expected: settled.body.expected_usd, status: settled.body.status };
    };
    const settled = await Promise.all(Array.from({ length: 12 }, atOnce)); // The gate writes the exception a moment after the grant.
    expect(settled).toEqual(settled.map(() => ({ expected: '1098.7400', status: 'matched' })));
  });

  it('frees the whole hold when the request is denied, and the unspent rest when less was spent', async () => {
    const { people, budgetId } = await tenantWith('1500');
    const denied = await must(server, 'gatePreflight', { as: people.dev, body: preflight({ run_id: 'denied' }) });
    const no = await must(server, 'deny', {
      as: people.lead,
      params: { approval_id: denied.body.approval_request_id },
      body: { notes: 'not this month' },
    });
    expect(no.body).toMatchObject({ status: 'denied', approval_token: null });
    const granted = await grantedApproval(
      server,
      people,
      preflight({ run_id: 'granted', project_id: 'web', estimated_monthly_delta_usd: undefined }),
    );
    expect(granted.verdict.hold.total).toBe('1098.7400');
    await must(server, 'consume', { as: people.dev, body: consumeBody(granted) });
    const settled = await must(server, 'reconcile', {
      as: people.admin,
      params: { decision_id: granted.verdict.decision_id },
      body: { actual_monthly_delta_usd: '800.5' },
    });
    expect(settled.body).toMatchObject({
      status: 'savings',
      drift_usd: '-298.2400',
      released_reserved_usd: '298.2400',
    });
    const budget = await must(server, 'getBudget', { as: people.dev, params: { budget_id: budgetId } });
    expect(budget.body).toMatchObject({ spent_usd: '800.5000', held_usd: '0.0000', headroom_usd: '699.5000' });
  });

  it('answers the same run again with the same verdict, and another amount under its key with a conflict', async () => {
    const { people } = await tenantWith('1500');
    const first = await must(server, 'gatePreflight', { as: people.dev, body: preflight() });
    const again = await must(server, 'gatePreflight', { as: people.dev, body: preflight() });
    expect(again.body).toEqual({ ...first.body, replayed: true });
    const other = await server.call('gatePreflight', {
      as: people.dev,
      body: preflight({ estimated_monthly_delta_usd: '20' }),
    });
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({
      code: 'idempotency_conflict',
      differing_fields: ['/estimated_monthly_delta_usd'],
    });
  });

  it('answers the very first question of a tenant that nobody has seen before', async () => {
    const tenants = Array.from({ length: 20 }, () => freshTenant());
    const answers = [];
    for (const tenant of tenants)
      answers.push(await server.call('gateTerraform', { as: peopleOf(tenant).dev, body: ask('5') }));
    expect(answers.map(({ status, body }) => [status, body.code, body.policy_version])).toEqual(
      tenants.map(() => [200, undefined, 1]),
    );
  });

  it('gives the canonical entry as the receipt of a decision', async () => {
    const { tenant, people } = await tenantWith('1500');
    const asked = await must(server, 'gatePreflight', { as: people.dev, body: preflight() });
    const receipt = await must(server, 'getReceipt', {
      as: people.dev,
      params: { decision_id: asked.body.decision_id },
      headers: after(asked),
    });
    const [entry] = await ledger.entries(tenant, 'decisions');
    expect(Buffer.from(receipt.body.entry_base64, 'base64').toString()).toBe(entry?.text);
    expect(receipt.body.entry).toEqual(asked.body.entry);
  });

  it('publishes the key with which anybody can check an approval token', async () => {
    const answer = await server.raw({ method: 'GET', path: ROUTES.jwks.path });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(answer.body.keys).toEqual([
      expect.objectContaining({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' }),
    ]);
    expect(answer.text).not.toMatch(/"d":/);
  });

  describe('and its export', () => {
    const exported = async (people: ReturnType<typeof peopleOf>, body: unknown = {}) => {
      const created = await must(server, 'createExport', { as: people.auditor, body });
      const params = { export_id: String(created.body.export_id) };
      await waitUntil('the export is ready', async () => {
        const { body: job } = await must(server, 'getExport', { as: people.auditor, params });
        if (job.status === 'failed') throw new Error(`the export failed: ${String(job.failure)}`);
        return job.status === 'ready';
      });
      return { params, job: (await must(server, 'getExport', { as: people.auditor, params })).body };
    };
    const download = async (
      people: ReturnType<typeof peopleOf>,
      id: string,
      headers: Readonly<Record<string, string>> = {},
    ) => {
      const authorization = `Bearer ${await server.tokenFor(people.auditor)}`;
      return fetch(`${server.url}${ROUTES.downloadExport.path.replace(':export_id', id)}`, {
        headers: { authorization, ...headers },
      });
    };
    const storyOf = async () => {
      const made = await tenantWith('1500');
      const granted = await grantedApproval(
        server,
        made.people,
        preflight({ project_id: 'web', estimated_monthly_delta_usd: undefined }),
      );
      const consumed = await must(server, 'consume', { as: made.people.dev, body: consumeBody(granted) });
      const params = { decision_id: String(granted.verdict.decision_id) };
      const settled = await must(server, 'reconcile', {
        as: made.people.admin,
        params,
        body: { actual_monthly_delta_usd: '1200' },
      });
      await must(server, 'getDecision', { as: made.people.dev, params, headers: after(settled) });
      return { ...made, granted, consumed };
    };

    it('is found intact by the offline verifier, which has the public key alone, and not intact with one byte changed', async () => {
      const { people, granted } = await storyOf();
      const { params, job } = await exported(people);
      const answer = await download(people, params.export_id);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/zip']);
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect(bytes.length).toBe(job.size);
      expect(answer.headers.get('etag')).toBe(`"${String(job.content_sha256)}"`);
      expect(bytes.includes(granted.token)).toBe(false);
      const vkeys = await server.raw({ method: 'GET', path: ROUTES.vkeys.path });
      const trust = vkeys.text.trim().split('\n');
      const path = join(server.dataDir, 'bundle.zip');
      await writeFile(path, bytes);
      const report = await verifyBundle(path, { trust });
      expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
      expect(report.result).toBe('intact');
      const changed = Buffer.from(await readFile(path));
      const at = changed.indexOf('"decision_recorded"');
      expect(at).toBeGreaterThan(0);
      changed.write('x', at + 1);
      await writeFile(path, changed);
      expect((await verifyBundle(path, { trust })).result).toBe('not_intact');
    });

    it('has the same bytes when the same ranges are exported again, also after more was written', async () => {
      const { people } = await storyOf();
      const first = await exported(people);
      await must(server, 'gatePreflight', { as: people.dev, body: preflight({ run_id: 'later' }) });
      const ranges = Object.entries(first.job.ranges as Record<string, { from: number; to: number }>).map(
        ([kind, { from, to }]) => [kind, [from, to]],
      );
      const second = await exported(people, { revisions: Object.fromEntries(ranges) });
      expect(second.params.export_id).not.toBe(first.params.export_id);
      expect(second.job.content_sha256).toBe(first.job.content_sha256);
    });

    it('serves a range of its bytes, and says not modified to whoever has them', async () => {
      const { people } = await storyOf();
      const { params, job } = await exported(people);
      const part = await download(people, params.export_id, { range: 'bytes=0-3' });
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 0-3/${String(job.size)}`]);
      expect(Buffer.from(await part.arrayBuffer()).toString('latin1')).toBe('PK\u0003\u0004');
      expect((await download(people, params.export_id, { range: 'bytes=99999999-' })).status).toBe(416);
      expect(
        (await download(people, params.export_id, { 'if-none-match': `"${String(job.content_sha256)}"` })).status,
      ).toBe(304);
    });

    it('agrees with journals and read models', async () => {
      const { people } = await storyOf();
      const { params } = await exported(people);
      const ofOne = await must(server, 'getExportParity', { as: people.auditor, params });
      expect(ofOne.body).toMatchObject({ parity_ok: true, gaps: [], mismatches: [] });
      const ofAll = await must(server, 'exportParity', { as: people.auditor });
      expect(ofAll.body).toMatchObject({ parity_ok: true, gaps: [], mismatches: [] });
    });

    it('stands beside the ledger, which shows each entry with its hash, and the checkpoints that sign them', async () => {
      const { tenant, people } = await storyOf();
      const shown = await must(server, 'queryLedger', { as: people.auditor, query: { journal: 'approvals' } });
      const recorded = await ledger.entries(tenant, 'approvals');
      expect(
        shown.body.items.map(({ envelope, payload }: { envelope: unknown; payload: unknown }) => ({
          envelope,
          payload,
        })),
      ).toEqual(recorded.map(({ envelope, payload }) => ({ envelope, payload })));
      expect(shown.body).toMatchObject({ contiguous: true, first_revision: 0, last_revision: recorded.length - 1 });
      const checkpoint = async () =>
        server.call('latestCheckpoint', { as: people.auditor, params: { kind: 'decisions' } });
      await waitUntil('a checkpoint covers the decision', async () => (await checkpoint()).status === 200);
      expect((await checkpoint()).body).toMatchObject({ size: 1 });
      const list = await must(server, 'listCheckpoints', { as: people.auditor });
      expect(list.body.items.length).toBeGreaterThan(0);
    });
  });
});
