import type { BusConsumer, BusObserver, Subscription } from '@verdict/application';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { withAdmin } from './connection.js';
import { keepBeating } from './heartbeats.js';
import { SliceDelivery } from './slice-delivery.js';
import { type BackoffTerms, backoffMs, pause, within } from './time.js';
import type { Topics } from './topics.js';

export interface GroupConsumerOptions {
  readonly connect: () => Kafka;
  readonly topics: Topics;
  readonly logHost: string;
  readonly observer: BusObserver;
  readonly sessionTimeoutMs: number;
}

const SLICE_RECORDS_MAX = 200;
const PARTITIONS_AT_ONCE = 4;
const HEARTBEAT_MS = 3_000;
const FETCH_WAIT_MS = 500;
/** Longer than a commit takes, so that a slow broker does not make every close a redelivery. */
const CLOSE_MS = 15_000;
const RECONNECT: BackoffTerms = { firstMs: 100, longestMs: 5_000 };

const slicesOf = (messages: readonly KafkaMessage[]): readonly (readonly KafkaMessage[])[] => {
  const slices: KafkaMessage[][] = [];
  for (let from = 0; from < messages.length; from += SLICE_RECORDS_MAX) {
    slices.push(messages.slice(from, from + SLICE_RECORDS_MAX));
  }
  return slices;
};

/** Resolves when the signal aborts, and never once `over` has. */
const aborted = (signal: AbortSignal, over: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true, signal: over });
  });

const partitionKey = (topic: string, partition: number): string => `${topic} ${String(partition)}`;

/**
 * Follows the topics of some kinds as a member of a group, for as long as it is open: whatever ends the driver's consumer,
 * a new one takes its place.
 *
 * Without a group it is the only member of one made up for this process. Nothing is committed then: where it is in each
 * partition is kept here, from the end of the topics at the first connection, so that a lost connection skips nothing.
 */
export class GroupConsumer implements Subscription {
  private readonly closing = new AbortController();
  private readonly delivery: SliceDelivery;
  private readonly groupId: string;
  private readonly heartbeatMs: number;
  /** Next offset of each partition; undefined in a real group, whose offsets the brokers keep. */
  private readonly positions: Map<string, string> | undefined;
  private isLocated = false;
  private failures = 0;
  private readonly running: Promise<void>;

  constructor(
    private readonly consumer: BusConsumer,
    private readonly options: GroupConsumerOptions,
  ) {
    this.delivery = new SliceDelivery(consumer, options.logHost, options.observer);
    // Deployments may share brokers: in one group their members would be given each other's topics.
    this.groupId = `${options.topics.prefix}.${consumer.group ?? randomUUID()}`;
    this.positions = consumer.group === undefined ? new Map() : undefined;
    this.heartbeatMs = Math.min(HEARTBEAT_MS, Math.trunc(options.sessionTimeoutMs / 3));
    this.running = this.keepRunning();
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  private async keepRunning(): Promise<void> {
    const { signal } = this.closing;
    while (!this.isClosing()) {
      try {
        await this.runOnce();
      } catch (error) {
        if (this.isClosing()) return;
        this.failures += 1;
        this.options.topics.forget();
        this.options.observer.interrupted({ group: this.consumer.group, error });
        await pause(backoffMs(RECONNECT, this.failures), signal);
      }
    }
  }

  /** Resolves when the consumer was closed; rejects with what ended it before. */
  private async runOnce(): Promise<void> {
    const { signal } = this.closing;
    const kafka = this.options.connect();
    const consumer = kafka.consumer({
      groupId: this.groupId,
      sessionTimeout: this.options.sessionTimeoutMs,
      heartbeatInterval: this.heartbeatMs,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      // A crash is this class's business: one way back, and not two at once.
      retry: { restartOnFailure: () => Promise.resolve(false) },
    });
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
    });
    crashed.catch(() => undefined);
    const following = this.follow(kafka, consumer);
    const over = new AbortController();
    try {
      await Promise.race([aborted(signal, over.signal), following.then(() => crashed)]);
    } finally {
      over.abort();
      await within(CLOSE_MS, this.end(following, consumer)).catch(() => undefined);
    }
  }

  /** Waits for the deliveries under way: the driver ends a consumer after its batches. */
  private async end(following: Promise<void>, consumer: Consumer): Promise<void> {
    await following.catch(() => undefined);
    await consumer.disconnect();
  }

  private async follow(kafka: Kafka, consumer: Consumer): Promise<void> {
    const { topics } = this.options;
    await topics.ensure();
    if (!this.isLocated) await this.locate(kafka);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.failures = 0;
      this.seekTo(consumer, payload.memberAssignment);
    });
    if (this.isClosing()) return;
    await consumer.connect();
    await consumer.subscribe({ topics: this.topicNames(), fromBeginning: this.positions === undefined });
    if (this.isClosing()) return;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (batch) => this.eachBatch(batch),
    });
  }

  private topicNames(): string[] {
    return this.consumer.kinds.map((kind) => this.options.topics.nameOf(kind));
  }

  /** Notes where the topics end now. */
  private async locate(kafka: Kafka): Promise<void> {
    const { positions } = this;
    if (positions !== undefined) {
      await withAdmin(kafka, async (admin) => {
        for (const topic of this.topicNames()) {
          for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
            positions.set(partitionKey(topic, partition), high);
          }
        }
      });
    }
    this.isLocated = true;
  }

  /** After every join, since the driver forgets where it was. A partition without a position was added later. */
  private seekTo(consumer: Consumer, assignment: Readonly<Record<string, readonly number[]>>): void {
    const { positions } = this;
    if (positions === undefined) return;
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        consumer.seek({ topic, partition, offset: positions.get(partitionKey(topic, partition)) ?? '0' });
      }
    }
  }

  /** Leaving without a word makes the driver fetch the same records again, from the last slice that was dealt with. */
  private async eachBatch(payload: EachBatchPayload): Promise<void> {
    for (const records of slicesOf(payload.batch.messages)) {
      if (this.isClosing() || !payload.isRunning() || payload.isStale()) return;
      await payload.heartbeat(); // Throws when the partition may belong to somebody else by now.
      if (!(await this.deliver(payload, records))) return;
    }
  }

  /** Whether the slice is dealt with. Rejects when the group has moved on meanwhile, which makes the driver join again. */
  private async deliver(payload: EachBatchPayload, records: readonly KafkaMessage[]): Promise<boolean> {
    const { topic, partition } = payload.batch;
    const kind = this.options.topics.kindOf(topic);
    if (kind === undefined) return false;
    const beats = keepBeating(() => payload.heartbeat(), this.heartbeatMs);
    try {
      const leave = AbortSignal.any([this.closing.signal, beats.lost]);
      const isDone = await this.delivery.deliver({ topic, kind, partition, records }, leave);
      if (isDone) await this.dealtWith(payload, records.at(-1)?.offset);
      beats.lost.throwIfAborted();
      return isDone;
    } finally {
      beats.stop();
    }
  }

  private async dealtWith(payload: EachBatchPayload, last: string | undefined): Promise<void> {
    if (last === undefined) return;
    const { topic, partition } = payload.batch;
    const offset = (BigInt(last) + 1n).toString();
    payload.resolveOffset(last);
    if (this.positions !== undefined) this.positions.set(partitionKey(topic, partition), offset);
    else await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
  }
}
