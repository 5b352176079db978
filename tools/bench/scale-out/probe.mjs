import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { percentile } from '../recorder.mjs';
import { until } from '../child.mjs';

const FETCH_WAIT_MS = 200;

const textOf = (header) => header?.toString() ?? '';

/**
 * A plain consumer of the topic of decisions, as somebody else's system would be one. Notes of each entry, once, how long
 * after `recorded_at` it arrived here: decided, appended, relayed and fetched.
 */
export const openProbe = async ({ brokers, topic }) => {
  const kafka = new Kafka({ clientId: 'bench-probe', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({
    groupId: `bench-probe-${randomBytes(4).toString('hex')}`,
    maxWaitTimeInMs: FETCH_WAIT_MS,
  });
  const seen = new Set();
  const partitionOf = new Map();
  let lags = [];
  let doubled = 0;
  let listener = () => undefined;
  const arrived = ({ key, headers }, partition) => {
    const id = textOf(headers.ce_id);
    if (seen.has(id)) doubled += 1;
    else {
      seen.add(id);
      const recordedAtMs = Date.parse(textOf(headers.ce_time));
      lags.push(Date.now() - recordedAtMs);
      partitionOf.set(textOf(key), partition);
      listener({ recordedAtMs, atMs: Date.now() });
    }
  };
  let isJoined = false;
  consumer.on(consumer.events.GROUP_JOIN, () => (isJoined = true));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: false });
  await consumer.run({
    eachBatch: async ({ batch: { messages, partition } }) => {
      for (const message of messages) arrived(message, partition);
    },
  });
  await until('the probe has joined its group', async () => (isJoined ? true : undefined));
  return {
    /** Partition of each tenant that was seen. */
    partitionOf,
    reset: () => {
      lags = [];
      doubled = 0;
    },
    get count() {
      return lags.length;
    },
    onArrival: (listen) => (listener = listen),
    summary: () => {
      const sorted = Float64Array.from(lags).sort();
      return {
        entries: sorted.length,
        doubled,
        p50Ms: percentile(sorted, 50),
        p99Ms: percentile(sorted, 99),
        maxMs: sorted.at(-1) ?? 0,
      };
    },
    close: () => consumer.disconnect(),
  };
};
