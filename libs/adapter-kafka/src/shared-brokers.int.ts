import { afterEach, expect, it } from '@jest/globals';
import type { Bus } from '@verdict/application';
import { describeKafka } from '../../../test/support/kafka/describe-kafka.js';
import { openKafkaBus } from './kafka-bus.js';
import { dropTopics, freshPrefix, publishPatiently, testOptions } from './testing/bus-clients.js';
import { eventually } from './testing/eventually.js';
import { journalOf } from './testing/records.js';

describeKafka('Two deployments on the same brokers, each with its own topic prefix', (brokers) => {
  const opened: { readonly bus: Bus; readonly prefix: string }[] = [];

  afterEach(async () => {
    for (const { bus, prefix } of opened.splice(0)) {
      await bus.close();
      await dropTopics(brokers, prefix);
    }
  });

  const deployment = async (group: string) => {
    const prefix = freshPrefix();
    const bus = await openKafkaBus(testOptions(brokers, prefix));
    opened.push({ bus, prefix });
    const journal = journalOf(1);
    const told = new Set<string>();
    await bus.consume({
      group,
      kinds: ['decisions'],
      deliver: (movements) => {
        for (const moved of movements) told.add(moved.journal);
        return Promise.resolve();
      },
    });
    return { bus, journal, told };
  };

  it('do not share the groups of their services, which have the same names', async () => {
    const group = freshPrefix();
    const both = [await deployment(group), await deployment(group)];
    for (const { bus, journal } of both) await publishPatiently(bus, [journal]);
    await eventually(() => both.every(({ told, journal }) => told.has(journal.journal)));
    expect(both.map(({ told }) => told.size)).toEqual([1, 1]);
  }, 120_000);
});
