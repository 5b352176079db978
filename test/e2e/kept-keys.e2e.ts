import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RouteId } from '@verdict/contracts';
import { withEmbeddedPostgres } from '@verdict/testkit';
import type { RouteRequest } from '../support/e2e/api.js';
import { MovingClockApp } from '../support/e2e/moving-clock-app.js';
import {
  ask,
  consumeBody,
  createBudget,
  grantedApproval,
  MONEY_ONLY,
  must,
  pendingApproval,
  publishPolicy,
} from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

/** Outside of the suite, so that it is there until all of the suite has ended. */
const database = withEmbeddedPostgres();

const MANY = 6;

describe('a key that approvals or reconciliation have forgotten', () => {
  let app: MovingClockApp;
  beforeAll(async () => {
    app = await MovingClockApp.start(database, { answersKept: 1 });
  }, 120_000);
  afterAll(() => app.dispose());

  const approvals = async (people: People): Promise<void> => {
    for (let count = 0; count < MANY; count += 1) {
      const { approvalId } = await pendingApproval(app, people);
      await must(app, 'withdrawApproval', withdrawal(people, approvalId, randomUUID()));
    }
  };
  const withdrawal = (people: People, id: string, key: string): RouteRequest => ({
    ...{ as: people.dev, params: { approval_id: id }, body: {}, key },
  });
  const sweeps = async ({ admin }: People): Promise<void> => {
    for (let count = 0; count < MANY; count += 1)
      await must(app, 'sweepOverdue', { as: admin, key: randomUUID(), body: { older_than_seconds: 604_800 } });
  };
  const held = async (people: People): Promise<string> =>
    String((await must(app, 'gateTerraform', { as: people.dev, body: ask('50') })).body.decision_id);

  type Told = readonly [RouteId, RouteRequest, more: object];
  const soft = (people: People): Promise<unknown> => createBudget(app, people, '100000');
  const money = async (people: People): Promise<void> => {
    await publishPolicy(app, people, MONEY_ONLY);
    await createBudget(app, people, '100000');
  };
  const ROWS = [
    {
      ...{
        ChargePeriodStart: '2026-11-20',
        ChargePeriodEnd: '2026-11-21',
        EffectiveCost: '10',
        BillingCurrency: 'USD',
      },
      ...{ ServiceName: 'compute', x_project_id: 'web', x_environment: 'prod', x_status: 'final' },
    },
  ];

  it.each<[string, (people: People) => Promise<unknown>, (people: People) => Promise<Told>, typeof approvals]>([
    [
      'of a vote gets the answer that the vote got, without the token',
      soft,
      async (people) => {
        const { approvalId } = await pendingApproval(app, people);
        const body = { notes: 'fine with me, go ahead' };
        const request = { as: people.lead, params: { approval_id: approvalId }, body, key: 'key-1' };
        return ['approve', request, { approval_token: null, token_expires_at: null }];
      },
      approvals,
    ],
    [
      'of a withdrawal gets the answer that the withdrawal got',
      soft,
      async (people) => [
        'withdrawApproval',
        withdrawal(people, (await pendingApproval(app, people)).approvalId, 'key-1'),
        {},
      ],
      approvals,
    ],
    [
      'of a token issued again issues none',
      soft,
      async (people) => {
        const { approvalId } = await grantedApproval(app, people);
        const request = withdrawal(people, approvalId, 'key-1');
        return ['reissueToken', request, { approval_token: null, token_expires_at: null }];
      },
      approvals,
    ],
    [
      'of a token that was used gets its 200 again',
      soft,
      async (people) => {
        const body = consumeBody(await grantedApproval(app, people));
        return ['consume', { as: people.dev, body, key: 'key-1' }, {}];
      },
      approvals,
    ],
    [
      'of a settlement gets that settlement',
      money,
      async (people) => {
        const params = { decision_id: await held(people) };
        return ['reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '48' }, key: 'key-1' }, {}];
      },
      sweeps,
    ],
    [
      'of a sweep sweeps nothing more',
      money,
      async (people) => {
        await held(people);
        await held(people);
        app.advance(25 * 3_600);
        return ['sweepOverdue', { as: people.admin, body: { limit: 1 }, key: 'key-1' }, {}];
      },
      sweeps,
    ],
    [
      'of an import imports nothing again',
      money,
      (people) =>
        Promise.resolve(['importCosts', { as: people.admin, body: { rows: ROWS }, key: 'key-1' }, {}] as Told),
      sweeps,
    ],
  ])('%s', async (_, begin, tell, others) => {
    const people = peopleOf(freshTenant());
    await begin(people);
    const [route, request, more] = await tell(people);
    const first = await must(app, route, request);
    expect(first.body.replayed).toBe(false);
    await others(people);
    const again = await must(app, route, request);
    expect(again.body).toEqual({ ...first.body, ...more, replayed: true });
    expect(again.headers.get('verdict-entry')).toBe(first.headers.get('verdict-entry'));
  });

  it('stands for nothing else, and what differs is named', async () => {
    const people = peopleOf(freshTenant());
    await money(people);
    const request = { as: people.admin, params: { decision_id: await held(people) }, key: 'key-1' };
    await must(app, 'reconcile', { ...request, body: { actual_monthly_delta_usd: '48' } });
    await sweeps(people);
    const other = await app.call('reconcile', { ...request, body: { actual_monthly_delta_usd: '49', notes: 'more' } });
    expect([other.status, other.body.code, other.body.differing_fields]).toEqual([
      409,
      'idempotency_conflict',
      ['/actual_monthly_delta_usd', '/notes'],
    ]);
  });
});
