import { afterEach, expect, it, jest } from '@jest/globals';
import { BusUnavailable, JOURNAL_KINDS } from '@verdict/application';
import kafkajs, { type Admin } from 'kafkajs';
import { describeKafka } from '../../../test/support/kafka/describe-kafka.js';
import { openKafkaBus } from './kafka-bus.js';
import { dropTopics, freshPrefix, openWired, plainClient, testOptions } from './testing/bus-clients.js';
import { eventually, patiently, TEST_MS } from './testing/eventually.js';
import { journalOf } from './testing/records.js';
import { createWire } from './testing/wire.js';
import { TopicRefused } from './topics.js';

const { TOPIC } = kafkajs.ConfigResourceTypes;

jest.setTimeout(TEST_MS);

describeKafka('The topics of the journals', (brokers) => {
  const prefixes: string[] = [];
  const prefix = (): string => {
    const fresh = freshPrefix();
    prefixes.push(fresh);
    return fresh;
  };
  const administer = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = plainClient(brokers).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  };
  const compacted = (topic: string): Promise<unknown> =>
    administer((admin) =>
      admin.createTopics({
        waitForLeaders: false,
        topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }],
      }),
    );

  afterEach(async () => {
    for (const used of prefixes.splice(0)) await dropTopics(brokers, used);
  });

  it('are made at the start, one of each kind, with settings that lose nothing', async () => {
    const name = prefix();
    const bus = await openKafkaBus(testOptions(brokers, name));
    await bus.close();
    await administer(async (admin) => {
      const topics = JOURNAL_KINDS.map((kind) => `${name}.${kind}.v1`);
      const { topics: made } = await admin.fetchTopicMetadata({ topics });
      expect(made.map(({ partitions }) => partitions.length)).toEqual([3, 3, 3, 3]);
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: topics.map((topic) => ({ type: TOPIC, name: topic })),
      });
      for (const { configEntries } of resources) {
        const settings = Object.fromEntries(configEntries.map((entry) => [entry.configName, entry.configValue]));
        expect(settings).toMatchObject({
          'cleanup.policy': 'delete',
          'max.message.bytes': '1048576',
          'min.insync.replicas': '1',
        });
      }
    });
  });

  it('are made once when several services start together', async () => {
    const name = prefix();
    const buses = await Promise.all(Array.from({ length: 4 }, () => openKafkaBus(testOptions(brokers, name))));
    await Promise.all(buses.map((bus) => patiently(() => bus.ping())));
    await Promise.all(buses.map((bus) => bus.close()));
  });

  it('are refused by name when one of them is compacted', async () => {
    const name = prefix();
    await compacted(`${name}.approvals.v1`);
    let refused: unknown;
    // A broker that does not answer in time lets the service start: that is another rule.
    await eventually(async () => {
      refused = await openKafkaBus(testOptions(brokers, name)).then(
        (bus) => bus.close(),
        (error: unknown) => error,
      );
      return refused !== undefined;
    });
    expect(refused).toBeInstanceOf(TopicRefused);
    expect(String(refused)).toContain(`${name}.approvals.v1 has cleanup.policy=compact`);
  });

  it('are refused once the brokers answer, when they were away at the start', async () => {
    const name = prefix();
    await compacted(`${name}.policy.v1`);
    const wire = createWire();
    wire.cut();
    const { bus } = await openWired(testOptions(brokers, name), { wire });
    await expect(bus.ping()).rejects.not.toThrow(TopicRefused);
    wire.mend();
    await eventually(() =>
      bus.ping().then(
        () => false,
        (error: unknown) => error instanceof TopicRefused,
      ),
    );
    await eventually(async () => {
      const refused: unknown = await bus.publish([journalOf(1)]).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(BusUnavailable);
      return (refused as BusUnavailable).cause instanceof TopicRefused;
    });
    await bus.close();
  });
});
