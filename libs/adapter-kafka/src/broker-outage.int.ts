import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { type Bus, BusUnavailable, type Revision } from '@verdict/application';
import { type KafkaBroker, startKafkaBroker } from '../../../test/support/kafka/broker.mjs';
import { describeKafkaServer } from '../../../test/support/kafka/describe-kafka.js';
import { openKafkaBus } from './kafka-bus.js';
import { freshPrefix, publishPatiently, testOptions } from './testing/bus-clients.js';
import { eventually, patiently, TEST_MS } from './testing/eventually.js';
import { journalOf, type TestJournal } from './testing/records.js';

/** A consumer that knows what it was told. */
const follow = async (bus: Bus, group: string | undefined): Promise<ReadonlyMap<string, Revision>> => {
  const heads = new Map<string, Revision>();
  await bus.consume({
    group,
    kinds: ['decisions'],
    deliver: (movements) => {
      for (const { journal, head } of movements) if (head > (heads.get(journal) ?? -1n)) heads.set(journal, head);
      return Promise.resolve();
    },
  });
  return heads;
};

const part = (journal: TestJournal, start: number, end: number): TestJournal => ({
  ...journal,
  entries: journal.entries.slice(start, end),
});

jest.setTimeout(TEST_MS);

describeKafkaServer('A broker that comes and goes', () => {
  let broker: KafkaBroker;
  let bus: Bus;

  beforeAll(async () => {
    broker = await startKafkaBroker();
  }, 120_000);
  afterEach(() => bus.close(), 60_000);
  afterAll(() => broker.stop(), 60_000);

  it('may be away when a service starts: consumers are taken, and served once it is there', async () => {
    await broker.pause();
    bus = await openKafkaBus(testOptions(broker.brokers, freshPrefix()));
    const journal = journalOf(3);
    const heads = await follow(bus, 'early');
    await expect(bus.ping()).rejects.toThrow();
    await expect(bus.publish([journal])).rejects.toThrow(BusUnavailable);
    await broker.restart();
    await publishPatiently(bus, [journal]);
    await eventually(() => heads.get(journal.journal) === 2n);
    await patiently(() => bus.ping());
  });

  it.each([
    ['stopped', () => broker.pause()],
    ['killed', () => broker.kill()],
  ])(
    'may be %s: what it acknowledged reaches everybody when it is back, and what it did not can be repeated',
    async (_, end) => {
      bus = await openKafkaBus(testOptions(broker.brokers, freshPrefix()));
      const warm = journalOf(1);
      const journal = journalOf(6);
      const group = await follow(bus, 'steady');
      const alone = await follow(bus, undefined);
      await eventually(async () => {
        await publishPatiently(bus, [warm]);
        return group.has(warm.journal) && alone.has(warm.journal);
      });
      await publishPatiently(bus, [part(journal, 0, 2)]);
      await end();
      await expect(bus.publish([part(journal, 2, 4)])).rejects.toThrow(BusUnavailable);
      await broker.restart();
      await publishPatiently(bus, [part(journal, 2, 4)]);
      await eventually(() => group.get(journal.journal) === 3n && alone.get(journal.journal) === 3n);
      const late = await follow(bus, 'late');
      await publishPatiently(bus, [part(journal, 4, 6)]);
      await eventually(() => [group, alone, late].every((heads) => heads.get(journal.journal) === 5n));
      await eventually(() => late.has(warm.journal));
    },
  );
});
