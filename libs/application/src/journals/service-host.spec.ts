import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryStore } from '@verdict/adapter-memory';
import { fixedClock } from '@verdict/testkit';
import { LogUnreadable } from '../ports/journals.js';
import { silentObserver } from '../ports/system.js';
import { EntryLog } from './entry-log.js';
import { JOURNAL_KINDS, journalName, originOf, parseJournalName } from './kinds.js';
import { ServiceHost } from './service-host.js';
import { decodeState, encodeState } from './state-codec.js';
import type { ServiceDefinition } from './service-definition.js';

interface Seen {
  readonly total: bigint;
  readonly folds: number;
}

/** `folded` notes every fold, so that a test sees whether a snapshot spared any. */
const summing = (stateVersion = 1): ServiceDefinition<Seen, bigint, bigint> & { readonly folded: bigint[] } => {
  const folded: bigint[] = [];
  return {
    folded,
    name: 'summing',
    own: ['reservations'],
    kinds: ['reservations'],
    initial: { total: 0n, folds: 0 },
    stateVersion,
    journalOf: () => 'reservations',
    decide: (amount, { total }) => ({
      entries: [{ type: 'added', payload: { amount: amount.toString() } }],
      answer: total + amount,
    }),
    evolve: (state, _kind, { payload, revision }) => {
      folded.push(revision);
      return { total: state.total + BigInt((payload as { readonly amount: string }).amount), folds: state.folds + 1 };
    },
    reactions: () => [],
  };
};

const hosts: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});
const open = (store: MemoryStore, service = summing()) => {
  const journals = new MemoryJournals({ store });
  const sealer = { seal: () => ({ kid: '', iv: '', ct: '', tag: '' }), open: () => undefined };
  const host = new ServiceHost(service, {
    log: new EntryLog(journals),
    clock: fixedClock(),
    sealer,
    observer: silentObserver,
    logHost: 'log.test',
  });
  hosts.push(host);
  const add = (amount: bigint, tenantId = 'acme') =>
    host.execute(tenantId, amount, {
      commandId: `c-${String(store.head('reservations-acme'))}-${amount.toString()}`,
      actor: { kind: 'user', id: 'a', roles: [] },
      correlationId: null,
      traceparent: null,
      causes: [],
    });
  return { host, add, service, journals };
};
const NAME = 'reservations-acme';

/** Three entries and the snapshot that stopping keeps. */
const stopped = async (): Promise<MemoryStore> => {
  const store = new MemoryStore();
  const { host, add } = open(store);
  await host.start();
  for (const amount of [1n, 2n, 4n]) await add(amount);
  await host.stop();
  return store;
};
const keyOf = (store: MemoryStore): string => [...store.snapshots.keys()][0] ?? '';

describe('a tenant that is opened', () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

  it.each(['loadSnapshot', 'heads', 'read'] as const)(
    'is unavailable while the log fails its %s, and available after',
    async (method) => {
      const { host, add, journals } = open(await stopped());
      const { [method]: sound } = journals;
      const fails = () => Promise.reject(away);
      Object.assign(journals, {
        [method]: method === 'read' ? () => ({ [Symbol.asyncIterator]: () => ({ next: fails }) }) : fails,
      });
      expect(await add(1n)).toEqual({ kind: 'unavailable' });
      await expect(host.caughtUp('acme')).rejects.toThrow(LogUnreadable);
      Object.assign(journals, { [method]: sound });
      expect(await add(1n)).toMatchObject({ kind: 'committed', answer: 8n });
    },
  );

  it('fails, and is not called unavailable, when its journals cannot be folded', async () => {
    const service: ReturnType<typeof summing> = {
      ...summing(2),
      evolve: () => {
        throw new TypeError('a defect');
      },
    };
    const { host, add } = open(await stopped(), service);
    expect(await add(1n)).toEqual({ kind: 'failed', error: new TypeError('a defect') });
    await expect(host.current('acme')).rejects.toThrow(TypeError);
  });
});

describe('snapshots', () => {
  it('and the tail give the state that folding everything gives', async () => {
    const store = await stopped();
    expect(store.snapshots.size).toBe(1);
    await open(store, summing(2)).add(8n); // A service of another version, so that the snapshot stays as it is.
    const { host, service } = open(store);
    expect((await host.caughtUp('acme')).state).toEqual({ total: 15n, folds: 4 });
    expect(service.folded).toEqual([3n]);
  });

  it('of another state version are dropped', async () => {
    const { host, service } = open(await stopped(), summing(2));
    expect((await host.caughtUp('acme')).state.total).toBe(7n);
    expect(service.folded).toEqual([0n, 1n, 2n]);
  });

  it('of another journal, as the leaf hash tells, are dropped', async () => {
    const store = await stopped();
    const snapshot = store.snapshots.get(keyOf(store));
    if (snapshot === undefined) throw new Error('no snapshot');
    store.snapshots.set(keyOf(store), { ...snapshot, leafHash: new Uint8Array(32) });
    const { host, service } = open(store);
    expect((await host.caughtUp('acme')).state.total).toBe(7n);
    expect(service.folded).toEqual([0n, 1n, 2n]);
  });

  it('from beyond the end of the journal are dropped', async () => {
    const store = await stopped();
    store.journals.set(NAME, (store.journals.get(NAME) ?? []).slice(0, 2));
    store.heads.set(NAME, 1n);
    expect((await open(store).host.caughtUp('acme')).state.total).toBe(3n);
  });

  it('hold the folded state, and are believed', async () => {
    const store = await stopped();
    const snapshot = store.snapshots.get(keyOf(store));
    if (snapshot === undefined) throw new Error('no snapshot');
    const body = decodeState(snapshot.state) as { readonly state: Seen };
    expect(body.state).toEqual({ total: 7n, folds: 3 });
    store.snapshots.set(keyOf(store), {
      ...snapshot,
      state: encodeState({ ...body, state: { total: 1000n, folds: 0 } }),
    });
    expect((await open(store).host.caughtUp('acme')).state.total).toBe(1000n);
  });
});

describe('a service over all tenants', () => {
  it('keeps them apart', async () => {
    const { add } = open(new MemoryStore());
    await add(1n, 'acme');
    expect(await add(10n, 'globex')).toMatchObject({ kind: 'committed', answer: 10n });
  });

  it('follows what other processes write', async () => {
    const store = new MemoryStore();
    const { host } = open(store);
    await host.start();
    await open(store).add(5n);
    for (let turn = 0; turn < 50 && (await host.current('acme')).state.total === 0n; turn += 1)
      await new Promise((resolve) => setImmediate(resolve));
    expect((await host.current('acme')).state.total).toBe(5n);
  });
});

describe('names of journals', () => {
  it('name kind and tenant, also of tenants with dashes', () => {
    for (const kind of JOURNAL_KINDS)
      expect(parseJournalName(journalName(kind, 'acme-eu-1'))).toEqual({ kind, tenantId: 'acme-eu-1' });
    expect(parseJournalName('system')).toBeUndefined();
    expect(parseJournalName('operations-acme')).toBeUndefined();
    expect(originOf('log.test', 'acme', 'decisions')).toBe('log.test/acme/decisions');
  });
});
