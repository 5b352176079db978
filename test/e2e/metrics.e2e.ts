import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { ApiServer } from '../support/api-server/api-server.js';
import type { Admitted, KubernetesObject } from '../support/api-server/types.js';
import { sendRaw } from '../support/e2e/api.js';
import { MovingClockApp } from '../support/e2e/moving-clock-app.js';
import { waitUntil } from '../support/e2e/processes.js';
import {
  ask,
  consumeBody,
  createBudget,
  grantedApproval,
  MONEY_ONLY,
  must,
  pendingApproval,
  publishBook,
  publishPolicy,
} from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

const DAY_SECONDS = 86_400;
const NAME = 'gate.verdict.example.com';

/** Outside of the suite, so that it is there until all of the suite has ended. */
const database = withEmbeddedPostgres();

/** Every metric of contract section 15 that the services count on an event, seen to move over HTTP; and by how much. */
describe('the metrics of the running services', () => {
  let app: MovingClockApp;
  beforeAll(async () => {
    app = await MovingClockApp.start(database);
  }, 120_000);
  afterAll(() => app.dispose());

  /** What has been counted since, series that have not moved left out. */
  const counting = async () => {
    const before = await app.scrape();
    return async (metric: string): Promise<Readonly<Record<string, number>>> => {
      const after = await app.scrape();
      const moved = [...after].flatMap(([series, value]) => {
        const by = value - (before.get(series) ?? 0);
        return by !== 0 && (series === metric || series.startsWith(`${metric}{`))
          ? [[series.slice(metric.length), by] as const]
          : [];
      });
      return Object.fromEntries(moved);
    };
  };
  type Counted = Awaited<ReturnType<typeof counting>>;
  const reaches = (counted: Counted, metric: string, series: string, by: number): Promise<void> =>
    waitUntil(`${metric}${series} is ${String(by)}`, async () => ((await counted(metric))[series] ?? 0) >= by);
  const gauge = (series: string, value: number): Promise<void> =>
    waitUntil(`${series} is ${String(value)}`, async () => (await app.scrape()).get(series) === value);

  const estate = async (policy: object = MONEY_ONLY, limit = '1000'): Promise<People> => {
    const people = peopleOf(freshTenant());
    await publishPolicy(app, people, policy);
    await createBudget(app, people, limit);
    return people;
  };
  const hold = async (people: People, amount: string) => {
    const { body } = await must(app, 'gateTerraform', { as: people.dev, body: ask(amount), key: randomUUID() });
    return { decision_id: String(body.decision_id) };
  };

  describe('of the gate', () => {
    it('count refusals by source and code, whatever refused: the shape, the caller, the question', async () => {
      const people = await estate();
      const counted = await counting();
      await app.call('gateTerraform', { as: people.dev, body: { action: 1 } });
      await app.call('gateCloudEvent', { as: people.auditor, body: {} });
      await sendRaw(app.url, { method: 'POST', path: ROUTES.gateAdmission.path, body: '{}' });
      const body = ask('1');
      await must(app, 'gateTerraform', { as: people.dev, body, key: 'again' });
      await app.call('gateTerraform', { as: people.dev, body: { ...body, project_id: 'api' }, key: 'again' });
      expect(await counted('gate_refusals_total')).toEqual({
        '{source="terraform",code="validation_failed"}': 1,
        '{source="cloud_event",code="forbidden"}': 1,
        '{source="k8s_admission",code="unauthenticated"}': 1,
        '{source="terraform",code="idempotency_conflict"}': 1,
      });
      expect(await counted('gate_idempotency_events_total')).toEqual({ '{source="terraform",event="conflict"}': 1 });
    });

    it('count refused members of a batch, which is answered 200', async () => {
      const people = await estate();
      const item = { ...ask('1'), source: 'k8s_admission', idempotency_key: 'same-key' };
      await must(app, 'gateBatch', { as: people.dev, body: { items: [item], atomic: false } });
      const counted = await counting();
      const items = [item, { ...item, action: 'other' }];
      await must(app, 'gateBatch', { as: people.dev, body: { items, atomic: false } });
      expect(await counted('gate_refusals_total')).toEqual({
        '{source="k8s_admission",code="idempotency_conflict"}': 1,
      });
    });

    it('count turns in the queue by the source that waits, and no turn of an administrator', async () => {
      const people = await estate();
      const counted = await counting();
      await must(app, 'gateAdmission', { as: people.dev, body: ask('1') });
      await createBudget(app, people, '70', 'project:web');
      const events = await counted('gate_lock_events_total');
      expect(Object.entries(events).map(([series, by]) => [/source="(\w+)"/.exec(series)?.[1], by])).toEqual([
        ['k8s_admission', 1],
      ]);
      expect(await counted('gate_lock_wait_seconds_count')).toEqual({
        '{source="k8s_admission",outcome="acquired"}': 1,
      });
    });

    it('count what enforcement would have said, and the amount that shadow mode let through', async () => {
      const people = await estate({ ...MONEY_ONLY, mode_matrix: { terraform: { default: 'shadow' } } }, '100');
      const counted = await counting();
      await hold(people, '250.5');
      expect(await counted('gate_would_be_decisions_total')).toEqual({
        '{source="terraform",decision="DENY",override="enforce"}': 1,
      });
      expect(await counted('gate_exposure_usd_total')).toEqual({ '{source="terraform",cause="mode"}': 250.5 });
    });
  });

  describe('of policy and money', () => {
    const changes = async (work: () => Promise<unknown>) => {
      const counted = await counting();
      await work();
      return counted('policy_changes_total');
    };

    it('count each change by its kind', async () => {
      const people = await estate();
      const { admin } = people;
      const documentOf = (version: number) => ({
        ...MONEY_ONLY,
        entitlements: { hard_deny_above_monthly_usd: String(5000 + version) },
      });
      const publish = (version: number, more: object = {}) =>
        must(app, 'publishPolicy', {
          as: admin,
          headers: { 'if-match': `"${String(version)}"` },
          body: { document: documentOf(version), message: 'm', ...more },
        });
      const later = new Date(Date.now() + DAY_SECONDS * 30_000).toISOString();
      expect(await changes(() => publish(2))).toEqual({ '{kind="published"}': 1 });
      expect(await changes(() => publish(3, { effective_from: later }))).toEqual({ '{kind="scheduled"}': 1 });
      const cancelled = { as: admin, headers: { 'if-match': '"4"' }, params: { version: '4' }, body: {} };
      expect(await changes(() => must(app, 'cancelPolicy', cancelled))).toEqual({ '{kind="scheduled"}': 1 });
      expect(await changes(() => publish(4.1, { rollout: { cohort_percent: 10, salt: 'r1' } }))).toEqual({
        '{kind="rollout"}': 1,
      });
      const widen = {
        as: admin,
        headers: { 'if-match': '"5"' },
        params: { version: '5' },
        body: { cohort_percent: 20 },
      };
      expect(await changes(() => must(app, 'rollOutPolicy', widen))).toEqual({ '{kind="rollout"}': 1 });
      const back = { as: admin, headers: { 'if-match': '"5.1"' }, body: { to_version: 1, message: 'back' } };
      expect(await changes(() => must(app, 'rollBackPolicy', back))).toEqual({ '{kind="rolled_back"}': 1 });
      expect(await changes(() => createBudget(app, people, '70', 'project:web'))).toEqual({ '{kind="budget"}': 1 });
      const credit = { pool: 'reserved', scope: 'tenant', total_amount_usd: '5', reason: 'r' };
      expect(await changes(() => must(app, 'grantCredit', { as: admin, key: 'credit', body: credit }))).toEqual({
        '{kind="credit"}': 1,
      });
      expect(await changes(() => publishBook(app, people, 'aws-web-stack'))).toEqual({ '{kind="price_book"}': 1 });
      const waiver = {
        ...{ scope: { project: 'web' }, waives: ['budget_missing'], owner: 'finops', reason: 'r', ticket: 'T-1' },
        expires_at: later,
      };
      expect(await changes(() => must(app, 'grantWaiver', { as: admin, body: waiver }))).toEqual({
        '{kind="exception"}': 1,
      });
      const peer = { kind: 'run_task', name: 'hcp', address: 'https://app.terraform.io' };
      expect(await changes(() => must(app, 'createIntegration', { as: admin, body: peer }))).toEqual({
        '{kind="integration"}': 1,
      });
    });

    it('count a percentage of a budget once, when a hold or an actual reaches it', async () => {
      const people = await estate();
      const counted = await counting();
      await hold(people, '400');
      expect(await counted('budget_alerts_total')).toEqual({});
      const params = await hold(people, '200');
      expect(await counted('budget_alerts_total')).toEqual({ '{threshold="50"}': 1 });
      await hold(people, '100');
      expect(await counted('budget_alerts_total')).toEqual({ '{threshold="50"}': 1 });
      await must(app, 'reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '500' } });
      expect(await counted('budget_alerts_total')).toEqual({
        '{threshold="50"}': 1,
        '{threshold="80"}': 1,
        '{threshold="100"}': 1,
      });
    });
  });

  describe('of what policy names besides', () => {
    it('count decisions that a challenger would have made otherwise, by their source', async () => {
      const people = await estate();
      await must(app, 'publishPolicy', {
        as: people.admin,
        headers: { 'if-match': '"2"' },
        body: {
          document: { ...MONEY_ONLY, entitlements: { hard_deny_above_monthly_usd: '50' } },
          message: 'm',
          role: 'challenger',
        },
      });
      const counted = await counting();
      app.callsTake(1); // A machine that stands still for most of a second leaves no time for a challenger.
      await hold(people, '40');
      expect(await counted('challenger_divergence_total')).toEqual({});
      await hold(people, '60');
      expect(await counted('challenger_divergence_total')).toEqual({ '{source="terraform"}': 1 });
    });

    it('count credits that end unused, and what comes back to them afterwards', async () => {
      const people = await estate(MONEY_ONLY, '100');
      const counted = await counting();
      const grant = (key: string, more: object) => {
        const credit = { scope: 'tenant', total_amount_usd: '50', reason: 'r', ...more };
        return must(app, 'grantCredit', { as: people.admin, key, body: credit });
      };
      const expires_at = new Date(app.nowMs + 600_000).toISOString();
      await grant('credit-1', { pool: 'reserved', expires_at });
      await grant('credit-2', { pool: 'emergency' });
      const params = await hold(people, '130'); // 100 of the budget, 30 of the credit that ends.
      app.advance(601);
      await reaches(counted, 'credits_expired_usd_total', '{pool="reserved"}', 20);
      await must(app, 'reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '110' } });
      expect(await counted('credits_expired_usd_total')).toEqual({ '{pool="reserved"}': 40 });
    }, 60_000);
  });

  describe('of approvals', () => {
    it('count requests by what became of them, those that the clock ends included; the gauges show who waits', async () => {
      const people = peopleOf(freshTenant());
      const counted = await counting();
      await grantedApproval(app, people);
      const [denied, withdrawn] = [await pendingApproval(app, people), await pendingApproval(app, people)];
      await gauge('approval_queue_backlog', 2);
      await must(app, 'deny', {
        as: people.lead,
        params: { approval_id: denied.approvalId },
        body: { notes: 'not now, there is a freeze' },
      });
      await must(app, 'withdrawApproval', {
        as: people.dev,
        params: { approval_id: withdrawn.approvalId },
        body: {},
      });
      await pendingApproval(app, people);
      await gauge('approval_queue_backlog', 1);
      app.advance(3600);
      await waitUntil('the oldest is an hour old', async () => {
        const age = (await app.scrape()).get('approval_oldest_pending_seconds') ?? 0;

        return age >= 3600 && age < 3700;
      });
      app.advance(DAY_SECONDS);
      await reaches(counted, 'approval_requests_total', '{source="terraform",outcome="expired"}', 2); // The granted one, unused.
      expect(await counted('approval_requests_total')).toEqual({
        '{source="terraform",outcome="opened"}': 4,
        '{source="terraform",outcome="granted"}': 1,
        '{source="terraform",outcome="denied"}': 1,
        '{source="terraform",outcome="withdrawn"}': 1,
        '{source="terraform",outcome="expired"}': 2,
      });
      expect(await counted('approval_grant_uses_total')).toEqual({}); // A token that nobody used is no grant.
      await gauge('approval_queue_backlog', 0);
      await gauge('approval_oldest_pending_seconds', 0);
    });

    it('count uses of grants: made, refused for the cap, and lost to the clock', async () => {
      const people = peopleOf(freshTenant('k8s'));
      const priced = (version: string, price: string) => {
        const cpu = { name: 'cpu', unit: 'month', unit_price: price, quantity: { from: ['cpu_milli'] } };
        const entries = [{ id: 'pod', resource_type: 'k8s:pod', components: [cpu] }];
        const book = { format: 'verdict.price-book.v1', version, currency: 'USD', hours_per_month: 730, entries };
        return must(app, 'publishPriceBook', { as: people.admin, body: book });
      };
      await priced('k-1', '0.04');
      const { body } = await must(app, 'createIntegration', {
        as: people.admin,
        body: {
          ...{ kind: 'k8s', name: 'cluster', cluster_id: 'east', ways: ['bearer'] },
          project_rules: [{ namespace: 'shop', project_id: 'shop', environment: 'prod' }],
        },
      });
      const url = `${app.url}${ROUTES.reviewAdmission.path}`;
      const bearerToken = String(body.secrets.bearer);
      const api = new ApiServer([{ name: NAME, url, timeoutSeconds: 10, failurePolicy: 'Fail', bearerToken }]);
      const deployment = (name: string): KubernetesObject => ({
        ...{ kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name, namespace: 'shop' } },
        spec: {
          replicas: 2,
          template: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } },
        },
      });
      const approve = ({ annotations }: Admitted) =>
        must(app, 'approve', {
          as: people.lead,
          params: { approval_id: annotations[`${NAME}/approval-request-id`] ?? '' },
          body: { notes: 'fine with me, go ahead' },
        });
      const counted = await counting();
      await approve(await api.create('deployments', deployment('a')));
      await priced('k-2', '0.05');
      expect((await api.create('deployments', deployment('a'))).allowed).toBe(false);
      expect(await counted('approval_grant_uses_total')).toEqual({ '{outcome="cap_exceeded"}': 1 });
      await approve(await api.create('deployments', deployment('b')));
      expect((await api.create('deployments', deployment('b'))).allowed).toBe(true);
      expect(await counted('approval_grant_uses_total')).toEqual({
        '{outcome="cap_exceeded"}': 1,
        '{outcome="used"}': 1,
      });
      await approve(await api.create('deployments', deployment('c')));
      app.advance(DAY_SECONDS);
      await reaches(counted, 'approval_grant_uses_total', '{outcome="expired"}', 1);
    });

    it('count a token of another tenant', async () => {
      const granted = await grantedApproval(app, peopleOf(freshTenant()));
      const counted = await counting();
      const answer = await app.call('consume', { as: peopleOf(freshTenant()).dev, body: consumeBody(granted) });
      expect([answer.status, answer.body.code]).toEqual([403, 'token_tenant_mismatch']);
      expect(await counted('cross_tenant_refusals_total')).toEqual({ '': 1 });
    });
  });

  describe('of reservations', () => {
    it('count settlements, replays, corrections and late actuals by trigger and status', async () => {
      const people = await estate();
      const params = await hold(people, '100');
      const counted = await counting();
      const settle = (body: object, key?: string) =>
        must(app, 'reconcile', { as: people.admin, params, body, ...(key === undefined ? {} : { key }) });
      await settle({ actual_monthly_delta_usd: '150' }, 'settle-1');
      await settle({ actual_monthly_delta_usd: '150' }, 'settle-1');
      await settle({ actual_monthly_delta_usd: '100', correction: true });
      expect(await counted('reservation_reconciliations_total')).toEqual({
        '{trigger="manual",status="overage"}': 1,
        '{trigger="replay",status="overage"}': 1,
        '{trigger="correction",status="matched"}': 1,
      });
      expect(await counted('reservation_drift_usd_total')).toEqual({ '{direction="overage"}': 50 });
    });

    it('count sweeps of the clock and of people, what they ended, and the exceptions that they open', async () => {
      const people = await estate();
      const params = await hold(people, '100');
      const before = (await app.scrape()).get('reservations_active') ?? 0;
      await waitUntil('the hold is active', async () => {
        const active = (await app.scrape()).get('reservations_active') ?? 0;
        return active > 0 && active >= before;
      });
      const open = (await app.scrape()).get('reconciliation_exceptions_open{kind="unreconciled"}') ?? 0;
      const counted = await counting();
      app.advance(2 * DAY_SECONDS);
      await waitUntil('it is overdue', async () => ((await app.scrape()).get('reservations_overdue') ?? 0) >= 1);
      app.advanceToMinute();
      await reaches(counted, 'reservation_reconciliations_total', '{trigger="overdue",status="assumed"}', 1);
      expect(await counted('reconciliation_sweep_runs_total')).toEqual({ '{status="ok"}': expect.any(Number) });
      await gauge('reservations_overdue', 0);
      await waitUntil(
        'its exception is open',
        async () => ((await app.scrape()).get('reconciliation_exceptions_open{kind="unreconciled"}') ?? 0) > open,
      );
      const again = await counting();
      await must(app, 'reconcile', { as: people.admin, params, body: { actual_monthly_delta_usd: '130' } });
      expect(await again('reservation_reconciliations_total')).toEqual({
        '{trigger="manual",status="late_actual"}': 1,
      });
      await waitUntil(
        'the actual closed it and opened another',
        async () => ((await app.scrape()).get('reconciliation_exceptions_open{kind="late_actual"}') ?? 0) >= 1,
      );
      const pastDue = async () =>
        (await app.scrape()).get('reconciliation_exceptions_past_due{kind="late_actual"}') ?? Number.NaN;
      expect(await pastDue()).toBe(0);
      app.advance(8 * DAY_SECONDS);
      await waitUntil('a week was not enough for it', async () => (await pastDue()) >= 1);
    }, 180_000);

    it('count a sweep that somebody asks for once, however many holds it ends', async () => {
      const people = await estate();
      await hold(people, '10');
      await hold(people, '20');
      app.advance(120);
      const counted = await counting();
      const swept = await must(app, 'sweepOverdue', {
        as: people.admin,
        body: { older_than_seconds: 60, action: 'release' },
      });
      expect(swept.body.released_count).toBe(2);
      expect(await counted('reservation_reconciliations_total')).toEqual({
        '{trigger="overdue",status="released"}': 2,
      });
      expect(await counted('reconciliation_sweep_runs_total')).toEqual({ '{status="ok"}': 1 });
    });

    it('count rows of imported cost: taken, replacing an earlier one, and all of an import that is refused', async () => {
      const people = await estate();
      const day = (back: number): string => new Date(Date.now() - back * DAY_SECONDS * 1000).toISOString().slice(0, 10);
      const row = (resource: string, currency = 'USD') => ({
        ...{ ChargePeriodStart: day(2), ChargePeriodEnd: day(1), EffectiveCost: 7.25, BillingCurrency: currency },
        ...{ ServiceName: 'EC2', ResourceId: resource, x_project_id: 'web', x_environment: 'prod', x_status: 'final' },
      });
      const send = (key: string, rows: readonly object[]) =>
        app.call('importCosts', { as: people.admin, key, body: { rows } });
      const counted = await counting();
      await send('import-one', [row('i-1'), row('i-2')]);
      await send('import-one', [row('i-1'), row('i-2')]);
      await send('import-two', [row('i-1'), row('i-3')]);
      expect((await send('import-three', [row('i-1'), row('i-4', 'EUR'), row('i-5')])).status).toBe(422);
      expect(await counted('actual_cost_rows_total')).toEqual({
        '{status="accepted"}': 3,
        '{status="replaced"}': 1,
        '{status="refused"}': 3,
      });
    });
  });
});
