import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryRelayStore, MemoryStore } from '@verdict/adapter-memory';
import { freshHistory, type History } from '@verdict/testkit';
import { EntryLog } from '../journals/entry-log.js';
import { journalName } from '../journals/kinds.js';
import { type Bus, BusUnavailable, type RelayedSlice } from '../ports/bus.js';
import { Relay } from './relay.js';
import type { RelayOptions } from './relay.types.js';

const QUICK: RelayOptions = { leaseMs: 150, compareEveryMs: 100, restMs: 1 };

/** Keeps what it was given, in order; can be away, and can lose the acknowledgement. */
class KeptBus implements Bus {
  readonly published: string[] = [];
  isAway = false;
  acknowledgementsToLose = 0;

  publish(slices: readonly RelayedSlice[]): Promise<void> {
    if (this.isAway) return Promise.reject(new BusUnavailable('away'));
    for (const { kind, tenantId, entries } of slices)
      for (const { revision } of entries) this.published.push(`${kind}-${tenantId} ${revision.toString()}`);
    if (this.acknowledgementsToLose === 0) return Promise.resolve();
    this.acknowledgementsToLose -= 1;
    return Promise.reject(new BusUnavailable('no acknowledgement'));
  }
  consume = () => Promise.reject(new Error('nobody consumes here'));
  ping = () => Promise.resolve();
  close = () => Promise.resolve();
}

const eventually = async (work: () => boolean): Promise<void> => {
  const deadline = Date.now() + 20_000;
  while (!work()) {
    if (Date.now() > deadline) throw new Error('it did not happen within twenty seconds');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

const running: Relay[] = [];
afterEach(async () => {
  for (const relay of running.splice(0)) await relay.stop();
});

const world = () => {
  const journals = new MemoryJournals({ store: new MemoryStore() });
  const bus = new KeptBus();
  const clock = { nowMs: () => Date.now() };
  const store = new MemoryRelayStore(clock);
  const led: string[] = [];
  const relay = (holder: string, options: RelayOptions = {}): Relay => {
    const observer = {
      led: ({ isLeader }: { readonly isLeader: boolean }) => void led.push(`${holder} ${String(isLeader)}`),
      published: () => undefined,
      unavailable: () => undefined,
    };
    const log = new EntryLog(journals);
    const made = new Relay('decisions', { log, bus, store, clock, holder }, { ...QUICK, observer, ...options });
    running.push(made);
    return made;
  };
  const append = async (history: History, count: number): Promise<void> => {
    const from = history.journals.decisions.length;
    for (let index = 0; index < count; index += 1) history.decide();
    await journals.append(
      journalName('decisions', history.tenantId),
      BigInt(from) - 1n,
      history.fresh('decisions').slice(from),
    );
  };
  return { journals, bus, store, led, relay, append };
};
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const linesOf = ({ tenantId }: History, count: number): readonly string[] =>
  numbers(count).map((revision) => `decisions-${tenantId} ${String(revision)}`);
const ofTenant = (bus: KeptBus, { tenantId }: History): readonly string[] =>
  bus.published.filter((line) => line.startsWith(`decisions-${tenantId} `));

describe('the relay', () => {
  it('publishes every entry of its kind in the order of the journal, what was there before it started too', async () => {
    const { bus, relay, append, journals } = world();
    const [first, second] = [freshHistory(), freshHistory()];
    await append(first, 3);
    first.setBudget(1);
    await journals.append(journalName('policy', first.tenantId), -1n, first.fresh('policy'));
    await relay('a').start();
    await append(second, 2);
    await append(first, 1);
    await eventually(() => bus.published.length >= 6);
    expect(ofTenant(bus, first)).toEqual(linesOf(first, 4));
    expect(ofTenant(bus, second)).toEqual(linesOf(second, 2));
    expect(bus.published.some((line) => line.startsWith('policy'))).toBe(false);
  });

  it('goes on from its mark after a restart', async () => {
    const { bus, relay, append } = world();
    const history = freshHistory();
    await append(history, 3);
    const first = relay('a');
    await first.start();
    await eventually(() => bus.published.length === 3);
    await first.stop();
    await append(history, 2);
    await relay('b').start();
    await eventually(() => bus.published.length >= 5);
    expect(bus.published).toEqual(linesOf(history, 5));
  });

  it('publishes again what was not acknowledged, and loses nothing while the bus is away', async () => {
    const { bus, relay, append } = world();
    const history = freshHistory();
    await relay('a').start();
    bus.acknowledgementsToLose = 1;
    await append(history, 2);
    await eventually(() => bus.published.length >= 4);
    expect(bus.published).toEqual([...linesOf(history, 2), ...linesOf(history, 2)]);
    bus.isAway = true;
    await append(history, 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    bus.isAway = false;
    await eventually(() => bus.published.length >= 6);
    expect(bus.published.slice(4)).toEqual(linesOf(history, 4).slice(2));
  });

  it('finds by comparison what no notice told', async () => {
    const { bus, relay, append, journals } = world();
    const history = freshHistory();
    await relay('a').start();
    await append(history, 1);
    await eventually(() => bus.published.length === 1);
    journals.faults.arm('lost_notice');
    await append(history, 1);
    await eventually(() => bus.published.length === 2);
  });

  it('is one of several at a time; another takes over when the leader dies, or at once when it stops', async () => {
    const { bus, relay, append, led, store } = world();
    const history = freshHistory();
    const leader = relay('a', { leaseMs: 60_000 });
    await leader.start();
    await append(history, 1);
    await eventually(() => bus.published.length === 1);
    await relay('b').start();
    await append(history, 1);
    await eventually(() => bus.published.length === 2);
    expect(led).toEqual(['a true']);
    await leader.stop();
    await append(history, 1);
    await eventually(() => bus.published.length === 3);
    expect(led).toEqual(['a true', 'a false', 'b true']);
    expect(bus.published).toEqual(linesOf(history, 3));
    // A holder that has died: nobody prolongs its lease.
    for (const each of running.splice(0)) await each.stop();
    await store.lease('decisions', 'dead', 100);
    await relay('c').start();
    await append(history, 1);
    await eventually(() => bus.published.length === 4);
  });

  it('gives every journal a turn while one has a long way to go', async () => {
    const { bus, relay, append } = world();
    const [busy, small] = [freshHistory(), freshHistory()];
    for (let round = 0; round < 6; round += 1) await append(busy, 400);
    await append(small, 1);
    await relay('a').start();
    await eventually(() => bus.published.length === 2_401);
    expect(bus.published.indexOf(`decisions-${small.tenantId} 0`)).toBeLessThan(2_400);
    expect(ofTenant(bus, busy)).toEqual(linesOf(busy, 2_400));
  });

  it('tells how far the bus is behind the log, and 0 when it has caught up', async () => {
    const { bus, relay, append } = world();
    const history = freshHistory();
    const made = relay('a');
    await made.start();
    await append(history, 1);
    await eventually(() => bus.published.length === 1 && made.lag().entries === 0);
    expect(made.lag()).toEqual({ isLeader: true, entries: 0, oldestMs: 0 });
    bus.isAway = true;
    await append(history, 3);
    await eventually(() => made.lag().entries === 3 && made.lag().oldestMs > 0);
    bus.isAway = false;
    await eventually(() => made.lag().entries === 0);
    expect(made.lag().oldestMs).toBe(0);
  });
});
