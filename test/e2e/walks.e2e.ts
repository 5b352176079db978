import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RouteId } from '@verdict/contracts';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { type Api, type ApiAnswer, call } from '../support/e2e/api.js';
import { MovingClockApp } from '../support/e2e/moving-clock-app.js';
import { waitUntil } from '../support/e2e/processes.js';
import {
  after,
  ask,
  consumeBody,
  createBudget,
  type Granted,
  MONEY_ONLY,
  must,
  type Pending,
  pendingApproval,
  publishPolicy,
} from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf, type Who } from '../support/e2e/tokens.js';

type Item = Readonly<Record<string, unknown>>;
type Query = Readonly<Record<string, string>>;
interface Page {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
  readonly as_of: Readonly<Record<string, number>>;
}

/** Large changes need two peers; denials, grants and requests that nobody decides each end in their own way. */
const POLICY = {
  ...MONEY_ONLY,
  approval: {
    required: { prod: false, nonprod: false },
    separation: { prod: false, nonprod: false },
    routing: [
      {
        id: 'large',
        match: { monthly_delta_usd: { min: '100' } },
        effect: 'require',
        require: { all: [{ id: 'peers', quorum: 2, roles: ['approver'], deny_quorum: 1 }] },
        overrides: { approve_by_seconds: 600, use_by_seconds: 900 },
      },
    ],
  },
};

/** Each list, and each filter that looks at what changes. */
const LISTS: readonly (readonly [id: RouteId, query: Query, journals: readonly string[]])[] = [
  ...(
    [
      {},
      { status: 'open' },
      { status: 'resolved' },
      { kind: 'overage', status: 'open' },
    ] as const satisfies readonly Query[]
  ).map((query) => ['listExceptions', query, ['reservations']] as const),
  ...(
    [
      {},
      { status: 'pending' },
      { status: 'granted' },
      { project_id: 'web', status: 'pending' },
    ] as const satisfies readonly Query[]
  ).map((query) => ['listApprovals', query, ['approvals', 'decisions']] as const),
  ...([{}, { decision: 'REQUIRE_APPROVAL' }, { project_id: 'web' }] as const satisfies readonly Query[]).map(
    (query) => ['listDecisions', query, ['decisions', 'approvals', 'reservations']] as const,
  ),
  ...([{}, { project_id: 'web' }] as const satisfies readonly Query[]).map(
    (query) => ['listActiveReservations', query, ['decisions', 'reservations']] as const,
  ),
];

/** Outside of the suite, so that it is there until all of the suite has ended. */
const database = withEmbeddedPostgres();

/** One tenant with something of everything, some of it about to change. */
class Estate {
  readonly people: People = peopleOf(freshTenant('walks'));
  readonly reader: Who = { ...this.people.admin, subject: 'reader-1', roles: ['admin', 'auditor', 'approver'] };
  private written: ApiAnswer[] = [];

  constructor(private readonly app: MovingClockApp) {}

  async open(): Promise<void> {
    await publishPolicy(this.app, this.people, POLICY);
    await createBudget(this.app, this.people, '100000');
  }

  async hold(amount: string, project = 'web'): Promise<string> {
    const body = ask(amount, { resource_reference: `aws_instance.h${amount}`, project_id: project });
    const answer = this.noted(await must(this.app, 'gateTerraform', { as: this.people.dev, body }));
    expect(answer.body.decision).toBe('ALLOW');
    return String(answer.body.decision_id);
  }

  async pending(name: string): Promise<Pending> {
    return pendingApproval(this.app, this.people, {
      resource_reference: `aws_instance.${name}`,
      estimated_monthly_delta_usd: '150',
    });
  }

  async vote({ approvalId }: Pending, voter: string, vote: 'approve' | 'deny' = 'approve'): Promise<ApiAnswer> {
    const as: Who = { ...this.people.lead, subject: voter };
    return this.noted(await must(this.app, vote, { as, params: { approval_id: approvalId }, body: {} }));
  }

  async grant(pending: Pending): Promise<Granted> {
    await this.vote(pending, 'peer-1');
    const { body } = await this.vote(pending, 'peer-2');
    return { ...pending, token: String(body.approval_token) };
  }

  async withdraw({ approvalId }: Pending): Promise<void> {
    const as = this.people.admin;
    this.noted(await must(this.app, 'withdrawApproval', { as, params: { approval_id: approvalId }, body: {} }));
  }

  async consume(granted: Granted): Promise<void> {
    this.noted(await must(this.app, 'consume', { as: this.people.dev, body: consumeBody(granted) }));
  }

  async file({ verdict }: Pending, justification: string): Promise<void> {
    const body = { decision_id: verdict.decision_id, justification };
    this.noted(await must(this.app, 'fileApprovalRequest', { as: this.people.dev, body }));
  }

  async settle(decisionId: string, actual: string, more: object = {}): Promise<string> {
    const answer = await must(this.app, 'reconcile', {
      as: this.people.admin,
      params: { decision_id: decisionId },
      body: { actual_monthly_delta_usd: actual, ...more },
    });
    return String(this.noted(answer).body.exception_id);
  }

  async resolve(exceptionId: string): Promise<void> {
    const params = { exception_id: exceptionId };
    const body = { resolution: 'accepted', notes: 'the new instance type' };
    this.noted(await must(this.app, 'resolveException', { as: this.people.admin, params, body }));
  }

  async sweep(olderThanSeconds: number): Promise<void> {
    const body = { older_than_seconds: olderThanSeconds, action: 'settle', limit: 1 };
    const answer = this.noted(await must(this.app, 'sweepOverdue', { as: this.people.admin, body }));
    expect(answer.body.settled_count).toBe(1);
  }

  /** The read models have all that was written, and the services have reacted to it. */
  async settled(states: Readonly<Record<string, number>>): Promise<void> {
    for (const answer of this.written.splice(0))
      await must(this.app, 'listDecisions', { as: this.reader, headers: after(answer) });
    await waitUntil(`decisions stand at ${JSON.stringify(states)}`, async () => {
      const { body } = await must(this.app, 'listDecisions', { as: this.reader, query: { limit: '200' } });
      const counted: Record<string, number> = {};
      for (const { state } of body.items) counted[String(state)] = (counted[String(state)] ?? 0) + 1;
      return JSON.stringify(Object.entries(counted).sort()) === JSON.stringify(Object.entries(states).sort());
    });
  }

  private noted(answer: ApiAnswer): ApiAnswer {
    if (answer.headers.get('verdict-entry') !== null) this.written.push(answer);
    return answer;
  }
}

describe('a walk over a list of read models', () => {
  let app: MovingClockApp;
  let estate: Estate;
  const began = new Map<string, { readonly whole: Page; readonly first: Page }>();
  const nameOf = (id: RouteId, query: Query): string => `${id} ${new URLSearchParams(query).toString()}`;

  /** Pages of one item are many reads: a fast machine asks for more of them a second than a tenant may. */
  const page = async (api: Api, id: RouteId, query: Query): Promise<Page> => {
    for (;;) {
      const answer = await call(api, id, { as: estate.reader, query });
      if (answer.status === 200) return answer.body as Page;
      expect([id, answer.status, answer.text]).toMatchObject([id, 429, expect.stringContaining('rate_limited')]);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  };
  const rest = async (api: Api, id: RouteId, query: Query, { next_cursor: start }: Page): Promise<readonly Page[]> => {
    const pages: Page[] = [];
    for (let cursor = start; cursor !== null; cursor = pages.at(-1)?.next_cursor ?? null)
      pages.push(await page(api, id, { ...query, limit: '1', cursor }));
    return pages;
  };

  /** The whole list on one page and the first page of a walk, both of the same moment, down to the second. */
  const begin = async (id: RouteId, query: Query): Promise<{ readonly whole: Page; readonly first: Page }> => {
    for (;;) {
      const whole = await page(app, id, { ...query, limit: '200' });
      const first = await page(app, id, { ...query, limit: '1' });
      const again = await page(app, id, { ...query, limit: '200' });
      if (JSON.stringify(again) === JSON.stringify(whole)) return { whole, first };
    }
  };

  beforeAll(async () => {
    app = await MovingClockApp.start(database);
    estate = new Estate(app);
    await estate.open();
    const holds: string[] = [];
    for (const amount of ['10', '20', '30', '40', '50', '60', '70', '75'])
      holds.push(await estate.hold(amount, amount === '70' ? 'api' : 'web'));
    const requests: Pending[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) requests.push(await estate.pending(name));
    const [a, b, c, d, e, f] = requests as [Pending, Pending, Pending, Pending, Pending, Pending, Pending];
    const [h1, h2, h3, h4, h5] = holds as [string, string, string, string, string];
    const [x1, x2] = [await estate.settle(h1, '15'), await estate.settle(h2, '25')];
    for (const [hold, actual] of [
      [h3, '35'],
      [h4, '45'],
    ] as const)
      await estate.resolve(await estate.settle(hold, actual));
    await estate.vote(b, 'peer-1');
    const granted = { c: await estate.grant(c), f: await estate.grant(f) };
    await estate.vote(d, 'peer-1', 'deny');
    await estate.settled({ settled: 4, permitted: 4, pending_approval: 4, granted: 2, denied: 1 });
    for (const [id, query] of LISTS) began.set(nameOf(id, query), await begin(id, query));

    await estate.grant(a);
    await estate.vote(b, 'peer-2');
    await estate.consume(granted.c);
    await estate.vote(e, 'peer-1', 'deny');
    await estate.withdraw(f);
    await estate.file(requests.at(-1)!, 'because the season has begun, and the shop is slow');
    await estate.settle(h5, '55');
    await estate.settle(h1, '18', { correction: true });
    await estate.resolve(x1);
    await estate.resolve(x2);
    await estate.hold('80');
    await estate.settle(await estate.hold('90'), '95');
    await estate.pending('later');
    await estate.settled({
      ...{ settled: 6, permitted: 4, granted: 2, consumed: 1, denied: 2, withdrawn: 1, pending_approval: 2 },
    });
    app.advance(650);
    await estate.sweep(600);
    await estate.settled({
      ...{ settled: 6, permitted: 4, granted: 2, consumed: 1, denied: 2, withdrawn: 1, expired: 2 },
    });
  }, 180_000);
  afterAll(() => app.dispose());

  describe.each(LISTS.map(([id, query, journals]) => [nameOf(id, query), { id, query, journals }] as const))(
    '%s',
    (name, { id, query, journals }) => {
      const walkOf = () => {
        const walk = began.get(name);
        if (walk === undefined) throw new Error('it never began');
        return walk;
      };

      it('shows on all its pages what one whole page showed when it began, though everything has changed since', async () => {
        const { whole, first } = walkOf();
        const pages = await rest(app, id, query, first);
        expect([...first.items, ...pages.flatMap(({ items }) => items)]).toEqual(whole.items);
        for (const { as_of: asOf } of [first, ...pages]) expect(asOf).toEqual(whole.as_of);
        expect(Object.keys(whole.as_of).sort()).toEqual([...journals].sort());
        expect(whole.items.length).toBeGreaterThan(1);
        const now = await page(app, id, { ...query, limit: '200' });
        expect(now.items).not.toEqual(whole.items);
        expect(now.as_of).not.toEqual(whole.as_of);
      });
    },
  );

  it('goes on the same in a process that was started after all of it', async () => {
    const other = await app.startAnother();
    try {
      for (const [id, query] of LISTS) {
        const { whole, first } = began.get(nameOf(id, query))!;
        const pages = await rest(other, id, query, first);
        expect([id, ...first.items, ...pages.flatMap(({ items }) => items)]).toEqual([id, ...whole.items]);
      }
    } finally {
      await other.dispose();
    }
  });

  it('is bound to its tenant, list and filters, and to a point where the journals have been', async () => {
    const codeOf = async (as: Who, id: RouteId, query: Query) => {
      const { status, body } = await call(app, id, { as, query });
      return `${String(status)} ${String(body.code)}`;
    };
    const stranger = { ...estate.reader, tenant: freshTenant('stranger') };
    for (const [index, [id, query]] of LISTS.entries()) {
      const cursor = began.get(nameOf(id, query))!.first.next_cursor;
      if (cursor === null) continue;
      expect(await codeOf(estate.reader, id, { ...query, cursor })).toBe('200 undefined');
      expect(await codeOf(stranger, id, { ...query, cursor })).toBe('400 cursor_invalid');
      const [otherId, otherQuery] = LISTS[(index + 1) % LISTS.length]!;
      expect(await codeOf(estate.reader, otherId, { ...otherQuery, cursor })).toBe('400 cursor_invalid');
      const parts = Buffer.from(cursor, 'base64url').toString().split('\n');
      const forged = parts.map((part, at) => (at >= 2 ? '99999' : part)).join('\n');
      const made = Buffer.from(forged).toString('base64url');
      expect(await codeOf(estate.reader, id, { ...query, cursor: made })).toBe('400 cursor_invalid');
    }
  });
});
