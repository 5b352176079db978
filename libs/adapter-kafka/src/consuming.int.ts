import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type Bus, JOURNAL_KINDS, type Revision } from '@verdict/application';
import { randomUUID } from 'node:crypto';
import { describeKafka } from '../../../test/support/kafka/describe-kafka.js';
import {
  dropTopics,
  freshPrefix,
  openWired,
  plainClient,
  publishPatiently,
  testOptions,
} from './testing/bus-clients.js';
import { eventually, TEST_MS } from './testing/eventually.js';
import { journalOf, type TestJournal } from './testing/records.js';

jest.setTimeout(TEST_MS);

describeKafka('Consuming', (brokers) => {
  let prefix: string;
  const buses: Bus[] = [];

  const open = async (): ReturnType<typeof openWired> => {
    const client = await openWired(testOptions(brokers, prefix));
    buses.push(client.bus);
    return client;
  };
  const follow = async (bus: Bus, group: string | undefined): Promise<ReadonlyMap<string, Revision>> => {
    const heads = new Map<string, Revision>();
    await bus.consume({
      group,
      kinds: JOURNAL_KINDS,
      deliver: (movements) => {
        for (const { journal, head } of movements) if (head > (heads.get(journal) ?? -1n)) heads.set(journal, head);
        return Promise.resolve();
      },
    });
    return heads;
  };
  /** Writes until the consumer is told of it: it connects in the background. */
  const settle = (writer: Bus, heads: ReadonlyMap<string, Revision>): Promise<void> =>
    eventually(async () => {
      await publishPatiently(writer, [journalOf(1)]);
      return heads.size > 0;
    });
  const administer = async <T>(
    work: (admin: ReturnType<ReturnType<typeof plainClient>['admin']>) => Promise<T>,
  ): Promise<T> => {
    const admin = plainClient(brokers).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  };

  beforeEach(() => {
    prefix = freshPrefix();
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
    await dropTopics(brokers, prefix);
  });

  it.each([
    ['in a group', `test-${randomUUID()}`],
    ['without a group', undefined],
  ] as const)('%s misses nothing of what others wrote while it was cut off', async (_, group) => {
    const { bus: writer } = await open();
    const { bus, wire, interruptions } = await open();
    const heads = await follow(bus, group);
    await settle(writer, heads);
    const journals: readonly TestJournal[] = Array.from({ length: 6 }, () => journalOf(2));
    const before = interruptions();
    wire.cut();
    await eventually(() => interruptions() > before);
    await publishPatiently(writer, journals);
    wire.mend();
    await eventually(() => journals.every(({ journal }) => heads.get(journal) === 1n));
  });

  it.each([
    ['in a group', `test-${randomUUID()}`],
    ['without a group', undefined],
  ] as const)('%s reads partitions that were added meanwhile from their beginning', async (_, group) => {
    const { bus: writer } = await open();
    const { bus, wire, interruptions } = await open();
    const heads = await follow(bus, group);
    await settle(writer, heads);
    const before = interruptions();
    wire.cut();
    await eventually(() => interruptions() > before);
    const topicPartitions = [{ topic: `${prefix}.decisions.v1`, count: 9 }];
    await administer((admin) => admin.createPartitions({ topicPartitions }));
    const { bus: informed } = await open(); // The older writer learns of them within minutes.
    const journals = Array.from({ length: 24 }, () => journalOf(1));
    await publishPatiently(informed, journals);
    const offsets = await administer((admin) => admin.fetchTopicOffsets(`${prefix}.decisions.v1`));
    expect(offsets.some(({ partition, high }) => partition >= 3 && high !== '0')).toBe(true);
    wire.mend();
    await eventually(() => journals.every(({ journal }) => heads.has(journal)));
  });

  it('leaves nothing of a consumer without a group at the brokers', async () => {
    const { bus } = await open();
    const heads = await follow(bus, undefined);
    await settle(bus, heads);
    const made = await administer(async (admin) => {
      const { groups } = await admin.listGroups();
      const ids = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(`${prefix}.`));
      return Promise.all(ids.map((groupId) => admin.fetchOffsets({ groupId, topics: [`${prefix}.decisions.v1`] })));
    });
    expect(made.length).toBeGreaterThan(0);
    const offsets = made.flat().flatMap(({ partitions }) => partitions.map(({ offset }) => offset));
    expect(new Set(offsets)).toEqual(new Set(['-1']));
  });
});
