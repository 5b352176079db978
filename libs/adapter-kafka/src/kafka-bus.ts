import {
  type Bus,
  type BusConsumer,
  type BusObserver,
  BusUnavailable,
  type RelayedSlice,
  silentBusObserver,
  type Subscription,
} from '@verdict/application';
import { connectTo, type KafkaConnectionOptions } from './connection.js';
import { GroupConsumer, type GroupConsumerOptions } from './group-consumer.js';
import { Publisher } from './publisher.js';
import { within } from './time.js';
import { TopicRefused, Topics, type TopicSettings } from './topics.js';

export interface KafkaBusOptions extends KafkaConnectionOptions {
  /** Host in the origins of this log's journals: `<log host>/<tenant>/<kind>`. Records of another host are not taken. */
  readonly logHost: string;
  /** Topics are `<prefix>.<kind>.v1`, groups `<prefix>.<group>`. Default: `verdict`. */
  readonly topicPrefix?: string;
  /** Of topics that do not exist yet. */
  readonly topics?: TopicSettings;
  /** How long `publish` waits for the acknowledgement of all replicas in sync. Default 10,000. */
  readonly publishTimeoutMs?: number;
  /** When a group gives up on a member that fell silent. Default 30,000. */
  readonly sessionTimeoutMs?: number;
  readonly observer?: BusObserver;
}

const FIRST_LOOK_MS = 10_000;
const PING_MS = 5_000;

class KafkaBus implements Bus {
  private readonly consumers = new Set<GroupConsumer>();
  private isClosed = false;

  constructor(
    private readonly terms: GroupConsumerOptions,
    private readonly publisher: Publisher,
  ) {}

  publish(slices: readonly RelayedSlice[]): Promise<void> {
    return this.publisher.publish(slices);
  }

  consume(consumer: BusConsumer): Promise<Subscription> {
    if (this.isClosed) return Promise.reject(new BusUnavailable('the bus is closed'));
    const following = new GroupConsumer(consumer, this.terms);
    this.consumers.add(following);
    return Promise.resolve({
      close: async () => {
        await following.close();
        this.consumers.delete(following);
      },
    });
  }

  ping(): Promise<void> {
    return within(PING_MS, this.terms.topics.ping());
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.consumers].map((consumer) => consumer.close()));
    await this.publisher.close();
  }
}

/**
 * The bus on Kafka. Resolves also while no broker answers, and keeps trying: a service starts and answers without it.
 *
 * @throws TopicRefused when the brokers answer and one of the topics is compacted.
 * @source protocols sections 4 and 6
 */
export const openKafkaBus = async (options: KafkaBusOptions): Promise<Bus> => {
  const connect = () => connectTo(options);
  const topics = new Topics(connect, options.topicPrefix ?? 'verdict', options.topics);
  await within(FIRST_LOOK_MS, topics.ensure()).catch((error: unknown) => {
    if (error instanceof TopicRefused) throw error;
  });
  const { logHost, observer = silentBusObserver, sessionTimeoutMs = 30_000, publishTimeoutMs = 10_000 } = options;
  return new KafkaBus(
    { connect, topics, logHost, observer, sessionTimeoutMs },
    new Publisher({ connect, topics, logHost, timeoutMs: publishTimeoutMs }),
  );
};
