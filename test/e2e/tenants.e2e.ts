import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteContract, type RouteId, ROUTES } from '@verdict/contracts';
import { type ApiAnswer, contractDefects, pathOf, type RouteRequest, sendRaw } from '../support/e2e/api.js';
import { contractRolesOf } from '../support/e2e/contract-roles.js';
import type { LedgerReader } from '../support/e2e/ledger.js';
import { buildEstate, type Estate, SAMPLES } from '../support/e2e/samples.js';
import { Standalone } from '../support/e2e/standalone.js';
import { after, ask, consumeBody, must, pendingApproval } from '../support/e2e/story.js';
import { freshTenant, peopleOf, type Role, type Who } from '../support/e2e/tokens.js';

const ROLES: readonly Role[] = ['member', 'approver', 'admin', 'auditor', 'operator', 'service'];
const IDS = Object.keys(ROUTES) as readonly RouteId[];
const contractOf = (id: RouteId): RouteContract => ROUTES[id];

describe('tenants', () => {
  let server: Standalone;
  let ledger: LedgerReader;
  let mine: Estate;
  let theirs: Estate;

  beforeAll(async () => {
    server = await Standalone.start();
    ledger = await server.openLedger();
    mine = await buildEstate(server, freshTenant('mine'), 'olive');
    theirs = await buildEstate(server, freshTenant('theirs'), 'quince');
  }, 120_000);
  afterAll(() => server.dispose());

  /** Somebody of the tenant who may call the route. */
  const callerOf = (id: RouteId, tenant: string): Who => ({
    subject: 'someone-1',
    roles: contractRolesOf(id).slice(0, 1),
    tenant,
    claims: { scope: 'gate consume reconcile import' },
  });
  /** Calls a route as `who` about something of `estate`, or about nothing that exists. */
  const about = async (id: RouteId, who: Who | undefined, estate: Estate | undefined): Promise<ApiAnswer> => {
    const { params, body, headers, query } = SAMPLES[id];
    const content = body?.(estate);
    return sendRaw(server.url, {
      method: contractOf(id).method,
      path: pathOf(contractOf(id), params?.(estate), query),
      headers: {
        ...(who === undefined ? {} : { authorization: `Bearer ${await server.tokenFor(who)}` }),
        ...(content === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: content === undefined ? undefined : JSON.stringify(content),
    });
  };
  /** All that tells one refusal from another, besides the names of the call itself. */
  const shape = ({ status, headers, body }: ApiAnswer) => {
    const { request_id: _, instance: __, ...rest } = body as Record<string, unknown>;
    const names = [...headers.keys()].filter((name) => !['date', 'x-request-id', 'content-length'].includes(name));
    return { status, rest, headers: names.map((name) => [name, headers.get(name)]) };
  };
  const everythingOf = async (tenant: string) => {
    const as = { subject: 'observer-1', roles: ['admin', 'auditor', 'approver'], tenant } as const satisfies Who;
    const reads = IDS.filter(
      (id) => SAMPLES[id].about === 'list' && id !== 'listCheckpoints' && id !== 'latestCheckpoint',
    );
    const shown = await Promise.all(
      reads.map(
        async (id) => [id, (await must(server, id, { as })).text.replaceAll(/"age_seconds":\d+/g, '')] as const,
      ),
    );
    return { heads: await ledger.heads(tenant), shown: Object.fromEntries(shown) };
  };

  it('covers every route of the API', () => {
    expect(Object.keys(SAMPLES).sort()).toEqual([...IDS].sort());
    const withParameters = IDS.filter((id) => contractOf(id).params !== undefined);
    expect(withParameters.filter((id) => SAMPLES[id].params === undefined)).toEqual([]);
    const notAboutThings = withParameters.filter((id) => SAMPLES[id].about !== 'thing');
    expect(notAboutThings).toEqual([
      'reviewAdmissionBySegment',
      'getPolicyVersion',
      'diffPolicies',
      'rollOutPolicy',
      'cancelPolicy',
      'latestCheckpoint',
    ]); // Their parameter names nothing that one tenant alone has.
  });

  it.each(IDS)('%s is served', async (id) => {
    const answer = await about(id, callerOf(id, mine.tenant), mine);
    expect(
      answer.body?.code === 'not_found' && answer.body?.detail === undefined && answer.status === 404
        ? answer.text
        : 'served',
    ).toBe('served');
    expect(contractDefects(contractOf(id), answer)).toEqual([]);
  });

  describe.each(IDS.filter((id) => SAMPLES[id].about === 'thing'))('%s', (id) => {
    it('answers about what another tenant has exactly as about what nobody has, and changes nothing there', async () => {
      const before = await everythingOf(theirs.tenant);
      const foreign = await about(id, callerOf(id, mine.tenant), theirs);
      const unknown = await about(id, callerOf(id, mine.tenant), undefined);
      expect(foreign.status).toBeGreaterThanOrEqual(400);
      expect(shape(foreign)).toEqual(shape(unknown));
      expect(contractDefects(contractOf(id), foreign)).toEqual([]);
      for (const mark of theirs.marks.filter((each) => !(foreign.body?.instance as string).includes(each)))
        expect(foreign.text).not.toContain(mark);
      expect(await everythingOf(theirs.tenant)).toEqual(before);
    });
  });

  it.each(IDS.filter((id) => SAMPLES[id].about === 'list'))('%s shows a tenant nothing of another', async (id) => {
    const own = await about(id, callerOf(id, theirs.tenant), theirs);
    const other = await about(id, callerOf(id, mine.tenant), theirs);
    expect(other.status).toBe(own.status);
    for (const mark of theirs.marks) expect(other.text).not.toContain(mark);
    const nobody = await about(id, callerOf(id, freshTenant('nobody')), theirs);
    for (const mark of [...theirs.marks, ...mine.marks]) expect(nobody.text).not.toContain(mark);
  });

  it('does not let a tenant walk on in another tenant’s list', async () => {
    const paged: readonly RouteId[] = ['listDecisions', 'listApprovals', 'listExports', 'queryLedger'];
    const answers = await Promise.all(
      paged.map(async (id) => {
        const first = await must(server, id, { as: callerOf(id, theirs.tenant), query: { limit: '1' } });
        const cursor = String(first.body.next_cursor);
        const answer = await server.call(id, { as: callerOf(id, mine.tenant), query: { limit: '1', cursor } });
        return [id, first.body.next_cursor === null ? 'no cursor' : `${answer.status} ${String(answer.body.code)}`];
      }),
    );
    const single = new Set(['listExports']); // One export: there is no second page to ask for.
    expect(answers.filter(([id]) => !single.has(String(id)))).toEqual(
      paged.filter((id) => !single.has(id)).map((id) => [id, '400 cursor_invalid']),
    );
  });

  it('refuses another tenant’s approval token by its own code, and notes it in the ledger of who tried', async () => {
    const before = await ledger.heads(theirs.tenant);
    const answer = await server.call('consume', {
      as: { ...peopleOf(mine.tenant).dev },
      body: consumeBody(theirs.granted),
    });
    expect([answer.status, answer.body.code]).toEqual([403, 'token_tenant_mismatch']);
    expect(await ledger.heads(theirs.tenant)).toEqual(before);
    const last = (await ledger.entries(mine.tenant, 'approvals')).at(-1);
    expect(last).toMatchObject({
      type: 'token_refused',
      payload: { code: 'token_tenant_mismatch', approval_id: null, decision_id: null, jti: null },
    });
    for (const mark of theirs.marks) expect(last?.text).not.toContain(mark);
  });

  it('keeps the keys of tenants apart', async () => {
    const [one, two] = [freshTenant(), freshTenant()];
    const body = SAMPLES.gateTerraform.body?.(undefined);
    for (const tenant of [one, two]) await must(server, 'getPolicy', { as: peopleOf(tenant).dev });
    const first = await must(server, 'gateTerraform', { as: peopleOf(one).dev, body, key: 'the-same-key' });
    const second = await must(server, 'gateTerraform', { as: peopleOf(two).dev, body, key: 'the-same-key' });
    expect(second.body).toMatchObject({ replayed: false });
    expect(second.body.decision_id).not.toBe(first.body.decision_id);
    expect(second.body.payload_hash).not.toBe(first.body.payload_hash);
  });

  it.each(IDS.filter((id) => contractRolesOf(id).length > 0))(
    '%s is for the roles that the contract names alone, and for nobody without a token',
    async (id) => {
      const tenant = freshTenant('roles');
      const before = await ledger.heads(tenant);
      const refused = await Promise.all(
        ROLES.filter((role) => !contractRolesOf(id).includes(role)).map(async (role) => {
          const answer = await about(
            id,
            { subject: 'x-1', roles: [role], tenant, claims: { scope: 'gate consume reconcile import' } },
            mine,
          );
          expect(contractDefects(contractOf(id), answer)).toEqual([]);
          return [role, answer.status, answer.body.code];
        }),
      );
      expect(refused).toEqual(
        ROLES.filter((role) => !contractRolesOf(id).includes(role)).map((role) => [role, 403, 'forbidden']),
      );
      const roleless = await about(id, { subject: 'x-1', roles: [], tenant }, mine);
      expect([roleless.status, roleless.body.code]).toEqual([403, 'forbidden']);
      const nobody = await about(id, undefined, mine);
      expect([nobody.status, nobody.body.code, nobody.headers.get('www-authenticate')]).toEqual([
        401,
        'unauthenticated',
        'Bearer realm="verdict"',
      ]);
      expect(await ledger.heads(tenant)).toEqual(before);
      for (const role of contractRolesOf(id)) {
        const admitted = await about(
          id,
          { subject: 'x-1', roles: [role], tenant, claims: { scope: 'gate consume reconcile import' } },
          mine,
        );
        expect([role, [401, 403].includes(admitted.status) && admitted.body.code !== 'token_tenant_mismatch']).toEqual([
          role,
          false,
        ]);
      }
    },
  );

  it.each(IDS.filter((id) => contractOf(id).scopes !== undefined))('%s needs its scope from a service', async (id) => {
    const tenant = freshTenant('scopes');
    const answer = await about(id, { subject: 'ci-1', roles: ['service'], tenant, claims: { scope: 'nothing' } }, mine);
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  });

  const open = IDS.filter((id) => contractRolesOf(id).length === 0);
  const isSigned = (id: RouteId): boolean => contractOf(id).problems.includes('signature_invalid');

  it.each(open.filter((id) => !isSigned(id) && contractOf(id).webhook !== true))('%s is for everybody', async (id) => {
    expect((await about(id, undefined, undefined)).status).toBe(200);
  });

  it.each(IDS.filter((id) => contractOf(id).webhook === true))(
    '%s is for webhooks with a proof, and for no token',
    async (id) => {
      for (const who of [undefined, peopleOf(freshTenant()).admin]) {
        const answer = await about(id, who, undefined);
        expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
        expect(contractDefects(contractOf(id), answer)).toEqual([]);
      }
    },
  );

  it.each(open.filter(isSigned))('%s is for whoever signs, and for nobody else', async (id) => {
    const answer = await about(id, undefined, mine);
    expect([answer.status, answer.body.code]).toEqual([401, 'signature_invalid']);
  });

  it('lets an identity with projects act for these alone', async () => {
    const tenant = freshTenant();
    const as = { subject: 'ci-1', roles: ['service'], tenant, claims: { projects: ['api'] } } as const satisfies Who;
    const body = SAMPLES.gateTerraform.body?.(undefined);
    const answer = await server.call('gateTerraform', { as, body });
    expect([answer.status, answer.body.code]).toEqual([403, 'project_forbidden']);
    expect((await ledger.heads(tenant)).decisions).toBe(-1);
  });

  describe('an identity with projects', () => {
    const day = (back: number): string => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
    const costOf = (project: string, more: object = {}) => ({
      ChargePeriodStart: day(2),
      ChargePeriodEnd: day(1),
      EffectiveCost: '7.25',
      BillingCurrency: 'USD',
      ServiceName: 'EC2',
      x_project_id: project,
      x_environment: 'prod',
      x_status: 'final',
      ...more,
    });
    /** One change that waits, of each project, and one that holds; and whoever may act for `api` alone. */
    const twoProjects = async () => {
      const tenant = freshTenant();
      const people = peopleOf(tenant);
      const web = await pendingApproval(server, people, { project_id: 'web' });
      const api = await pendingApproval(server, people, { project_id: 'api' });
      const held = await must(server, 'gateTerraform', { as: people.dev, body: ask('5', { environment: 'dev' }) });
      const min = after(held);
      for (const { approvalId } of [web, api])
        await must(server, 'getApproval', { as: people.lead, params: { approval_id: approvalId } }); // Open from now on.
      const scoped = {
        subject: 'api-1',
        roles: ROLES,
        tenant,
        claims: { projects: ['api'], scope: 'reconcile import' },
      };
      return { web, api, held: String(held.body.decision_id), min, scoped, people };
    };
    type World = Awaited<ReturnType<typeof twoProjects>>;

    it.each<[RouteId, (world: World) => Omit<RouteRequest, 'as'>]>([
      ['listDecisions', () => ({ query: { project_id: 'web' } })],
      ['getDecision', ({ held }) => ({ params: { decision_id: held } })],
      ['explainDecision', ({ held }) => ({ params: { decision_id: held } })],
      ['getReceipt', ({ held }) => ({ params: { decision_id: held } })],
      ['listActiveReservations', () => ({ query: { project_id: 'web' } })],
      ['getReservation', ({ held }) => ({ params: { decision_id: held } })],
      ['reconcile', ({ held }) => ({ params: { decision_id: held }, body: { actual_monthly_delta_usd: '5' } })],
      ['importCosts', () => ({ key: 'costs-1', body: { rows: [costOf('api'), costOf('web')] } })],
      [
        'importCosts',
        ({ held }) => ({
          key: 'costs-2',
          body: { rows: [costOf('api', { x_decision_id: held, x_actual_monthly_delta_usd: '5' })] },
        }),
      ],
      ['listApprovals', () => ({ query: { project_id: 'web' } })],
      ['getApproval', ({ web }) => ({ params: { approval_id: web.approvalId } })],
      ['fileApprovalRequest', ({ web }) => ({ body: { decision_id: web.verdict.decision_id, ticket: 'T-1' } })],
      ['approve', ({ web }) => ({ params: { approval_id: web.approvalId }, body: { notes: 'agreed by a stranger' } })],
      ['deny', ({ web }) => ({ params: { approval_id: web.approvalId }, body: {} })],
      ['withdrawApproval', ({ web }) => ({ params: { approval_id: web.approvalId }, body: {} })],
      ['reissueToken', ({ web }) => ({ params: { approval_id: web.approvalId }, body: {} })],
    ])('is refused what is of another one: %s', async (id, requestOf) => {
      const world = await twoProjects();
      const heads = await ledger.heads(world.scoped.tenant);
      const answer = await server.call(id, { as: world.scoped, headers: world.min, ...requestOf(world) });
      expect([answer.status, answer.body.code]).toEqual([403, 'project_forbidden']);
      expect(await ledger.heads(world.scoped.tenant)).toEqual(heads);
    });

    it('finds in lists what is of its own', async () => {
      const { api, min, scoped, people } = await twoProjects();
      const projects = async (id: RouteId, as: Who) =>
        (await must(server, id, { as, headers: min })).body.items.map(
          (item: { project_id: string }) => item.project_id,
        );
      for (const id of ['listDecisions', 'listActiveReservations', 'approvalQueue'] as const)
        expect([id, await projects(id, scoped)]).toEqual([id, ['api']]);
      const nobodys = { ...scoped, claims: { ...scoped.claims, projects: [] } };
      expect(await projects('listDecisions', nobodys)).toEqual([]);
      expect((await projects('listDecisions', people.dev)).sort()).toEqual(['api', 'web', 'web']);
      const vote = { as: scoped, params: { approval_id: api.approvalId }, body: { notes: 'fine with me, go ahead' } };
      const granted = await must(server, 'approve', vote);
      const approvals = await must(server, 'listApprovals', { as: scoped, headers: after(granted) });
      expect(approvals.body.items.map((item: { approval_id: string }) => item.approval_id)).toEqual([api.approvalId]);
    });

    it('administers what names one of its projects, and nothing that names another', async () => {
      const tenant = freshTenant();
      const { admin } = peopleOf(tenant);
      const scoped = { ...admin, subject: 'admin-of-api', claims: { projects: ['api'] } };
      const expires_at = new Date(Date.now() + 86_400_000).toISOString();
      const writes = (project: string): readonly (readonly [RouteId, object, RouteId, string])[] => [
        ['createBudget', { scope: `project:${project}/env:prod`, limit_usd: '5' }, 'closeBudget', 'budget_id'],
        [
          'grantCredit',
          { pool: 'reserved', scope: `project:${project}`, total_amount_usd: '5', reason: 'r' },
          'revokeCredit',
          'credit_id',
        ],
        [
          'grantWaiver',
          { scope: { project }, waives: ['cost_unknown'], owner: 'o', reason: 'r', ticket: 't', expires_at },
          'revokeWaiver',
          'exception_id',
        ],
        [
          'createIntegration',
          {
            ...{ kind: 'k8s', name: project, cluster_id: project, ways: ['bearer'] },
            project_rules: [{ namespace: '*', project_id: project, environment: 'prod' }],
          },
          'revokeIntegration',
          'integration_id',
        ],
      ];
      const headers = { 'if-match': '"1"' };
      const refused = async (id: RouteId, request: Omit<RouteRequest, 'as'>) => {
        const heads = await ledger.heads(tenant);
        const { status, body } = await server.call(id, { as: scoped, ...request });
        expect([id, status, body.code]).toEqual([id, 403, 'project_forbidden']);
        expect(await ledger.heads(tenant)).toEqual(heads);
      };
      for (const [make, body, end, idOf] of writes('web')) {
        const made = await must(server, make, { as: admin, key: `web-${make}`, body });
        await refused(make, { key: `scoped-${make}`, body });
        await refused(end, { params: { [idOf]: String(made.body[idOf]) }, headers });
      }
      for (const [make, body, end, idOf] of writes('api')) {
        const made = await must(server, make, { as: scoped, key: `api-${make}`, body });
        await must(server, end, { as: scoped, params: { [idOf]: String(made.body[idOf]) }, headers });
      }
    });

    it('sees what is kept for its projects and for the whole tenant, and nothing that is kept for another', async () => {
      const tenant = freshTenant();
      const { admin } = peopleOf(tenant);
      const as = { subject: 'api-1', roles: ROLES, tenant, claims: { projects: ['api'] } };
      const expires_at = new Date(Date.now() + 86_400_000).toISOString();
      const made = new Map<string, string>();
      for (const project of ['web', 'api', null]) {
        const scope = project === null ? 'tenant' : `project:${project}`;
        const budget = await must(server, 'createBudget', { as: admin, body: { scope, limit_usd: '5' } });
        made.set(`budget of ${scope}`, String(budget.body.budget_id));
        await must(server, 'grantCredit', {
          ...{ as: admin, key: `credit-${scope}` },
          body: { pool: 'reserved', scope, total_amount_usd: '5', reason: 'r' },
        });
        const waiver = await must(server, 'grantWaiver', {
          as: admin,
          body: {
            ...{ waives: ['cost_unknown'], owner: 'o', reason: 'r', ticket: 't', expires_at },
            scope: project === null ? {} : { project },
          },
        });
        made.set(`waiver of ${scope}`, String(waiver.body.exception_id));
      }
      const idOf = (name: string): string => made.get(name) ?? '';
      const scopes = async (id: RouteId, who: Who) =>
        (await must(server, id, { as: who })).body.items.map(({ scope }: { scope: string | { project: string } }) =>
          typeof scope === 'string' ? scope : scope.project,
        );
      for (const id of ['listBudgets', 'listCredits'] as const) {
        expect([id, await scopes(id, as)]).toEqual([id, ['tenant', 'project:api']]);
        expect([id, await scopes(id, admin)]).toEqual([id, ['tenant', 'project:api', 'project:web']]);
      }
      expect(await scopes('listWaivers', as)).toEqual([null, 'api']);
      const [first, rest] = [{ limit: '1' }, { limit: '50' }];
      const page = await must(server, 'listBudgets', { as, query: first });
      const cursor = String(page.body.next_cursor);
      expect((await must(server, 'listBudgets', { as, query: { ...rest, cursor } })).body.items).toHaveLength(1);
      const foreign = await server.call('listBudgets', { as: admin, query: { ...rest, cursor } });
      expect([foreign.status, foreign.body.code]).toEqual([400, 'cursor_invalid']);
      const about = async (id: RouteId, params: Readonly<Record<string, string>>) => {
        const { status, body } = await server.call(id, { as, params });
        return [status, body.code];
      };
      expect(await about('getBudget', { budget_id: idOf('budget of project:web') })).toEqual([
        403,
        'project_forbidden',
      ]);
      expect(await about('getBudget', { budget_id: idOf('budget of project:api') })).toEqual([200, undefined]);
      expect(await about('getBudget', { budget_id: idOf('budget of tenant') })).toEqual([200, undefined]);
      expect(await about('getWaiver', { exception_id: idOf('waiver of project:web') })).toEqual([
        403,
        'project_forbidden',
      ]);
      expect(await about('getWaiver', { exception_id: idOf('waiver of project:api') })).toEqual([200, undefined]);
    });

    it('goes on with a list under a new token, in whatever order that names the same projects', async () => {
      const { min, scoped } = await twoProjects();
      const naming = (...projects: readonly string[]) => ({ ...scoped, claims: { ...scoped.claims, projects } });
      const walk = (as: Who, query: Readonly<Record<string, string>>) =>
        server.call('listDecisions', { as, headers: min, query: { limit: '1', ...query } });
      const { body } = await walk(naming('web', 'api'), {});
      const cursor = String(body.next_cursor);
      expect((await walk(naming('api', 'web', 'api'), { cursor })).status).toBe(200);
      const { status, body: refused } = await walk(naming('api'), { cursor });
      expect([status, refused.code]).toEqual([400, 'cursor_invalid']);
    });
  });
});
