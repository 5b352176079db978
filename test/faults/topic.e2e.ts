import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { openKafkaBus } from '@verdict/adapter-kafka';
import {
  migrateDatabase,
  openPostgresJournals,
  openReadModels,
  type OpenReadModels,
  openRelayStore,
  type OpenRelayStore,
  rebuildReadModels,
} from '@verdict/adapter-postgres';
import {
  type Bus,
  EntryLog,
  JOURNAL_KINDS,
  type JournalKind,
  journalName,
  type Journals,
  Projector,
  Relay,
} from '@verdict/application';
import { freshHistory, type History, withEmbeddedPostgres } from '@verdict/testkit';
import { type Admin, Kafka, type KafkaMessage, logLevel, Partitioners } from 'kafkajs';
import { waitUntil, waitUntilNone } from '../support/e2e/processes.js';
import { LossyBus, randomOf } from '../support/faults/lossy-bus.js';
import { holdProjections } from '../support/faults/hold-projections.js';
import { describeKafka } from '../support/kafka/describe-kafka.js';

const LOG_HOST = 'verdict.test'; // As in the origins of a History.
const NEVER_MS = 3_600_000;
const clock = { nowMs: () => Date.now() };

describeKafka('read models behind topics that were tampered with', (brokers) => {
  const database = withEmbeddedPostgres();
  let journals: Journals;
  let log: EntryLog;
  let readModels: OpenReadModels;
  let relayStore: OpenRelayStore;
  let prefix: string;
  const opened: { stop?: () => Promise<void>; close?: () => Promise<void> }[] = [];

  beforeAll(async () => {
    await migrateDatabase(database.adminUrl);
    journals = await openPostgresJournals({ url: database.serviceUrl });
    log = new EntryLog(journals);
    readModels = await openReadModels({ url: database.serviceUrl });
    relayStore = await openRelayStore(database.serviceUrl);
  }, 120_000);
  afterAll(async () => {
    await readModels.close();
    await relayStore.close();
    await journals.close();
  }, 60_000);
  beforeEach(() => {
    prefix = `faults-${randomBytes(6).toString('hex')}`;
  });
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await (each.stop?.() ?? each.close?.());
    await withAdmin(async (admin) => {
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`${prefix}.`));
      if (topics.length > 0) await admin.deleteTopics({ topics });
    });
  }, 120_000);

  const client = (): Kafka => new Kafka({ clientId: 'test', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const withAdmin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = client().admin();
    await admin.connect();
    return work(admin).finally(() => admin.disconnect());
  };

  const openBus = async (): Promise<Bus> => {
    const topics = { partitions: 3, replicationFactor: 1 };
    const bus = await openKafkaBus({
      brokers,
      topicPrefix: prefix,
      logHost: LOG_HOST,
      topics,
      sessionTimeoutMs: 6_000,
    });
    opened.push(bus);
    return bus;
  };

  /** A process that projects; `pollEveryMs` is how often it compares its marks with the log, besides what topics tell. */
  const project = async (pollEveryMs: number): Promise<Projector> => {
    const { store } = readModels;
    const projector = new Projector({ log, bus: await openBus(), store, clock }, { pollEveryMs, restMs: 1 });
    opened.push(projector);
    await projector.start();
    return projector;
  };

  const relay = async (bus: Bus): Promise<void> => {
    for (const kind of JOURNAL_KINDS) {
      const made = new Relay(kind, { log, bus, store: relayStore, clock, holder: 'test' });
      opened.push(made);
      await made.start();
    }
  };

  /** Appends what a history has and the log has not, some entries at a time, so that a relay publishes in between. */
  const append = async (history: History): Promise<void> => {
    for (const kind of JOURNAL_KINDS) {
      const journal = journalName(kind, history.tenantId);
      const [head = -1n] = await journals.heads([journal]);
      const fresh = history.fresh(kind).slice(Number(head) + 1);
      for (let from = 0; from < fresh.length; from += 7) {
        const result = await journals.append(journal, head + BigInt(from), fresh.slice(from, from + 7));
        expect(result.kind).toBe('appended');
      }
    }
  };

  const live = (history: History, decisions: number): void => {
    for (let count = 0; count < decisions; count += 1) {
      const decision = history.decide({ needsApproval: count % 3 === 0 });
      if (count % 3 === 0) {
        history.request(decision);
        history.vote(decision.approvalId, 'vera');
        history.grant(decision.approvalId);
      }
      if (count % 5 === 0) history.settle(decision.decisionId);
    }
    history.setBudget(history.journals.policy.length + 1);
  };

  const appendAfter = async (write: () => void, history: History): Promise<void> => {
    write();
    await append(history);
  };

  /** Entries of the log that the relays have not published. */
  const unpublished = async (): Promise<number> => {
    const names = await journals.list();
    const heads = await journals.heads(names);
    const marks = new Map(
      (await Promise.all(JOURNAL_KINDS.map((kind) => relayStore.marks(kind)))).flatMap((each) => [...each]),
    );
    return names.reduce((sum, name, index) => sum + Number((heads[index] ?? -1n) + 1n - (marks.get(name) ?? 0n)), 0);
  };

  const topicOf = (kind: JournalKind): string => `${prefix}.${kind}.v1`;

  const recordsOf = async (kind: JournalKind): Promise<KafkaMessage[]> => {
    const offsets = await withAdmin((admin) => admin.fetchTopicOffsets(topicOf(kind)));
    const count = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    const records: KafkaMessage[] = [];
    const consumer = client().consumer({ groupId: `${prefix}-copier` });
    await consumer.connect();
    await consumer.subscribe({ topic: topicOf(kind), fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void records.push(message) });
    await waitUntil('all records are read', async () => records.length >= count, 60_000);
    await consumer.disconnect();
    return records;
  };

  const deleteRecords = (kind: JournalKind): Promise<void> =>
    withAdmin(async (admin) => {
      const offsets = await admin.fetchTopicOffsets(topicOf(kind));
      const partitions = offsets.map(({ partition, high }) => ({ partition, offset: high }));
      await admin.deleteTopicRecords({ topic: topicOf(kind), partitions });
    });

  const publishCopies = async (kind: JournalKind, records: readonly KafkaMessage[]): Promise<void> => {
    const producer = client().producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const messages = records.map(({ key, value, headers = {} }) => ({ key, value, headers }));
    await producer.send({ topic: topicOf(kind), acks: -1, messages });
    await producer.disconnect();
  };

  const behind = async (histories: readonly History[]): Promise<readonly string[]> => {
    const projected = await readModels.store.marks();
    const parked = await readModels.store.parked();
    const kindsBehind = ({ tenantId, journals: own }: History): readonly JournalKind[] =>
      JOURNAL_KINDS.filter((kind) => (projected.get(journalName(kind, tenantId)) ?? 0n) < BigInt(own[kind].length));
    return [
      ...histories.flatMap((history) => kindsBehind(history).map((kind) => journalName(kind, history.tenantId))),
      ...parked.map(({ journal }) => `${journal} is parked`),
    ];
  };

  const expectRebuildEqual = async (histories: readonly History[]): Promise<void> => {
    await waitUntilNone('the read models are at the heads', () => behind(histories), 120_000);
    expect((await rebuildReadModels({ url: database.serviceUrl, log, verifyOnly: true })).isEqual).toBe(true);
    expect(await readModels.store.parked()).toEqual([]);
  };

  /** Until the topics alone bring it something: by then its first look at the log is over. */
  const untilItFollows = async (): Promise<void> => {
    const probe = freshHistory();
    const isTold = async (): Promise<boolean> => {
      probe.decide();
      await append(probe);
      return waitUntilNone('the probe is projected', () => behind([probe]), 2_000).then(
        () => true,
        () => false,
      );
    };
    await waitUntil('a probe is projected', isTold, 120_000);
  };

  it.each([11, 23, 37])(
    'equal a rebuild whatever is lost, doubled, late and out of order on the way (seed %i)',
    async (seed) => {
      await project(NEVER_MS);
      await project(NEVER_MS);
      const lossy = new LossyBus(await openBus(), randomOf(seed));
      await relay(lossy);
      await untilItFollows();
      const histories = Array.from({ length: 5 }, () => freshHistory());
      for (const history of histories) await appendAfter(() => live(history, 60), history);
      await waitUntil('all of it was published', async () => (await unpublished()) === 0, 120_000);
      expect(Object.values(lossy.counts).every((count) => count > 10)).toBe(true);
      lossy.isLossy = false; // A later record tells of the gap before it.
      for (const history of histories) await appendAfter(() => live(history, 1), history);
      await expectRebuildEqual(histories);
    },
    300_000,
  );

  it('equal a rebuild also when no later record tells of what was lost', async () => {
    await project(1_000);
    const lossy = new LossyBus(await openBus(), randomOf(53));
    await relay(lossy);
    const histories = Array.from({ length: 5 }, () => freshHistory());
    for (const history of histories) await appendAfter(() => live(history, 60), history);
    await expectRebuildEqual(histories);
  }, 300_000);

  it('equal a rebuild when records were deleted under a consumer, and copies of them came in reverse', async () => {
    await project(NEVER_MS);
    await relay(await openBus());
    await untilItFollows();
    const histories = Array.from({ length: 3 }, () => freshHistory());
    const held = await holdProjections(database.adminUrl);
    try {
      for (const history of histories) await appendAfter(() => live(history, 60), history);
      await waitUntil('all of it was published', async () => (await unpublished()) === 0, 120_000);
      const copies = (await recordsOf('decisions')).reverse();
      await deleteRecords('decisions');
      await publishCopies('decisions', [...copies, ...copies]);
    } finally {
      await held.release();
    }
    for (const history of histories) await appendAfter(() => live(history, 1), history);
    await expectRebuildEqual(histories);
  }, 300_000);
});
