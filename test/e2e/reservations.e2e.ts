import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Standalone } from '../support/e2e/standalone.js';
import { must } from '../support/e2e/story.js';
import { freshTenant, peopleOf, type Who } from '../support/e2e/tokens.js';

const DOCUMENT = {
  mode_matrix: { terraform: { default: 'hard' } },
  approval: { required: { prod: false, nonprod: false } },
  entitlements: { hard_deny_above_monthly_usd: '100000' },
};

describe('what holds turn out to cost', () => {
  let server: Standalone;
  beforeAll(async () => {
    server = await Standalone.start();
  }, 120_000);
  afterAll(() => server.dispose());

  const aHold = async (amount: string) => {
    const people = peopleOf(freshTenant());
    const { admin } = people;
    await must(server, 'publishPolicy', {
      as: admin,
      headers: { 'if-match': '"1"' },
      body: { document: DOCUMENT, message: 'money decides' },
    });
    await must(server, 'createBudget', { as: admin, body: { scope: 'tenant', limit_usd: '1000' } });
    const asked = await must(server, 'gateTerraform', {
      as: people.dev,
      body: {
        action: 'terraform.apply',
        resource_reference: 'aws_instance.web',
        environment: 'production',
        estimated_monthly_delta_usd: amount,
      },
    });
    expect(asked.body.decision).toBe('ALLOW');
    return { people, params: { decision_id: String(asked.body.decision_id) } };
  };

  it('is corrected by an administrator, and by nobody else', async () => {
    const { people, params } = await aHold('300');
    const settle = (as: Who, body: object) => server.call('reconcile', { as, params, body });
    const first = await settle(people.admin, { actual_monthly_delta_usd: '310' });
    expect(first.body).toMatchObject({ cause: 'settled', status: 'overage', drift_usd: '10.0000' });
    const twice = await settle(people.admin, { actual_monthly_delta_usd: '290' });
    expect([twice.status, twice.body.code]).toEqual([409, 'reservation_already_settled']);
    const service = {
      ...people.admin,
      subject: 'billing',
      roles: ['service'],
      claims: { scope: 'reconcile' },
    } as const;
    const foreign = await settle(service, { actual_monthly_delta_usd: '290', correction: true });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'forbidden']);
    const corrected = await settle(people.admin, { actual_monthly_delta_usd: '290', correction: true });
    expect(corrected.body).toMatchObject({ cause: 'correction', expected_usd: '300.0000', drift_usd: '-10.0000' });
    const shown = await must(server, 'getReservation', {
      as: people.admin,
      params,
      headers: { 'verdict-min-entry': `reservations@${String(corrected.body.entry.revision)}` },
    });
    expect(shown.body).toMatchObject({ status: 'settled', settlement: { actual_usd: '290.0000' } });
  });

  it('leaves exceptions, which are resolved with the reason that was found', async () => {
    const { people, params } = await aHold('100');
    const settled = await must(server, 'reconcile', {
      as: people.admin,
      params,
      body: { actual_monthly_delta_usd: '150' },
    });
    const id = String(settled.body.exception_id);
    const resolved = await must(server, 'resolveException', {
      as: people.admin,
      params: { exception_id: id },
      body: { resolution: 'accepted', notes: 'the new instance type' },
    });
    expect(resolved.body).toMatchObject({ exception_id: id, resolution: 'accepted', replayed: false });
    const listed = await must(server, 'listExceptions', {
      as: people.admin,
      query: { status: 'resolved' },
      headers: { 'verdict-min-entry': `reservations@${String(resolved.body.entry.revision)}` },
    });
    expect(listed.body.items).toMatchObject([
      { exception_id: id, kind: 'overage', status: 'resolved', resolution: 'accepted', notes: 'the new instance type' },
    ]);
    const again = await server.call('resolveException', {
      as: people.admin,
      params: { exception_id: id },
      body: { resolution: 'disputed' },
    });
    expect([again.status, again.body.code]).toEqual([404, 'not_found']);
  });

  it('is not swept while it is young, and the sweep says so under its key', async () => {
    const { people } = await aHold('100');
    const operator = { ...people.admin, subject: 'operator-1', roles: ['operator'] } as const;
    const swept = await must(server, 'sweepOverdue', {
      as: operator,
      body: { older_than_seconds: 3600 },
      key: 'sweep-1',
    });
    expect(swept.body).toMatchObject({ settled_count: 0, released_count: 0, decision_ids: [], replayed: false });
    const again = await must(server, 'sweepOverdue', {
      as: operator,
      body: { older_than_seconds: 3600 },
      key: 'sweep-1',
    });
    expect(again.body).toEqual({ ...swept.body, replayed: true });
    const early = await server.call('sweepOverdue', { as: operator, body: { older_than_seconds: 59 } });
    expect([early.status, early.body.code]).toEqual([422, 'validation_failed']);
  });
});
