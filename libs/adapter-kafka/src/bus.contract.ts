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
import { eventually } from './testing/eventually.js';

const openUnderTest = async (brokers: readonly string[]): Promise<BusUnderTest> => {
  const prefix = freshPrefix();
  const clients: WiredBus[] = [];
  const open = async (): Promise<WiredBus> => {
    const client = await openWired(testOptions(brokers, prefix));
    clients.push(client);
    return client;
  };
  const { bus, wire, interruptions } = await open();
  let before = 0;
  return {
    bus,
    carriesEntries: true,
    write: (slices) => publishPatiently(bus, slices),
    groups: {
      another: async () => (await open()).bus,
      die: (gone) => {
        clients.find((client) => client.bus === gone)?.wire.cut();
        return Promise.resolve();
      },
    },
    outage: {
      begin: () => {
        before = interruptions();
        wire.cut();
        return Promise.resolve();
      },
      end: async () => {
        await eventually(() => interruptions() > before); // The driver itself gets over a shorter one.
        wire.mend();
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
