import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RouteId } from '@verdict/contracts';
import { type ApiAnswer, call, type RouteRequest } from '../support/e2e/api.js';
import { waitUntil } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { ask, grantedApproval, jsonFixture, MONEY_ONLY, must, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, peopleOf, type Who } from '../support/e2e/tokens.js';

describe('an administrator', () => {
  let server: Standalone;
  let admin: Who;

  beforeAll(async () => {
    server = await Standalone.start({
      env: { VERDICT_QUOTA_GATE_PER_SECOND: '1000', VERDICT_QUOTA_GATE_BURST: '2000' },
    });
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

  describe('who repeats a call with its key is answered as the first time, with its tag,', () => {
    const changed = (answer: ApiAnswer) => {
      const { status, in_force, ...body } = answer.body as Readonly<Record<string, unknown>>;
      return { answer: { ...answer, body }, now: { status, in_force } };
    };

    it('about a version of the policy, however far others have rolled it out since', async () => {
      fresh();
      await does('getPolicy');
      const rollout = { cohort_percent: 5, salt: 'r1' };
      const document = { mode_matrix: { terraform: { default: 'hard' } } };
      const publish = { key: 'run-1', headers: tag(1), body: { document, message: 'm', rollout } };
      const published = await does('publishPolicy', publish);
      const params = { version: '2' };
      const widen = { params, key: 'run-1', headers: tag(2), body: { cohort_percent: 25 } };
      const widened = await does('rollOutPolicy', widen);
      expect([widened.headers.get('etag'), widened.body.rollout]).toEqual([
        '"2.1"',
        { ...rollout, cohort_percent: 25 },
      ]);
      await does('rollOutPolicy', { params, headers: { 'if-match': '"2.1"' }, body: { cohort_percent: 100 } });
      for (const [id, request, answer] of [
        ['publishPolicy', publish, published],
        ['rollOutPolicy', widen, widened],
      ] as const) {
        const repeated = changed(await does(id, request));
        expect(again(repeated.answer)).toEqual(first(changed(answer).answer));
        expect(repeated.now).toEqual({ status: 'in_force', in_force: true });
      }
    });

    it('about a waiver or a credit that was granted, though others have revoked it since', async () => {
      fresh();
      const expires_at = new Date(Date.now() + 86_400_000).toISOString();
      const waiver = { waives: ['cost_unknown'], owner: 'o', reason: 'r', ticket: 't', expires_at };
      const grant = { key: 'run-1', body: waiver };
      const granted = await does('grantWaiver', grant);
      const { exception_id } = granted.body as { exception_id: string };
      await does('revokeWaiver', { params: { exception_id }, headers: tag(1) });
      expect(again(await does('grantWaiver', grant))).toEqual(first(granted));
      const fund = { key: 'run-1', body: { pool: 'reserved', scope: 'tenant', total_amount_usd: '5', reason: 'r' } };
      const funded = await does('grantCredit', fund);
      const { credit_id } = funded.body as { credit_id: string };
      await does('revokeCredit', { params: { credit_id } });
      const money = { available_usd: '0.0000' };
      const repeated = again(await does('grantCredit', fund));
      expect(repeated).toEqual({ ...first(funded), body: { ...first(funded).body, ...money } });
    });
  });

  it('names with If-Match one of several versions, or whatever stands, and with a weak tag none', async () => {
    fresh();
    const { body: budget } = await does('createBudget', { body: { scope: 'tenant', limit_usd: '100' } });
    const params = { budget_id: String(budget.budget_id) };
    const change = (ifMatch: string) =>
      call(server, 'updateBudget', {
        ...{ as: admin, params, headers: { 'if-match': ifMatch }, body: { limit_usd: '200' } },
      });
    for (const stale of ['"8", "9"', 'W/"1"', '1', '"*"']) {
      const { status, body } = await change(stale);
      expect([stale, status, body.code, body.current_etag]).toEqual([stale, 412, 'version_conflict', '"1"']);
    }
    expect((await change('"9", "1"')).body).toMatchObject({ version: 2 });
    expect((await change('*')).body).toMatchObject({ version: 3 });
    const document = { mode_matrix: { terraform: { default: 'hard' } } };
    const published = await does('publishPolicy', { headers: { 'if-match': '*' }, body: { document, message: 'm' } });
    expect(published.status).toBe(201);
  });

  it('who revokes what is revoked already is answered with what stands', async () => {
    fresh();
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const things: readonly (readonly [RouteId, object, RouteId, string])[] = [
      [
        'grantCredit',
        { pool: 'reserved', scope: 'tenant', total_amount_usd: '5', reason: 'r' },
        'revokeCredit',
        'credit_id',
      ],
      [
        'grantWaiver',
        { waives: ['cost_unknown'], owner: 'o', reason: 'r', ticket: 't', expires_at },
        'revokeWaiver',
        'exception_id',
      ],
      [
        'createIntegration',
        { kind: 'k8s', name: 'n', cluster_id: 'c', ways: ['bearer'] },
        'revokeIntegration',
        'integration_id',
      ],
    ];
    for (const [make, body, revoke, idOf] of things) {
      const made = await does(make, { key: `make-${make}`, body });
      const request = { params: { [idOf]: String(made.body[idOf]) }, headers: { 'if-match': '*' } };
      const { entry: _entry, ...first } = (await does(revoke, request)).body;
      expect([revoke, first.status]).toEqual([revoke, 'revoked']);
      const repeated = await does(revoke, request);
      expect(repeated.body).toEqual({ ...first, entry: null, replayed: false });
    }
  });

  it('may use one key for each thing that he does, such as that of a run of his pipeline', async () => {
    fresh();
    const key = 'run-1234';
    const { body: budget } = await does('createBudget', { key, body: { scope: 'tenant', limit_usd: '100' } });
    const params = { budget_id: budget.budget_id as string };
    await does('updateBudget', { key, params, headers: tag(1), body: { limit_usd: '200' } });
    const closed = await does('closeBudget', { key, params, headers: tag(2) });
    expect(closed.body).toMatchObject({ version: 3, active: false, replayed: false });
    const other = { as: admin, key, params, headers: tag(3), body: { limit_usd: '300' } };
    const { status, body } = await call(server, 'updateBudget', other);
    expect([status, body.code, body.differing_fields]).toEqual([409, 'idempotency_conflict', ['/limit_usd']]);
  });

  it('who writes rates above the platform’s quota into a policy is told so, and nothing is published', async () => {
    fresh();
    const document = { rate_limits: { gate_per_second: 1001, gate_burst: 2001 } };
    const pointers = ['/document/rate_limits/gate_per_second', '/document/rate_limits/gate_burst'];
    const { body: checked } = await does('validatePolicy', { body: { document } });
    expect([checked.valid, checked.errors.map(({ pointer }: { pointer: string }) => pointer)]).toEqual([
      false,
      pointers,
    ]);
    const headers = { 'if-match': (await does('getPolicy')).headers.get('etag') ?? '' };
    const refused = await call(server, 'publishPolicy', { as: admin, headers, body: { document, message: 'more' } });
    expect([refused.status, refused.body.code]).toEqual([422, 'policy_invalid']);
    const most = { rate_limits: { gate_per_second: 1000, gate_burst: 2000 } };
    expect((await does('publishPolicy', { headers, body: { document: most, message: 'most' } })).status).toBe(201);
  });

  describe('who publishes a price book with a key', () => {
    const book = jsonFixture('aws-web-stack', 'price-book.v1.json');

    it('is told that a repeated answer is one, by the key in the header or in the body', async () => {
      fresh();
      const made = await does('publishPriceBook', { key: 'book-1', body: book });
      expect(made.body).toMatchObject({ replayed: false, unchanged: false });
      expect(again(await does('publishPriceBook', { key: 'book-1', body: book }))).toEqual(first(made));
      const body = { ...book, idempotency_key: 'book-1' };
      expect(again(await does('publishPriceBook', { body }))).toEqual(first(made));
      const { body: shown } = await does('getPriceBook', { params: { version: book.version } });
      expect(shown.book).not.toHaveProperty('idempotency_key');
    });

    it('is refused when header and body name two keys', async () => {
      fresh();
      const body = { ...book, idempotency_key: 'book-2' };
      const refused = await call(server, 'publishPriceBook', { as: admin, key: 'book-1', body });
      expect([refused.status, refused.body.code]).toEqual([422, 'idempotency_key_mismatch']);
    });
  });

  describe('who asks something else under a key is told by JSON pointers what differs:', () => {
    const differs = async (id: RouteId, first: Omit<RouteRequest, 'as'>, again: Omit<RouteRequest, 'as'>) => {
      await does(id, { key: 'the-key', ...first });
      const { status, body } = await call(server, id, { as: admin, key: 'the-key', ...first, ...again });
      expect([status, body.code]).toEqual([409, 'idempotency_conflict']);
      return body.differing_fields as unknown;
    };
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    const CREDIT = { pool: 'reserved', scope: 'tenant', total_amount_usd: '5', reason: 'season' };
    const WAIVER = {
      scope: { project: 'web' },
      waives: ['r'],
      owner: 'o',
      reason: 'r',
      ticket: 'T-1',
      expires_at: soon,
    };
    const BOOK = jsonFixture('aws-web-stack', 'price-book.v1.json');
    const CLUSTER = { kind: 'k8s', name: 'one', cluster_id: 'c-1', ways: ['bearer'] };
    const NEW_POLICY = { document: { rate_limits: { gate_burst: 9 } }, message: 'first' };

    it.each<[string, RouteId, object, object, readonly string[]]>([
      [
        'a budget',
        'createBudget',
        { limit_usd: '1', scope: 'tenant' },
        { limit_usd: '2', scope: 'tenant' },
        ['/limit_usd'],
      ],
      [
        'a credit',
        'grantCredit',
        CREDIT,
        { ...CREDIT, total_amount_usd: '6', owner: 'o' },
        ['/owner', '/total_amount_usd'],
      ],
      [
        'a waiver',
        'grantWaiver',
        WAIVER,
        { ...WAIVER, max_uses: 2, scope: { project: 'api' } },
        ['/max_uses', '/scope/project'],
      ],
      ['a price book', 'publishPriceBook', BOOK, { ...BOOK, version: 'other', entries: [] }, ['/entries', '/version']],
      [
        'an integration',
        'createIntegration',
        CLUSTER,
        { ...CLUSTER, name: 'two', cluster_id: 'c-2' },
        ['/cluster_id', '/name'],
      ],
    ])('%s', async (_name, id, body, other, fields) => {
      fresh();
      expect(await differs(id, { body }, { body: other })).toEqual(fields);
    });

    it('a policy, place by place', async () => {
      fresh();
      const { headers: seen } = await does('getPolicy');
      const headers = { 'if-match': seen.get('etag') ?? '' };
      const document = { rate_limits: { gate_burst: 8 }, mode_matrix: { terraform: { default: 'hard' } } };
      expect(
        await differs('publishPolicy', { headers, body: NEW_POLICY }, { body: { document, message: 'other' } }),
      ).toEqual(['/document/mode_matrix/terraform/default', '/document/rate_limits/gate_burst', '/message']);
    });

    it('a change of a budget, also by what was left out or is not recorded', async () => {
      fresh();
      const { body: budget } = await does('createBudget', {
        body: { scope: 'tenant', limit_usd: '100', owner: 'ana' },
      });
      const params = { budget_id: budget.budget_id as string };
      const first = { params, headers: { 'if-match': '"1"' }, body: { limit_usd: '200', active: true } };
      const body = { limit_usd: '200', owner: 'ana', when_committed: 'ratchet' };
      expect(await differs('updateBudget', first, { body })).toEqual(['/active', '/owner', '/when_committed']);
    });

    it('a version of a price book, which stands for one text whatever the key', async () => {
      fresh();
      await does('publishPriceBook', { body: BOOK });
      const { status, body } = await call(server, 'publishPriceBook', { as: admin, body: { ...BOOK, free: ['x_*'] } });
      expect([status, body.differing_fields]).toEqual([409, ['/free']]);
    });
  });

  it('sees in one list the waivers that were granted and the overages that approvals made', async () => {
    const people = peopleOf(freshTenant('exceptions'));
    ({ admin } = people);
    const soft = { ...MONEY_ONLY, mode_matrix: { terraform: { default: 'soft' } } };
    await publishPolicy(server, people, soft);
    await does('createBudget', { body: { scope: 'tenant', limit_usd: '100' } });
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const terms = { scope: {}, waives: ['cost_unknown'], owner: 'ana', reason: 'launch', ticket: 'T-1', expires_at };
    const { body: waiver } = await does('grantWaiver', { body: terms });
    const { verdict, approvalId } = await grantedApproval(server, people);
    const items = async () => (await does('listWaivers')).body.items;
    await waitUntil('the overage is listed', async () => (await items()).length === 2);
    const [{ exception_id, kind, ...overage }, last] = await items();
    expect(last).toMatchObject({ kind: 'waiver', exception_id: waiver.exception_id });
    expect([exception_id, kind]).toEqual([`overage:${String(verdict.decision_id)}`, 'overage']);
    expect(overage).toEqual({
      ...{ decision_id: verdict.decision_id, approval_id: approvalId, granted_at: expect.any(String) },
      ...{ limit_usd: '25.5000', held_usd: '25.5000', spent_usd: '0.0000' },
    });
  });

  it('sees overruns there too, open or resolved, and a walk shows each as it was when the walk began', async () => {
    const people = peopleOf(freshTenant('overruns'));
    ({ admin } = people);
    await publishPolicy(server, people, MONEY_ONLY);
    await does('createBudget', { body: { scope: 'tenant', limit_usd: '100' } });
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const terms = { scope: {}, waives: ['cost_unknown'], owner: 'ana', reason: 'launch', ticket: 'T-1', expires_at };
    await does('grantWaiver', { body: terms });
    const { body: verdict } = await must(server, 'gateTerraform', { as: people.dev, body: ask('100') });
    const decision_id = String(verdict.decision_id);
    const body = { actual_monthly_delta_usd: '103.5' };
    await does('reconcile', { params: { decision_id }, body });
    const exception_id = `overrun:${decision_id}`;

    const list = async (query: Readonly<Record<string, string>>) => (await does('listWaivers', { query })).body;
    const first = await list({ limit: '1' });
    const { opened_at, due_at, ...overrun } = first.items[0];
    expect(overrun).toEqual({
      ...{ exception_id, kind: 'overrun', decision_id, status: 'open', resolution: null, owner: 'finops' },
      ...{ expected_usd: '100.0000', actual_usd: '103.5000', amount_usd: '3.5000' },
    });
    expect(Date.parse(due_at)).toBeGreaterThan(Date.parse(opened_at));
    const one = () => does('getWaiver', { params: { exception_id } });
    expect((await one()).body).toEqual(first.items[0]);

    await does('resolveException', { params: { exception_id }, body: { resolution: 'accepted' } });
    const resolved = { ...overrun, status: 'resolved', resolution: 'accepted' };
    expect((await one()).body).toMatchObject(resolved);
    await does('grantWaiver', { body: terms });
    const rest = await list({ limit: '1', cursor: first.next_cursor });
    expect([rest.as_of, rest.next_cursor]).toEqual([first.as_of, null]);
    expect(rest.items).toMatchObject([{ kind: 'waiver' }]);
    const whole = await list({});
    expect(whole.items).toMatchObject([{ kind: 'waiver' }, resolved, { kind: 'waiver' }]);
    expect(whole.as_of.reservations).toBeGreaterThan(first.as_of.reservations);
    const other = await call(server, 'getWaiver', {
      as: peopleOf(freshTenant('other')).admin,
      params: { exception_id },
    });
    expect([other.status, other.body.code]).toEqual([404, 'not_found']);
  });
});
