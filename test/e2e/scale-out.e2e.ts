import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EventStoreServer, startEventStoreServer } from '../support/eventstore-server/src/index.js';
import { tellDemoStory } from '../support/e2e/demo-story.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { likenessOf, type Likeness } from '../support/e2e/likeness.js';
import { ScaleOut } from '../support/e2e/scale-out.js';
import { Standalone } from '../support/e2e/standalone.js';
import { ask, MONEY_ONLY } from '../support/e2e/story.js';
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

    beforeAll(async () => {
      eventStore = log === 'eventstoredb' ? await startEventStoreServer() : undefined;
      deployment = await ScaleOut.start({ brokers, ...(eventStore === undefined ? {} : { eventStore }) });
    }, 180_000);
    afterAll(async () => {
      await deployment.dispose();
      await eventStore?.stop();
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
