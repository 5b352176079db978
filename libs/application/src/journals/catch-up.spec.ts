import { describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryStore } from '@verdict/adapter-memory';
import { sealEntry } from '@verdict/ledger';
import { type AppendResult, LogUnreadable } from '../ports/journals.js';
import { catchUp, type Progress } from './catch-up.js';
import { EntryLog } from './entry-log.js';
import { type Folded, NOTHING_FOLDED, PinnedEntryMissing } from './fold-in-order.js';
import type { JournalKind } from './kinds.js';

/** Remembers the order of what it folds: no two folds commute. */
const service = {
  own: ['decisions'] as const,
  kinds: ['policy', 'decisions', 'reservations'] as const,
  evolve: (state: string, _kind: JournalKind, { type }: { readonly type: string }) => `${state} ${type}`,
};
const EMPTY: Progress<string> = {
  at: { state: '', folded: NOTHING_FOLDED },
  pinned: { state: '', folded: NOTHING_FOLDED },
};

const world = () => {
  const journals = new MemoryJournals({ store: new MemoryStore() });
  const log = new EntryLog(journals);
  const write = (
    kind: JournalKind,
    revision: number,
    type: string,
    observed: Readonly<Record<string, number>> = {},
  ): Promise<AppendResult> => {
    const entry = sealEntry({
      ...{
        origin: `verdict.test/acme/${kind}`,
        revision: BigInt(revision),
        type,
        typeV: 1,
        commandId: type,
        ordinal: 0,
      },
      ...{ occurredAt: '2026-11-22T02:13:17.000Z', recordedAt: '2026-11-22T02:13:17.000Z' },
      ...{ actor: { kind: 'system', id: 'test', roles: [] }, causes: [], observed, correlationId: null },
      ...{ traceparent: null, payload: {} },
    });
    return journals.append(`${kind}-acme`, BigInt(revision) - 1n, [{ ...entry, type }]);
  };
  const run = (from: Progress<string>, heads?: Partial<Folded>) =>
    catchUp(from, service, { log, tenantId: 'acme', heads });
  return { journals, write, run };
};

describe('catching up', () => {
  it('takes the order that a later own entry pins, also where its writer had seen less than was folded here (G7)', async () => {
    const { write, run } = world();
    await write('decisions', 0, 'd0', { reservations: -1 });
    await write('reservations', 0, 'r0');
    const ahead = await run(EMPTY);
    expect(ahead.at.state).toBe(' d0 r0');
    await write('decisions', 1, 'd1', { reservations: -1 }); // Another replica, which had not seen r0.
    await write('reservations', 1, 'r1');
    const live = await run(ahead);
    expect(live.at.state).toBe(' d0 d1 r0 r1');
    expect(live.pinned.state).toBe(' d0 d1');
    expect((await run(EMPTY)).at).toEqual(live.at); // As a restart folds it.
  });

  it('goes on from where it is while no own entry is new', async () => {
    const { write, run } = world();
    await write('decisions', 0, 'd0');
    const first = await run(EMPTY);
    await write('policy', 0, 'p0');
    const second = await run(first);
    expect([second.at.state, second.pinned.state]).toEqual([' d0 p0', ' d0']);
  });

  it('takes a cause before its effect, also where it was told of the effect alone', async () => {
    const { write, run } = world();
    await write('policy', 0, 'p0');
    await write('reservations', 0, 'r0', { policy: 0 });
    await write('policy', 1, 'p1');
    const told = await run(EMPTY, { reservations: 0n });
    expect(told.at.state).toMatch(/^ p0 (?:p1 )?r0/);
    expect((await run(EMPTY)).at.state).toBe(told.at.state);
  });

  it('folds nothing of an effect whose cause cannot be read', async () => {
    const { write, run } = world();
    await write('reservations', 0, 'r0', { policy: 0 });
    await expect(run(EMPTY, { reservations: 0n })).rejects.toThrow(PinnedEntryMissing);
  });

  it('folds what the heads say also where a cause is not there, as an export may end between the two', async () => {
    const { write, run } = world();
    await write('reservations', 0, 'r0', { policy: 0 });
    expect((await run(EMPTY)).at.state).toBe(' r0');
  });

  it('folds as far as it was told, and asks for no heads', async () => {
    const { journals, write, run } = world();
    await write('policy', 0, 'p0');
    await write('reservations', 0, 'r0');
    journals.heads = () => Promise.reject(new Error('asked'));
    expect((await run(EMPTY, { policy: 0n })).at.state).toBe(' p0');
    expect((await run(EMPTY, {})).at.state).toBe('');
  });

  it('folds nothing when the log says less than its heads', async () => {
    const { journals, write, run } = world();
    await write('decisions', 0, 'd0');
    journals.read = () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
    });
    await expect(run(EMPTY)).rejects.toThrow(LogUnreadable);
  });
});
