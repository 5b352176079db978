import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiAnswer, call } from '../support/e2e/api.js';
import { Standalone } from '../support/e2e/standalone.js';
import {
  consumeBody,
  createBudget,
  MONEY_ONLY,
  must,
  type Pending,
  pendingApproval,
  publishPolicy,
} from '../support/e2e/story.js';
import { freshTenant, peopleOf, type Who } from '../support/e2e/tokens.js';

const NOTES = 'read the plan, the sizes are what the load needs';

/** Large changes need two peers and somebody of finance; middling ones a peer or somebody of finance. */
const ROUTED = {
  ...MONEY_ONLY,
  approval: {
    required: { prod: false, nonprod: false },
    separation: { prod: false, nonprod: false },
    routing: [
      {
        id: 'large',
        match: { monthly_delta_usd: { min: '1000' } },
        effect: 'require',
        require: {
          all: [
            { id: 'peers', quorum: 2, roles: ['approver'], deny_quorum: 2 },
            { id: 'finance', groups: ['finops'] },
          ],
        },
        overrides: { separation: true, justification: { required: true, min_length: 30 } },
      },
      {
        id: 'middling',
        match: { monthly_delta_usd: { min: '100' } },
        effect: 'require',
        require: {
          any: [
            { id: 'peers', quorum: 2, roles: ['approver'] },
            { id: 'finance', groups: ['finops'] },
          ],
        },
      },
    ],
  },
};

describe('approvals that a policy routes', () => {
  let server: Standalone;

  beforeAll(async () => {
    server = await Standalone.start();
  }, 120_000);
  afterAll(() => server.dispose());

  const world = async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await publishPolicy(server, people, ROUTED);
    const { body } = await createBudget(server, people, '10000');
    const person = (subject: string, ...groups: readonly string[]): Who => ({
      ...{ subject, roles: ['approver'], tenant },
      ...(groups.length === 0 ? {} : { claims: { groups } }),
    });
    const held = async (): Promise<string> =>
      (await must(server, 'getBudget', { as: people.dev, params: { budget_id: String(body.budget_id) } })).body
        .held_usd;
    const pending = (amount: string, justification = NOTES): Promise<Pending> =>
      pendingApproval(server, people, { estimated_monthly_delta_usd: amount, justification });
    return { people, person, held, pending };
  };
  const vote = (
    as: Who,
    { approvalId }: Pending,
    more: Readonly<Record<string, unknown>> = {},
    route: 'approve' | 'deny' = 'approve',
  ): Promise<ApiAnswer> =>
    call(server, route, { as, params: { approval_id: approvalId }, body: { notes: NOTES, ...more } });
  const queueOf = async (as: Who): Promise<readonly string[]> =>
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    (await must(server, 'approvalQueue', { as })).body.items.map((item: any) => item.approval_id);

  it('are granted once every stage of `all` has its quorum, and the token is consumed then', async () => {
    const { people, person, pending, held } = await world();
    const waiting = await pending('1500');
    const answers = [
      await vote(person('ben'), waiting),
      await vote(person('fay', 'finops'), waiting, { stage_id: 'finance' }),
      await vote(person('cleo'), waiting),
    ];
    expect(answers.map(({ body }) => [body.status, body.approval_token === null])).toEqual([
      ['pending', true],
      ['pending', true],
      ['granted', false],
    ]);
    const token = String(answers[2]?.body.approval_token);
    const consumed = await must(server, 'consume', { as: people.dev, body: consumeBody({ ...waiting, token }) });
    expect(consumed.status).toBe(200);
    expect(await held()).toBe('1500.0000');
  });

  it('count a person in one stage only, though he belongs to both', async () => {
    const { person, pending } = await world();
    const waiting = await pending('1500');
    const both = person('fay', 'finops');
    expect((await vote(both, waiting)).body.status).toBe('pending');
    expect(await vote(both, waiting, { stage_id: 'finance' })).toMatchObject({
      status: 403,
      body: { code: 'not_eligible_reviewer' },
    });
    await vote(person('ben'), waiting);
    expect((await vote(person('cleo'), waiting)).body.status).toBe('granted'); // Fay counts for finance now.
  });

  it('are granted by one stage of `any`', async () => {
    const { person, pending } = await world();
    const byFinance = await vote(person('fay', 'finops'), await pending('200'), { stage_id: 'finance' });
    expect(byFinance.body.status).toBe('granted');
    const waiting = await pending('300');
    expect((await vote(person('ben'), waiting)).body.status).toBe('pending');
    expect((await vote(person('cleo'), waiting)).body.status).toBe('granted');
  });

  it('are nothing for who asked where the route separates duties, though the policy at large does not', async () => {
    const { people, pending } = await world();
    expect(await vote(people.devWhoApproves, await pending('1500'))).toMatchObject({
      status: 403,
      body: { code: 'self_review_forbidden' },
    });
    expect((await vote(people.devWhoApproves, await pending('200'))).status).toBe(200);
  });

  it('need the reasons that the route wants, of who asks or of who agrees', async () => {
    const { person, pending } = await world();
    const large = await pending('1500', 'it is needed');
    expect(await vote(person('ben'), large, { notes: 'looks fine' })).toMatchObject({
      status: 422,
      body: { code: 'justification_required' },
    });
    expect((await vote(person('ben'), large)).status).toBe(200);
    const middling = await pending('200', 'it is needed');
    expect((await vote(person('ben'), middling, { notes: 'looks fine' })).status).toBe(200);
  });

  it('end with as many denials as the stage says, and the money is free again', async () => {
    const { person, pending, held } = await world();
    const waiting = await pending('1500');
    expect((await vote(person('ben'), waiting, {}, 'deny')).body.status).toBe('pending');
    expect(await held()).toBe('1500.0000');
    expect((await vote(person('cleo'), waiting, {}, 'deny')).body.status).toBe('denied');
    expect(await held()).toBe('0.0000');
  });

  it('stand in the queue of those alone who may decide them now', async () => {
    const { people, person, pending } = await world();
    const large = await pending('1500');
    const middling = await pending('200');
    expect(await queueOf(person('ben'))).toEqual([large.approvalId, middling.approvalId]);
    expect(await queueOf(people.devWhoApproves)).toEqual([middling.approvalId]);
    await vote(person('ben'), large);
    expect(await queueOf(person('ben'))).toEqual([middling.approvalId]);
  });
});
