import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EventStoreServer, startEventStoreServer } from '../support/eventstore-server/src/index.js';
import { tellDemoStory } from '../support/e2e/demo-story.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { likenessOf, type Likeness } from '../support/e2e/likeness.js';
import { ScaleOut } from '../support/e2e/scale-out.js';
import { Standalone } from '../support/e2e/standalone.js';
import { TraceCollector } from '../support/e2e/trace-collector.js';
import { waitUntil } from '../support/e2e/processes.js';
import { ask, JUSTIFICATION, MONEY_ONLY } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';
import { describeKafka } from '../support/kafka/describe-kafka.js';

/** One tenant for all runs: its name is in fingerprints. */
const TENANT = 'acme';
const LOGS = ['postgres', 'eventstoredb'] as const;

describeKafka('the services over a real broker', (brokers) => {
  let embedded: Likeness;

  beforeAll(async () => {
    const server = await Standalone.start();
    const ledger = await LedgerReader.open(server.postgresDir);
    try {
      await tellDemoStory((id, request) => server.call(id, request), peopleOf(TENANT));
      embedded = await likenessOf(ledger.log, TENANT);
    } finally {
      await ledger.close();
      await server.dispose();
    }
  }, 180_000);

  describe.each(LOGS)('with %s as the log', (log) => {
    let eventStore: EventStoreServer | undefined;
    let deployment: ScaleOut;
    const collector = new TraceCollector();

    beforeAll(async () => {
      eventStore = log === 'eventstoredb' ? await startEventStoreServer() : undefined;
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start() };
      deployment = await ScaleOut.start({ brokers, env, ...(eventStore === undefined ? {} : { eventStore }) });
    }, 180_000);
    afterAll(async () => {
      await deployment.dispose();
      await eventStore?.stop();
      collector.stop();
    }, 180_000);

    it('tell the story of the demo, and write entry for entry what the embedded default writes', async () => {
      await tellDemoStory(deployment.send, peopleOf(TENANT));
      await deployment.settled();
      expect(await likenessOf(deployment.journals, TENANT)).toEqual(embedded);
      expect(await deployment.equalsRebuild()).toBe(true);
      const parity = await deployment.need('exportParity', { as: peopleOf(TENANT).auditor });
      expect(parity.body).toMatchObject({ parity_ok: true });
    }, 180_000);

    it('publish every entry to the topics, each once or more, in the order of its journal', async () => {
      const published = await Promise.all(
        (['gate-1', 'gate-2', 'approvals', 'reconciliation'] as const).map((name) =>
          deployment.metric(name, 'relay_published_total'),
        ),
      );
      const entries = Object.values(embedded).reduce((sum, journal) => sum + journal.length, 0);
      expect(published.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(entries);
      const leaders = await Promise.all(
        (['gate-1', 'gate-2'] as const).map((name) => deployment.metric(name, 'relay_leader')),
      );
      expect(leaders.reduce((sum, count) => sum + count, 0)).toBe(2); // policy and decisions, one leader each.
    });

    it('carry one trace from the request through append and relay to the approval that opens and the read models', async () => {
      const traceId = '0af7651916cd43dd8448eb211c80319d';
      const people = peopleOf(freshTenant());
      const { body } = await deployment.need('gatePreflight', {
        as: people.dev,
        body: { ...ask('400'), run_id: 'run-1', justification: JUSTIFICATION },
        headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      });
      const params = { approval_id: String(body.approval_request_id) };
      await waitUntil(
        'the approval is open',
        async () => (await deployment.send('getApproval', { as: people.lead, params })).status === 200,
      );
      const has = (service: string, name: string): boolean =>
        collector.ofTrace(traceId).some((span) => span.service === `verdict-${service}` && span.name === name);
      const wanted = [
        ['gate', 'POST /api/v1/enforcement/gate/terraform/preflight'],
        ['gate', 'decide change'],
        ['gate', 'journal append'],
        ['gate', 'relay publish'],
        ['approvals', 'journal append'],
        ['approvals', 'relay publish'],
      ] as const;
      const isProjected = (): boolean => collector.ofTrace(traceId).some(({ name }) => name === 'read models apply');
      await waitUntil(
        'all spans have come',
        () => Promise.resolve(isProjected() && wanted.every(([service, name]) => has(service, name))),
        60_000,
      );
      // One tree: every span but the caller's own hangs under another one of this trace. Some are exported late.
      const roots = (): readonly (readonly [string, string])[] => {
        const spans = collector.ofTrace(traceId);
        const ids = new Set(spans.map(({ spanId }) => spanId));
        return spans
          .filter(({ parentSpanId }) => !ids.has(parentSpanId))
          .map(({ name, parentSpanId }) => [name, parentSpanId] as const);
      };
      await waitUntil('all parents have come', () => Promise.resolve(roots().length <= 1), 60_000);
      expect(roots()).toEqual([['POST /api/v1/enforcement/gate/terraform/preflight', 'b7ad6b7169203331']]);
    }, 120_000);

    it('never pass a limit, whichever of two gates is asked', async () => {
      const tenant = freshTenant();
      const people = peopleOf(tenant);
      const current = await deployment.need('getPolicy', { as: people.admin });
      await deployment.need('publishPolicy', {
        as: people.admin,
        body: { document: MONEY_ONLY, message: 'only the money decides' },
        headers: { 'if-match': current.headers.get('etag') ?? '' },
      });
      const budget = { scope: 'tenant', limit_usd: '375' };
      await deployment.need('createBudget', { as: people.admin, body: budget });
      const answers = await Promise.all(
        Array.from({ length: 120 }, (_, index) =>
          deployment.send('gateTerraform', {
            as: people.dev,
            body: ask('10', { resource_reference: `r-${String(index)}` }),
            key: `race-${String(index)}`,
          }),
        ),
      );
      expect(answers.filter(({ status }) => ![200, 429, 503].includes(status))).toEqual([]);
      const decisions = (await likenessOf(deployment.journals, tenant)).decisions.map(
        ({ payload }) => (payload as { readonly decision: string }).decision,
      );
      expect(decisions.filter((decision) => decision === 'ALLOW').length).toBe(Math.min(37, decisions.length));
      expect(answers.filter(({ body }) => body.decision === 'ALLOW').length).toBeLessThanOrEqual(37);
      await deployment.settled();
      expect(await deployment.equalsRebuild()).toBe(true);
    }, 180_000);
  });
});
