import { type Bus, type BusObserver, BusUnavailable, JOURNAL_KINDS, type RelayedSlice } from '@verdict/application';
import { Kafka, logLevel } from 'kafkajs';
import { randomBytes } from 'node:crypto';
import { type KafkaBusOptions, openKafkaBus } from '../kafka-bus.js';
import { topicOf } from '../topics.js';
import { createWire, type Wire } from './wire.js';

/** The host in the origins of the journals that tests write. */
export const LOG_HOST = 'verdict.test';

export const freshPrefix = (): string => `verdict-test-${randomBytes(6).toString('hex')}`;

export const plainClient = (brokers: readonly string[]): Kafka =>
  new Kafka({ clientId: 'test', brokers: [...brokers], logLevel: logLevel.NOTHING });

/** Short times and one replica. */
export const testOptions = (brokers: readonly string[], topicPrefix: string): KafkaBusOptions => ({
  brokers,
  topicPrefix,
  logHost: LOG_HOST,
  topics: { partitions: 3, replicationFactor: 1 },
  sessionTimeoutMs: 6_000, // What a broker with default settings allows at least.
});

export interface WiredBus {
  readonly bus: Bus;
  readonly wire: Wire;
  /** How often its consumers were interrupted. */
  interruptions(): number;
}

export const openWired = async (options: KafkaBusOptions, { wire = createWire() } = {}): Promise<WiredBus> => {
  let count = 0;
  const observer: BusObserver = {
    mismatched: () => undefined,
    interrupted: () => {
      count += 1;
    },
  };
  const { socketFactory } = wire;
  return { bus: await openKafkaBus({ observer, ...options, socketFactory }), wire, interruptions: () => count };
};

/** As a relay does: what was not acknowledged is sent again. */
export const publishPatiently = async (bus: Bus, slices: readonly RelayedSlice[]): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      await bus.publish(slices);
      return;
    } catch (error) {
      if (!(error instanceof BusUnavailable) || tries === 60) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    }
  }
};

/** Brokers may be somebody's own: tests leave no topics there, as far as they can. */
export const dropTopics = async (brokers: readonly string[], prefix: string): Promise<void> => {
  const admin = plainClient(brokers).admin();
  await admin.connect();
  for (const kind of JOURNAL_KINDS) {
    await admin.deleteTopics({ topics: [topicOf(prefix, kind)] }).catch(() => undefined);
  }
  await admin.disconnect();
};
