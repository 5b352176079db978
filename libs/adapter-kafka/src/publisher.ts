import { BusUnavailable, type RelayedSlice } from '@verdict/application';
import { type Kafka, type Message, Partitioners, type Producer } from 'kafkajs';
import { headersOf } from './headers.js';
import { within } from './time.js';
import type { Topics } from './topics.js';

export interface PublisherOptions {
  readonly connect: () => Kafka;
  readonly topics: Topics;
  readonly logHost: string;
  readonly timeoutMs: number;
}

interface Addressed {
  readonly topic: string;
  readonly message: Message;
  readonly bytes: number;
}

/** Brokers refuse more than their `message.max.bytes` a batch, usually 1 MiB; an entry alone is at most a third of it. */
const REQUEST_BYTES_MAX = 512 * 1024;
const HEADER_BYTES = 512;
const CLOSE_MS = 15_000;
const ALL_IN_SYNC = -1;

const addressed = (topics: Topics, logHost: string, { kind, tenantId, entries }: RelayedSlice): readonly Addressed[] =>
  entries.map((entry) => ({
    topic: topics.nameOf(kind),
    bytes: entry.bytes.length + HEADER_BYTES,
    message: {
      key: tenantId,
      value: Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.length),
      headers: { ...headersOf(entry, { logHost, tenantId, kind }) },
    },
  }));

/** Cuts messages into requests, in order; one that is larger than a request goes alone. */
export const cutRequests = <T extends { readonly bytes: number }>(
  messages: readonly T[],
  bytesMax: number,
): readonly (readonly T[])[] => {
  const requests: T[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const last = requests.at(-1);
    bytes += message.bytes;
    if (last === undefined || bytes > bytesMax) {
      requests.push([message]);
      ({ bytes } = message);
    } else last.push(message);
  }
  return requests;
};

const byTopic = (messages: readonly Addressed[]): { topic: string; messages: Message[] }[] => {
  const topics = new Map<string, Message[]>();
  for (const { topic, message } of messages) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [message]);
    else known.push(message);
  }
  return [...topics].map(([topic, list]) => ({ topic, messages: list }));
};

/**
 * Sends entries and waits until all replicas in sync have them.
 *
 * The producer is idempotent to save the consumers work, not for their safety: this driver takes sequences back on any
 * error and goes on without a producer id when it could not get one. So whatever fails ends the producer, and the next
 * call has a new one.
 */
export class Publisher {
  private producer: Promise<Producer> | undefined;
  private readonly endings = new Set<Promise<void>>();
  private isClosed = false;

  constructor(private readonly options: PublisherOptions) {}

  async publish(slices: readonly RelayedSlice[]): Promise<void> {
    if (this.isClosed) throw new BusUnavailable('the bus is closed');
    const { topics, logHost, timeoutMs } = this.options;
    const messages = slices.flatMap((slice) => addressed(topics, logHost, slice));
    if (messages.length === 0) return;
    this.producer ??= this.open();
    const { producer } = this;
    const sending = this.send(producer, messages);
    try {
      await within(timeoutMs, sending);
    } catch (error) {
      if (this.producer === producer) this.producer = undefined;
      topics.forget();
      this.endLater(producer, sending);
      throw new BusUnavailable('Kafka did not acknowledge the entries', { cause: error });
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.producer !== undefined) this.endLater(this.producer, Promise.resolve());
    await within(CLOSE_MS, Promise.all(this.endings)).catch(() => undefined);
  }

  private async open(): Promise<Producer> {
    await this.options.topics.ensure();
    const producer = this.options.connect().producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    try {
      await producer.connect();
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
    return producer;
  }

  /** A request at a time, so that the order of a journal holds. */
  private async send(opening: Promise<Producer>, messages: readonly Addressed[]): Promise<void> {
    const producer = await opening;
    for (const request of cutRequests(messages, REQUEST_BYTES_MAX)) {
      await producer.sendBatch({
        acks: ALL_IN_SYNC,
        timeout: this.options.timeoutMs,
        topicMessages: byTopic(request),
      });
    }
  }

  private endLater(opening: Promise<Producer>, sending: Promise<void>): void {
    const ending = this.end(opening, sending).finally(() => this.endings.delete(ending));
    this.endings.add(ending);
  }

  /** Twice: a request that is tried again connects a producer that was disconnected, and would leave it so. */
  private async end(opening: Promise<Producer>, sending: Promise<void>): Promise<void> {
    const producer = await opening.catch(() => undefined);
    await producer?.disconnect().catch(() => undefined);
    await sending.catch(() => undefined);
    await producer?.disconnect().catch(() => undefined);
  }
}
