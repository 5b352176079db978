import { JOURNAL_KINDS, type JournalKind } from '@verdict/application';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { setTimeout as pause } from 'node:timers/promises';
import { withAdmin } from './connection.js';

export interface TopicSettings {
  /** May be raised later by the operator. Default 6. */
  readonly partitions?: number;
  /** Default 3. */
  readonly replicationFactor?: number;
  /** Default: one less than the replication factor, at least 1. */
  readonly minInsyncReplicas?: number;
}

/** A topic is set up so that records of the journals would be lost in it; an operator has to look. */
export class TopicRefused extends Error {
  override readonly name = 'TopicRefused';
}

export const RECORD_BYTES_MAX = 1024 * 1024;
const LOOK_AGAIN_MS = 50;
const LOOKS_MAX = 200;
/** Not among the names that Node can see in the driver's CommonJS module. */
const { ConfigResourceTypes, KafkaJSProtocolError } = kafkajs;
const CREATE_MS = 10_000;

/** `verdict.decisions.v1`, with `verdict` as the prefix. */
export const topicOf = (prefix: string, kind: JournalKind): string => `${prefix}.${kind}.v1`;

const kindOfTopic = (prefix: string, topic: string): JournalKind | undefined =>
  JOURNAL_KINDS.find((kind) => topicOf(prefix, kind) === topic);

const isUnknownTopic = (error: unknown): boolean =>
  error instanceof KafkaJSProtocolError && error.type === 'UNKNOWN_TOPIC_OR_PARTITION';

/** undefined while there is no such topic. Asks for it alone: a list of all would fail with anybody's topic in change. */
const cleanupPolicyOf = async (admin: Admin, topic: string): Promise<string | undefined> => {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy'] };
  try {
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    return resources[0]?.configEntries[0]?.configValue;
  } catch (error) {
    if (isUnknownTopic(error)) return undefined;
    throw error;
  }
};

/** The topics of a tenant's journals: their names, and that they exist as the records need them. */
export class Topics {
  private ready: Promise<void> | undefined;

  constructor(
    private readonly connect: () => Kafka,
    readonly prefix: string,
    private readonly settings: TopicSettings = {},
  ) {}

  nameOf(kind: JournalKind): string {
    return topicOf(this.prefix, kind);
  }

  kindOf(topic: string): JournalKind | undefined {
    return kindOfTopic(this.prefix, topic);
  }

  /**
   * Makes the topics that are missing and looks at the others; once, until `forget`.
   * @throws TopicRefused when a topic is compacted: its key is the tenant, so all but one record of each would go.
   */
  ensure(): Promise<void> {
    this.ready ??= withAdmin(this.connect(), (admin) => this.prepare(admin)).catch((error: unknown) => {
      this.forget();
      throw error;
    });
    return this.ready;
  }

  /** Somebody may have deleted them: the next `ensure` looks again. */
  forget(): void {
    this.ready = undefined;
  }

  /** Whether the brokers answer, and have the topics. */
  async ping(): Promise<void> {
    await this.ensure();
    const topics = JOURNAL_KINDS.map((kind) => this.nameOf(kind));
    await withAdmin(this.connect(), (admin) => admin.fetchTopicMetadata({ topics }));
  }

  private async prepare(admin: Admin): Promise<void> {
    for (const kind of JOURNAL_KINDS) {
      const topic = this.nameOf(kind);
      const policy = (await cleanupPolicyOf(admin, topic)) ?? (await this.make(admin, topic));
      if (policy.includes('compact')) {
        throw new TopicRefused(
          `topic ${topic} has cleanup.policy=${policy}: compaction keeps one record per tenant and loses the others; ` +
            'set it to delete',
        );
      }
    }
  }

  /** The brokers hear of a new topic from their controller, a moment after it said yes. */
  private async make(admin: Admin, topic: string): Promise<string> {
    await this.create(admin, topic);
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const policy = await cleanupPolicyOf(admin, topic);
      if (policy !== undefined) return policy;
      await pause(LOOK_AGAIN_MS);
    }
    throw new Error(`topic ${topic} was made, but the brokers do not know it`);
  }

  /** Resolves also when another process was faster. */
  private async create(admin: Admin, topic: string): Promise<void> {
    const { partitions = 6, replicationFactor = 3 } = this.settings;
    const minInsync = this.settings.minInsyncReplicas ?? Math.max(1, replicationFactor - 1);
    const configEntries = [
      { name: 'cleanup.policy', value: 'delete' },
      { name: 'max.message.bytes', value: String(RECORD_BYTES_MAX) },
      { name: 'min.insync.replicas', value: String(minInsync) },
    ];
    const created = { topic, numPartitions: partitions, replicationFactor, configEntries };
    await admin.createTopics({ topics: [created], waitForLeaders: false, timeout: CREATE_MS });
  }
}
