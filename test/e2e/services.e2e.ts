import { openFileKeyStore } from '@verdict/adapter-file';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@verdict/adapter-postgres';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteId, ROUTES } from '@verdict/contracts';
import { type App, APPS, appOfRoute } from '../support/e2e/app-of-route.js';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Api, type ApiAnswer, call, type RouteRequest, sendRaw } from '../support/e2e/api.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { isAlive, pause, ProductProcess, waitUntil } from '../support/e2e/processes.js';
import { makeDataDir } from '../support/e2e/standalone.js';
import { after, ask, createBudget, JUSTIFICATION, must } from '../support/e2e/story.js';
import { freshTenant, peopleOf, TokenMint, type Who } from '../support/e2e/tokens.js';

describe('the services as processes of their own', () => {
  const processes = new Map<App, ProductProcess>();
  const urls = new Map<App, string>();
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let mint: TokenMint;
  let ledger: LedgerReader;
  let env: Readonly<Record<string, string>>;

  const apiOf = (app: App): Api => ({ url: urls.get(app) ?? '', tokenFor: (who: Who) => mint.for(who) });
  /** Sends a call to the process that serves its route. */
  const service = (id: RouteId): Api => apiOf(appOfRoute(id));
  const send = (id: RouteId, request: RouteRequest): Promise<ApiAnswer> => call(service(id), id, request);
  const need = (id: RouteId, request: RouteRequest): Promise<ApiAnswer> => must(service(id), id, request);
  const processOf = (app: App): ProductProcess => {
    const found = processes.get(app);
    if (found === undefined) throw new Error(`${app} does not run`);
    return found;
  };
  const start = async (app: App): Promise<void> => {
    const child = new ProductProcess(app, env);
    processes.set(app, child);
    urls.set(app, await child.ready());
  };

  beforeAll(async () => {
    dataDir = await makeDataDir();
    postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log: () => undefined });
    const keysDir = join(dataDir, 'keys');
    mint = new TokenMint(keysDir);
    const [key] = await (await openFileKeyStore(keysDir)).publicKeys('issuer');
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      alg: 'EdDSA',
      use: 'sig',
      kid: key?.kid,
      x: Buffer.from(key?.publicKey ?? []).toString('base64url'),
    };
    env = {
      POSTGRES_URL: postgres.serviceUrl,
      POSTGRES_ADMIN_URL: postgres.url,
      VERDICT_KEYS_DIR: keysDir,
      VERDICT_EXPORTS_DIR: join(dataDir, 'exports'),
      HTTP_PORT: '0',
      AUTH_ISSUERS: JSON.stringify([{ issuer: 'verdict-standalone', jwks: { keys: [jwk] } }]),
    };
    await Promise.all(APPS.map(start)); // All at once: whoever comes second finds the database migrated.
    ledger = await LedgerReader.at(postgres.serviceUrl, postgres.url);
  }, 120_000);
  afterAll(async () => {
    for (const child of processes.values()) child.signal('SIGCONT');
    await Promise.all([...processes.values()].map((child) => child.stop()));
    await ledger.close();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 120_000);

  it.each(APPS)('%s says how it is, to everybody', async (app) => {
    const { url } = apiOf(app);
    const [live, ready, startup] = await Promise.all(
      ['live', 'ready', 'startup'].map((probe) => sendRaw(url, { method: 'GET', path: `/health/${probe}` })),
    );
    expect([live?.status, live?.body]).toEqual([200, { status: 'up' }]);
    expect([startup?.status, startup?.body]).toEqual([200, { status: 'up' }]);
    expect(ready?.status).toBe(200);
    expect(ready?.body).toMatchObject({ status: 'up' });
    expect(ready?.text).toMatch(/"(log|audit_store)":"up"/);
  });

  it.each(APPS)('%s publishes the metrics of the gate under both names, with help and type', async (app) => {
    const { status, headers, text } = await sendRaw(apiOf(app).url, { method: 'GET', path: '/metrics' });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const [name, type] of [
      ['valdrics_ops_enforcement_gate_decisions_total', 'counter'],
      ['valdrics_ops_enforcement_gate_decision_reasons_total', 'counter'],
      ['valdrics_ops_enforcement_gate_latency_seconds', 'histogram'],
      ['valdrics_ops_enforcement_gate_failures_total', 'counter'],
      ['valdrics_ops_enforcement_gate_lock_events_total', 'counter'],
      ['valdrix_ops_enforcement_gate_lock_events_total', 'counter'],
    ])
      expect(text).toContain(`# TYPE ${String(name)} ${String(type)}`);
  });

  it('counts decisions, reasons, latency and turns of the gate, with closed labels', async () => {
    const tenant = freshTenant();
    await need('getPolicy', { as: peopleOf(tenant).dev });
    await need('gateTerraform', { as: peopleOf(tenant).dev, body: ask('12.5') });
    const { text } = await sendRaw(apiOf('gate').url, { method: 'GET', path: '/metrics' });
    expect(text).toMatch(
      /^valdrics_ops_enforcement_gate_decisions_total\{source="terraform",decision="[A-Z_]+",path="normal"\} [1-9]/m,
    );
    expect(text).toMatch(
      /^valdrics_ops_enforcement_gate_decision_reasons_total\{source="terraform",reason="[a-z_]+"\} [1-9]/m,
    );
    expect(text).toMatch(
      /^valdrics_ops_enforcement_gate_latency_seconds_count\{source="terraform",path="normal"\} [1-9]/m,
    );
    expect(text).toMatch(
      /^valdrics_ops_enforcement_gate_lock_events_total\{source="terraform",event="(acquired|contended)"\} [1-9]/m,
    );
    expect(text).toMatch(
      /^valdrix_ops_enforcement_gate_lock_events_total\{source="terraform",event="(acquired|contended)"\} [1-9]/m,
    );
    expect(text).not.toContain(tenant);
  });

  it('serves its own routes alone', async () => {
    const as = {
      subject: 'x-1',
      roles: ['member', 'approver', 'admin', 'auditor'],
      tenant: freshTenant(),
    } as const satisfies Who;
    const authorization = `Bearer ${await mint.for(as)}`;
    const statuses = await Promise.all(
      APPS.map(
        async (app) =>
          (await sendRaw(apiOf(app).url, { method: 'GET', path: ROUTES.listBudgets.path, headers: { authorization } }))
            .status,
      ),
    );
    expect(statuses).toEqual([200, 404, 404, 404]);
  });

  it('tells the story across processes: asked at the gate, agreed at approvals, settled at reconciliation, exported', async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    const budget = await createBudget(apiOf('gate'), people, '1000');
    const asked = await need('gatePreflight', {
      as: people.dev,
      body: { ...ask('400'), run_id: 'run-1', justification: JUSTIFICATION },
    });
    const { decision_id: decisionId, approval_request_id: approvalId } = asked.body;
    const params = { approval_id: String(approvalId) };
    const own = await send('approve', { as: people.devWhoApproves, params, body: {} });
    expect([own.status, own.body.code]).toEqual([403, 'self_review_forbidden']);
    const approved = await need('approve', { as: people.lead, params, body: {} });
    const use = { approval_token: approved.body.approval_token, ...asked.body.continuation.binding };
    expect((await need('consume', { as: people.dev, body: use })).body).toMatchObject({
      status: 'consumed',
      decision_id: decisionId,
    });
    const settled = await need('reconcile', {
      as: people.admin,
      params: { decision_id: String(decisionId) },
      body: { actual_monthly_delta_usd: '430' },
    });
    expect(settled.body).toMatchObject({ status: 'overage', drift_usd: '30.0000', overrun_usd: '0.0000' });
    const shown = await need('getDecision', {
      as: people.dev,
      params: { decision_id: String(decisionId) },
      headers: after(settled),
    });
    expect(shown.body).toMatchObject({ state: 'settled' });
    const balance = () => need('getBudget', { as: people.dev, params: { budget_id: String(budget.body.budget_id) } });
    expect((await balance()).body).toMatchObject({
      spent_usd: '430.0000',
      held_usd: '0.0000',
      headroom_usd: '570.0000',
    });
    const created = await need('createExport', { as: people.auditor, body: {} });
    const job = () => need('getExport', { as: people.auditor, params: { export_id: String(created.body.export_id) } });
    await waitUntil('the export is ready', async () => (await job()).body.status === 'ready');
    expect((await need('exportParity', { as: people.auditor })).body).toMatchObject({ parity_ok: true });
  });

  it('expects the approved overage too while the gate, which writes it down, has fallen behind', async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await createBudget(apiOf('gate'), people, '300');
    const asked = await need('gatePreflight', {
      as: people.dev,
      body: { ...ask('400'), run_id: 'run-1', justification: JUSTIFICATION },
    });
    expect(asked.body.hold).toMatchObject({ total: '300.0000', unfunded_usd: '100.0000' });
    const params = { decision_id: String(asked.body.decision_id) };
    const reconcile = () =>
      send('reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '400' }, key: 'month-end' });
    processOf('gate').signal('SIGSTOP');
    let early: ApiAnswer;
    try {
      const approved = await need('approve', {
        as: people.lead,
        params: { approval_id: String(asked.body.approval_request_id) },
        body: {},
      });
      await need('consume', {
        as: people.dev,
        body: { approval_token: approved.body.approval_token, ...asked.body.continuation.binding },
      });
      early = await reconcile(); // It may settle rightly or ask to come again, but not settle against a part of the hold.
    } finally {
      processOf('gate').signal('SIGCONT');
    }
    await waitUntil(
      'the exception is written',
      async () => (await ledger.typesOf(tenant, 'policy')).includes('exception_granted'),
      5_000,
    ).catch(() => undefined);
    const settled = early.status === 200 ? early : await reconcile();
    expect(settled.body).toMatchObject({ status: 'matched', expected_usd: '400.0000', drift_usd: '0.0000' });
    expect(await ledger.typesOf(tenant, 'policy')).toContain('exception_granted');
  });

  it('frees a hold at the gate when approvals hear a no', async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    const budget = await createBudget(apiOf('gate'), people, '1000');
    const asked = await need('gatePreflight', {
      as: people.dev,
      body: { ...ask('400'), run_id: 'run-1', justification: JUSTIFICATION },
    });
    await need('deny', { as: people.lead, params: { approval_id: String(asked.body.approval_request_id) }, body: {} });
    const balance = () => need('getBudget', { as: people.dev, params: { budget_id: String(budget.body.budget_id) } });
    await waitUntil('the hold is freed', async () => (await balance()).body.held_usd === '0.0000', 10_000);
    expect((await ledger.entries(tenant, 'decisions')).at(-1)).toMatchObject({
      type: 'hold_voided',
      payload: { cause: 'approval_denied' },
    });
  });

  it('goes on with one process gone, and takes up what it missed', async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await need('getPolicy', { as: people.dev });
    await processOf('approvals').kill9();
    const asked = await need('gatePreflight', {
      as: people.dev,
      body: { ...ask('40'), run_id: 'run-1', justification: JUSTIFICATION },
    });
    await start('approvals');
    const approved = await need('approve', {
      as: people.lead,
      params: { approval_id: String(asked.body.approval_request_id) },
      body: {},
    });
    expect(approved.body).toMatchObject({ status: 'granted' });
  });

  it('lets two gates share one budget without ever passing its limit', async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    const policy = {
      mode_matrix: { terraform: { default: 'hard' } },
      approval: { required: { prod: false } },
      pricing: { declared: { prod: 'accept' } },
    };
    const current = await need('getPolicy', { as: people.admin });
    await need('publishPolicy', {
      as: people.admin,
      body: { document: policy, message: 'm' },
      headers: { 'if-match': current.headers.get('etag') ?? '' },
    });
    await createBudget(apiOf('gate'), people, '375');
    const second = new ProductProcess('gate', env);
    try {
      const other: Api = { url: await second.ready(), tokenFor: (who) => mint.for(who) };
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, number) =>
          call(number % 2 === 0 ? apiOf('gate') : other, 'gateTerraform', {
            as: people.dev,
            body: ask('10'),
            key: `race-${number}`,
          }),
        ),
      );
      const undecided = answers.filter(({ status }) => status !== 200);
      expect(undecided.filter(({ status }) => ![429, 503].includes(status))).toEqual([]);
      const entries = await ledger.entries(tenant, 'decisions');
      const allowed = entries.filter(({ payload }) => payload.decision === 'ALLOW').length;
      expect(allowed).toBe(Math.min(37, entries.length));
      expect(entries.map(({ revision }) => revision)).toEqual(entries.map((_, index) => index));
      expect(new Set(entries.map(({ payload }) => payload.key.text)).size).toBe(entries.length);
      expect(answers.filter(({ body }) => body.decision === 'ALLOW').length).toBeLessThanOrEqual(37);
    } finally {
      await second.stop();
    }
  });

  describe('with a bad environment', () => {
    it.each(APPS)('%s ends with 2 and names every bad variable, but no value', async (app) => {
      const bad = {
        ...env,
        POSTGRES_URL: 'mysql://root:hunter2@db/x',
        HTTP_PORT: '70000',
        AUTH_ISSUERS: '{hunter2',
        LOG_LEVEL: 'hunter2',
      };
      const child = new ProductProcess(app, bad);
      expect(await child.exited).toBe(2);
      for (const name of ['POSTGRES_URL', 'HTTP_PORT', 'AUTH_ISSUERS', 'LOG_LEVEL'])
        expect(child.output).toContain(name);
      expect(child.output).not.toMatch(/hunter2|70000/);
    });
    it('the standalone does, too', async () => {
      const child = new ProductProcess('standalone', {
        VERDICT_PORT: '-1',
        VERDICT_LOG_HOST: 'NOT A HOST',
        VERDICT_DATA_DIR: join(dataDir, 'never'),
      });
      expect(await child.exited).toBe(2);
      expect(child.output).toContain('VERDICT_PORT');
      expect(child.output).toContain('VERDICT_LOG_HOST');
      expect(child.output).not.toContain('NOT A HOST');
    });
    it('needs an issuer: without one nobody could call', async () => {
      const { AUTH_ISSUERS: _, ...rest } = env;
      const child = new ProductProcess('gate', rest);
      expect(await child.exited).toBe(2);
      expect(child.output).toContain('AUTH_ISSUERS');
    });
  });

  it('stops when it is told to, after what it has begun, and leaves the database alone', async () => {
    const people = peopleOf(freshTenant());
    await need('getPolicy', { as: people.dev });
    const last = Array.from({ length: 20 }, (_, number) =>
      send('gateTerraform', { as: people.dev, body: ask('1'), key: `last-${number}` }).catch(() => undefined),
    );
    await pause(15);
    const codes = await Promise.all(APPS.map((app) => processOf(app).stop()));
    expect(codes).toEqual(APPS.map(() => 0));
    const answered = (await Promise.all(last)).filter((answer) => answer !== undefined);
    expect(answered.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([]);
    expect(await isAlive(postgres.pid)).toBe(true);
    for (const app of APPS) expect(processOf(app).log.some(({ msg }) => msg === 'stopped')).toBe(true);
    for (const app of APPS)
      expect(
        processOf(app).log.filter(
          ({ level, status }) => (level === 'error' || level === 'fatal') && status === undefined,
        ),
      ).toEqual([]);
  });
});
