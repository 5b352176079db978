import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RouteId } from '@verdict/contracts';
import { randomUUID } from 'node:crypto';
import { type ApiAnswer, call } from '../support/e2e/api.js';
import type { LedgerReader } from '../support/e2e/ledger.js';
import { Standalone } from '../support/e2e/standalone.js';
import { createBudget, jsonFixture, must, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

const DAY_MS = 86_400_000;

interface List {
  readonly id: RouteId;
  /** Adds one item; `name` makes it unlike all others. */
  readonly add: (people: People, name: string) => Promise<ApiAnswer>;
  /** Changes an item. */
  readonly change?: (people: People, item: Item) => Promise<ApiAnswer>;
  readonly idOf: (item: Item) => string;
}
type Item = Readonly<Record<string, unknown>>;

describe('the lists of what administrators keep', () => {
  let server: Standalone;
  let ledger: LedgerReader;

  beforeAll(async () => {
    server = await Standalone.start();
    ledger = await server.openLedger();
  }, 120_000);
  afterAll(() => server.dispose());

  const LISTS: readonly List[] = [
    {
      id: 'listPolicyVersions',
      add: (people, name) => publishPolicy(server, people, { risk: { project_criticality: { [name]: 'high' } } }),
      idOf: ({ version }) => String(version),
    },
    {
      id: 'listBudgets',
      add: (people, name) => createBudget(server, people, '100', `project:${name}`),
      change: (people, { budget_id, version }) =>
        must(server, 'updateBudget', {
          as: people.admin,
          params: { budget_id: String(budget_id) },
          headers: { 'if-match': `"${String(version)}"` },
          body: { limit_usd: '200' },
        }),
      idOf: ({ budget_id }) => String(budget_id),
    },
    {
      id: 'listPriceBooks',
      add: (people, name) =>
        must(server, 'publishPriceBook', {
          as: people.admin,
          body: { ...jsonFixture('aws-web-stack', 'price-book.v1.json'), version: name },
        }),
      idOf: ({ version }) => String(version),
    },
    {
      id: 'listIntegrations',
      add: (people, name) =>
        must(server, 'createIntegration', {
          as: people.admin,
          body: { kind: 'run_task', name, address: 'https://app.terraform.io' },
        }),
      change: (people, { integration_id }) =>
        must(server, 'rotateIntegration', {
          as: people.admin,
          params: { integration_id: String(integration_id) },
          body: {},
        }),
      idOf: ({ integration_id }) => String(integration_id),
    },
    {
      id: 'listCredits',
      add: (people, name) =>
        must(server, 'grantCredit', {
          as: people.admin,
          key: randomUUID(),
          body: { pool: 'reserved', scope: 'tenant', total_amount_usd: '1', reason: name },
        }),
      change: (people, { credit_id }) =>
        must(server, 'revokeCredit', { as: people.admin, params: { credit_id: String(credit_id) }, body: {} }),
      idOf: ({ credit_id }) => String(credit_id),
    },
    {
      id: 'listWaivers',
      add: (people, name) =>
        must(server, 'grantWaiver', {
          as: people.admin,
          body: {
            ...{ scope: {}, waives: ['cost_unknown'], owner: 'ana', reason: name, ticket: 'T-1' },
            expires_at: new Date(Date.now() + DAY_MS).toISOString(),
          },
        }),
      change: (people, { exception_id, version }) =>
        must(server, 'revokeWaiver', {
          as: people.admin,
          params: { exception_id: String(exception_id) },
          headers: { 'if-match': `"${String(version)}"` },
          body: {},
        }),
      idOf: ({ exception_id }) => String(exception_id),
    },
  ];

  const estate = async ({ add }: List, count = 5): Promise<People> => {
    const people = peopleOf(freshTenant('lists'));
    for (let index = 1; index <= count; index += 1) await add(people, `item-${String(index)}`);
    return people;
  };
  const page = async (list: List, people: People, query: Readonly<Record<string, string>>) => {
    const { body } = await must(server, list.id, { as: people.admin, query });
    return body as { items: Item[]; next_cursor: string | null; as_of: Readonly<Record<string, number>> };
  };

  describe.each(LISTS.map((list) => [list.id, list] as const))('%s', (_id, list) => {
    it('shows each item once, newest first and as it was, though new ones come and old ones change between its pages', async () => {
      const people = await estate(list);
      const { items: whole, as_of: began } = await page(list, people, {});
      expect(began.policy).toBe((await ledger.heads(people.admin.tenant)).policy);
      const shown: Item[] = [];
      let cursor: string | null | undefined;
      for (let turn = 0; cursor !== null; turn += 1) {
        const each = await page(list, people, { limit: '2', ...(cursor === undefined ? {} : { cursor }) });
        expect(each.items.length).toBeLessThanOrEqual(2);
        expect(each.as_of).toEqual(began);
        shown.push(...each.items);
        cursor = each.next_cursor;
        await list.add(people, `later-${String(turn)}`);
        const [oldest] = whole.slice(-1);
        if (turn === 0 && oldest !== undefined) await list.change?.(people, oldest);
      }
      expect(shown).toEqual(whole);
      const now = await page(list, people, {});
      expect(now.items.map(list.idOf).slice(-whole.length)).toEqual(whole.map(list.idOf));
      expect(now.as_of).not.toEqual(began);
    });

    it('does not go on with a cursor of another tenant or another list, or with one it did not make', async () => {
      const [mine, theirs] = [await estate(list, 2), await estate(list, 2)];
      const codeOf = async (id: RouteId, people: People, cursor: string) => {
        const { status, body } = await call(server, id, { as: people.admin, query: { limit: '1', cursor } });
        return `${String(status)} ${String(body.code)}`;
      };
      const cursor = String((await page(list, theirs, { limit: '1' })).next_cursor);
      expect(await codeOf(list.id, theirs, cursor)).toBe('200 undefined');
      for (const wrong of [cursor, 'x', '!!!', 'e30', '%00'])
        expect([wrong, await codeOf(list.id, mine, wrong)]).toEqual([wrong, '400 cursor_invalid']);
      for (const { id } of LISTS.filter((other) => other.id !== list.id))
        expect([id, await codeOf(id, theirs, cursor)]).toEqual([id, '400 cursor_invalid']);
    });

    it('takes a limit from 1 to 200', async () => {
      const people = await estate(list, 2);
      for (const limit of ['0', '201', '-1', '1.5', 'all']) {
        const { status, body } = await call(server, list.id, { as: people.admin, query: { limit } });
        expect([limit, status, body.code, body.errors?.[0]?.pointer]).toEqual([
          limit,
          422,
          'validation_failed',
          '/query/limit',
        ]);
      }
      expect((await page(list, people, { limit: '1' })).items).toHaveLength(1);
      expect((await page(list, people, { limit: '200' })).items.length).toBeGreaterThanOrEqual(2);
    });
  });

  it('show 50 items unless they are asked for more or fewer', async () => {
    const [, budgets] = LISTS;
    if (budgets === undefined) throw new Error('the lists have changed');
    const people = await estate(budgets, 51);
    const first = await page(budgets, people, {});
    expect(first.items).toHaveLength(50);
    expect((await page(budgets, people, { cursor: String(first.next_cursor) })).items).toHaveLength(1);
    expect((await page(budgets, people, { limit: '200' })).items).toHaveLength(51);
  });
});
