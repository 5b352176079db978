import type { Bus } from '@verdict/application';
import { type BusUnderTest, describeBus } from '@verdict/testkit';
import { describeKafka } from '../../../test/support/kafka/describe-kafka.js';
import {
  dropTopics,
  freshPrefix,
  openWired,
  publishPatiently,
  testOptions,
  type WiredBus,
} from './testing/bus-clients.js';

const openUnderTest = async (brokers: readonly string[]): Promise<BusUnderTest> => {
  const prefix = freshPrefix();
  const clients: WiredBus[] = [];
  const open = async (): Promise<Bus> => {
    const client = await openWired(testOptions(brokers, prefix));
    clients.push(client);
    return client.bus;
  };
  const bus = await open();
  return {
    bus,
    carriesEntries: true,
    write: (slices) => publishPatiently(bus, slices),
    groups: {
      another: open,
      die: (gone) => {
        clients.find((client) => client.bus === gone)?.wire.cut();
        return Promise.resolve();
      },
    },
    outage: {
      begin: () => {
        for (const { wire } of clients) wire.cut();
        return Promise.resolve();
      },
      end: () => {
        for (const { wire } of clients) wire.mend();
        return Promise.resolve();
      },
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.bus.close()));
      await dropTopics(brokers, prefix);
    },
  };
};

describeKafka('Kafka', (brokers) => {
  describeBus('Kafka', () => openUnderTest(brokers));
});
