import { JOURNAL_KINDS, type JournalKind } from '@verdict/application';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
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
/** Not among the names that Node can see in the driver's CommonJS module. */
const { TOPIC } = kafkajs.ConfigResourceTypes;
const CREATE_MS = 10_000;

/** `verdict.decisions.v1`, with `verdict` as the prefix. */
export const topicOf = (prefix: string, kind: JournalKind): string => `${prefix}.${kind}.v1`;

const kindOfTopic = (prefix: string, topic: string): JournalKind | undefined =>
  JOURNAL_KINDS.find((kind) => topicOf(prefix, kind) === topic);

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

  private async prepare(admin: Admin): Promise<void> {
    const names = JOURNAL_KINDS.map((kind) => this.nameOf(kind));
    const existing = new Set(await admin.listTopics());
    for (const name of names.filter((each) => !existing.has(each))) await this.create(admin, name);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: TOPIC, name, configNames: ['cleanup.policy'] })),
    });
    for (const { resourceName, configEntries } of resources) {
      const [policy] = configEntries;
      if (policy?.configValue.includes('compact') === true) {
        throw new TopicRefused(
          `topic ${resourceName} has cleanup.policy=${policy.configValue}: compaction keeps one record per tenant and ` +
            'loses the others; set it to delete',
        );
      }
    }
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
    await admin.createTopics({ topics: [created], waitForLeaders: true, timeout: CREATE_MS });
  }
}
