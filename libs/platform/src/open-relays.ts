import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { openRelayStore } from '@verdict/adapter-postgres';
import { type Bus, type Clock, type EntryLog, type JournalKind, Relay, type RelayObserver } from '@verdict/application';
import type { Metrics } from '@verdict/nest-kit';
import type { Logger } from 'pino';
import { tracedPublish } from './traced.js';

export interface RelayTerms {
  readonly kinds: readonly JournalKind[];
  /** Database of leases and marks, as the service role. */
  readonly url: string;
  readonly log: EntryLog;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const LAG_EVERY_MS = 1_000;

const observerOf = ({ logger, metrics }: RelayTerms): RelayObserver => ({
  led: ({ kind, isLeader }) => {
    metrics.relayLeader.set(isLeader ? 1 : 0, kind);
    logger.info(
      { kind },
      isLeader ? 'this process relays the journals from now on' : 'another process relays from now on',
    );
  },
  published: ({ kind, entries }) => {
    metrics.relayedEntries.add(entries, kind);
  },
  unavailable: ({ kind, error }) => {
    logger.warn({ kind, err: error }, 'the relay cannot publish; decisions go on, and it tries again from its mark');
  },
});

/** Starts a relay for each kind; none is needed where the bus is the log itself. */
export const openRelays = async (terms: RelayTerms): Promise<{ close(): Promise<void> }> => {
  const { kinds, url, log, bus, clock, metrics } = terms;
  if (kinds.length === 0) return { close: () => Promise.resolve() };
  const store = await openRelayStore(url);
  const holder = `${hostname()}:${process.pid.toString()}:${randomBytes(4).toString('hex')}`;
  const observer = observerOf(terms);
  const relays = kinds.map(
    (kind) => new Relay(kind, { log, bus, store, clock, holder }, { observer, around: tracedPublish }),
  );
  for (const relay of relays) await relay.start();
  const lag = setInterval(() => {
    for (const relay of relays) metrics.relayLagSeconds.set(relay.lag().oldestMs / 1_000, relay.kind);
  }, LAG_EVERY_MS);
  return {
    close: async () => {
      clearInterval(lag);
      await Promise.all(relays.map((relay) => relay.stop()));
      await store.close();
    },
  };
};
