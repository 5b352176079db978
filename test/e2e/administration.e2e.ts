import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RouteId } from '@verdict/contracts';
import type { ApiAnswer, RouteRequest } from '../support/e2e/api.js';
import { Standalone } from '../support/e2e/standalone.js';
import { must } from '../support/e2e/story.js';
import { freshTenant, peopleOf, type Who } from '../support/e2e/tokens.js';

describe('an administrator', () => {
  let server: Standalone;
  let admin: Who;

  beforeAll(async () => {
    server = await Standalone.start();
  }, 120_000);
  afterAll(() => server.dispose());

  const fresh = (): void => {
    ({ admin } = peopleOf(freshTenant('admins')));
  };
  const does = (id: RouteId, request: Omit<RouteRequest, 'as'> = {}): Promise<ApiAnswer> =>
    must(server, id, { as: admin, ...request });
  const tag = (version: number): Readonly<Record<string, string>> => ({ 'if-match': `"${String(version)}"` });
  const first = ({ status, headers, body }: ApiAnswer) => ({
    status,
    etag: headers.get('etag'),
    entry: headers.get('verdict-entry'),
    body: { ...(body as object), replayed: true },
  });
  const again = ({ status, headers, body }: ApiAnswer) => ({
    status,
    etag: headers.get('etag'),
    entry: headers.get('verdict-entry'),
    body: body as object,
  });

  describe('who repeats a call about a budget with its key', () => {
    const budget = () => does('createBudget', { body: { scope: 'tenant', limit_usd: '100', owner: 'ana' } });
    const change = (params: { budget_id: string }, version: number, body: object): Promise<ApiAnswer> =>
      does('updateBudget', { params, headers: tag(version), body });

    it('is answered as the first time when he created it, though others have changed it since', async () => {
      fresh();
      const create = { key: 'budget-1', body: { scope: 'tenant', limit_usd: '100', owner: 'ana' } };
      const made = await does('createBudget', create);
      await change({ budget_id: made.body.budget_id }, 1, { limit_usd: '300', owner: 'ben' });
      expect(again(await does('createBudget', create))).toEqual(first(made));
      expect((await does('listBudgets')).body.items).toMatchObject([{ version: 2, limit_usd: '300.0000' }]);
    });

    it('is answered as the first time when he changed it, though others have changed what he left out', async () => {
      fresh();
      const params = { budget_id: (await budget()).body.budget_id as string };
      const update = { params, key: 'update-1', headers: tag(1), body: { limit_usd: '200' } };
      const changed = await does('updateBudget', update);
      expect(changed.body).toMatchObject({ version: 2, owner: 'ana', replayed: false });
      await change(params, 2, { limit_usd: '300', owner: 'ben', months_charged: 3 });
      expect(again(await does('updateBudget', update))).toEqual(first(changed));
      expect((await does('getBudget', { params })).body).toMatchObject({ version: 3, owner: 'ben' });
    });

    it('is answered as the first time when he closed it, though others have opened it again since', async () => {
      fresh();
      const params = { budget_id: (await budget()).body.budget_id as string };
      const close = { params, key: 'close-1', headers: tag(1), body: {} };
      const closed = await does('closeBudget', close);
      await change(params, 2, { limit_usd: '300', active: true });
      expect(again(await does('closeBudget', close))).toEqual(first(closed));
      expect((await does('getBudget', { params })).body).toMatchObject({ version: 3, active: true });
    });
  });
});
