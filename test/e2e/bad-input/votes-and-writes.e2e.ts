import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { openBadInput } from '../../support/e2e/bad-input.js';
import { waitUntil } from '../../support/e2e/processes.js';
import {
  ask,
  createBudget,
  jsonFixture,
  JUSTIFICATION,
  MONEY_ONLY,
  must,
  publishPolicy,
} from '../../support/e2e/story.js';
import type { Who } from '../../support/e2e/tokens.js';

describe('bad input of votes and writes', () => {
  const bad = openBadInput();
  const { aPending, aTenant, headsOf, refusedAndUnwritten } = bad;

  it('refuses a vote on what is settled, and a withdrawal by somebody else', async () => {
    const people = await aTenant();
    const pending = await aPending(people);
    const params = { approval_id: pending.approvalId };
    const stranger = { subject: 'stranger-1', roles: ['member'], tenant: people.dev.tenant } as const satisfies Who;
    const foreign = await refusedAndUnwritten(
      people,
      () => bad.server.call('withdrawApproval', { as: stranger, params, body: {} }),
      { status: 403, code: 'forbidden' },
    );
    expect(foreign.status).toBe(403);
    await must(bad.server, 'deny', { as: people.lead, params, body: {} });
    await waitUntil('the hold is freed', async () => (await headsOf(people)).decisions === 1);
    for (const id of ['approve', 'deny'] as const) {
      const send = () => bad.server.call(id, { as: { ...people.lead, subject: 'lead-2' }, params, body: {} });
      await refusedAndUnwritten(people, send, { status: 409, code: 'approval_not_pending' }, ROUTES[id]);
    }
    const withdraw = () => bad.server.call('withdrawApproval', { as: people.dev, params, body: {} });
    await refusedAndUnwritten(people, withdraw, { status: 409, code: 'approval_not_pending' }, ROUTES.withdrawApproval);
  });

  it('refuses to grant without the justification that the policy asks for', async () => {
    const people = await aTenant();
    const pending = await aPending(people, { justification: undefined });
    const approve = () =>
      bad.server.call('approve', { as: people.lead, params: { approval_id: pending.approvalId }, body: {} });
    await refusedAndUnwritten(people, approve, { status: 422, code: 'justification_required' }, ROUTES.approve);
    const file = { decision_id: pending.verdict.decision_id, justification: JUSTIFICATION };
    const filer = {
      subject: 'dev-2',
      roles: ['member', 'approver'],
      tenant: people.dev.tenant,
    } as const satisfies Who;
    await must(bad.server, 'fileApprovalRequest', { as: filer, body: file });
    const own = await bad.server.call('approve', { as: filer, params: { approval_id: pending.approvalId }, body: {} });
    expect([own.status, own.body.code]).toEqual([403, 'self_review_forbidden']);
    expect((await approve()).status).toBe(200);
  });

  it('cannot approve a dry run, and holds nothing for it', async () => {
    const people = await aTenant();
    const asked = await must(bad.server, 'gateTerraform', { as: people.dev, body: ask('500', { dry_run: true }) });
    expect(asked.body).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      approval_request_id: null,
      dry_run: true,
      hold: { total: '0.0000' },
    });
    const file = () =>
      bad.server.call('fileApprovalRequest', {
        as: people.dev,
        body: { decision_id: asked.body.decision_id, justification: JUSTIFICATION },
      });
    await refusedAndUnwritten(
      people,
      file,
      { status: 409, code: 'decision_not_approvable' },
      ROUTES.fileApprovalRequest,
    );
    const reconcile = () =>
      bad.server.call('reconcile', {
        as: people.admin,
        params: { decision_id: String(asked.body.decision_id) },
        body: { actual_monthly_delta_usd: '1' },
      });
    await refusedAndUnwritten(people, reconcile, { status: 409, code: 'decision_not_reconcilable' }, ROUTES.reconcile);
  });

  it('refuses an edit without the version it edits, or of an older one', async () => {
    const people = await aTenant();
    const publish = (
      headers: Readonly<Record<string, string>>,
      id: 'publishPolicy' | 'rollBackPolicy' = 'publishPolicy',
    ) =>
      bad.server.call(id, {
        as: people.admin,
        body: id === 'publishPolicy' ? { document: MONEY_ONLY, message: 'm' } : { to_version: 1, message: 'm' },
        headers,
      });
    for (const id of ['publishPolicy', 'rollBackPolicy'] as const) {
      await refusedAndUnwritten(
        people,
        () => publish({}, id),
        { status: 428, code: 'precondition_required' },
        ROUTES[id],
      );
      for (const tag of ['"9"', '"0"', 'W/"1"', '1', '"x"', '"0", "2"']) {
        const stale = await refusedAndUnwritten(
          people,
          () => publish({ 'if-match': tag }, id),
          { status: 412, code: 'version_conflict' },
          ROUTES[id],
        );
        expect(stale.body.current_etag).toBe('"1"');
      }
    }
    expect((await publish({ 'if-match': '"1"' })).status).toBe(201);
    const both = await Promise.all([
      publish({ 'if-match': '"2"' }, 'rollBackPolicy'),
      publish({ 'if-match': '"2"' }, 'rollBackPolicy'),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 412]);
    const created = await createBudget(bad.server, people, '100');
    const update = (headers: Readonly<Record<string, string>>) =>
      bad.server.call('updateBudget', {
        as: people.admin,
        params: { budget_id: String(created.body.budget_id) },
        body: { limit_usd: '200' },
        headers,
      });
    await refusedAndUnwritten(
      people,
      () => update({}),
      { status: 428, code: 'precondition_required' },
      ROUTES.updateBudget,
    );
    await refusedAndUnwritten(
      people,
      () => update({ 'if-match': '"7"' }),
      { status: 412, code: 'version_conflict' },
      ROUTES.updateBudget,
    );
    expect((await update({ 'if-match': '"1"' })).body).toMatchObject({ version: 2, limit_usd: '200.0000' });
  });

  it('refuses a limit below what is committed, and names the least legal one', async () => {
    const people = await aTenant();
    await publishPolicy(bad.server, people, MONEY_ONLY);
    const created = await createBudget(bad.server, people, '1000');
    await must(bad.server, 'gateTerraform', { as: people.dev, body: ask('600') });
    const update = (more: Readonly<Record<string, unknown>> = {}) =>
      bad.server.call('updateBudget', {
        as: people.admin,
        params: { budget_id: String(created.body.budget_id) },
        body: { limit_usd: '599.9999', ...more },
        headers: { 'if-match': '"1"' },
      });
    const refused = await refusedAndUnwritten(
      people,
      () => update(),
      { status: 409, code: 'limit_below_committed' },
      ROUTES.updateBudget,
    );
    expect(refused.body).toMatchObject({ least_limit_usd: '600.0000' });
    expect((await update({ when_committed: 'ratchet' })).body).toMatchObject({
      limit_usd: '599.9999',
      effective_limit_usd: '600.0000',
      headroom_usd: '0.0000',
    });
  });

  it('lists every defect of a policy', async () => {
    const people = await aTenant();
    const document = {
      mode_matrix: { terraform: { default: 'mild' } },
      approval: { use_by_seconds: 1 },
      surprise: true,
      pricing: { mismatch_percent: 101 },
    };
    const send = () =>
      bad.server.call('publishPolicy', {
        as: people.admin,
        body: { document, message: 'm' },
        headers: { 'if-match': '"1"' },
      });
    const answer = await refusedAndUnwritten(
      people,
      send,
      { status: 422, code: 'policy_invalid' },
      ROUTES.publishPolicy,
    );
    const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(
      expect.arrayContaining([
        '/document/mode_matrix/terraform/default',
        '/document/approval/use_by_seconds',
        '/document/surprise',
        '/document/pricing/mismatch_percent',
      ]),
    );
    const twice = { environments: { classes: { prod: { aliases: ['x'] }, nonprod: { aliases: ['X'] } } } };
    const alias = () =>
      bad.server.call('publishPolicy', {
        as: people.admin,
        body: { document: twice, message: 'm' },
        headers: { 'if-match': '"1"' },
      });
    await refusedAndUnwritten(people, alias, { status: 422, code: 'policy_invalid' }, ROUTES.publishPolicy);
  });

  it('refuses a price book that is none, and another text under a version that is taken', async () => {
    const people = await aTenant();
    const book = jsonFixture('aws-web-stack', 'price-book.v1.json');
    const publish = (body: unknown) => bad.server.call('publishPriceBook', { as: people.admin, body });
    await refusedAndUnwritten(
      people,
      () => publish({}),
      { status: 422, code: 'validation_failed' },
      ROUTES.publishPriceBook,
    );
    await refusedAndUnwritten(
      people,
      () => publish({ ...book, currency: 'EUR' }),
      { status: 422, code: 'currency_unsupported' },
      ROUTES.publishPriceBook,
    );
    expect((await publish(book)).status).toBe(201);
    const same = await publish(book);
    expect([same.status, same.body.unchanged]).toEqual([200, true]);
    const changed = { ...book, free: [...(book.free as string[]), 'aws_something_else'] };
    const before = await headsOf(people);
    const other = await publish(changed);
    expect(other.status).toBeGreaterThanOrEqual(409);
    expect(await headsOf(people)).toEqual(before);
  });
});
