import { describe, expect, it } from '@jest/globals';
import { MemoryJournals } from '@verdict/adapter-memory';
import { sealEntry } from '@verdict/ledger';
import { EntryLog, type FreshEntry } from './entry-log.js';

const origin = 'log.test/acme/decisions';
const actor = { kind: 'user', id: 'dev-1', roles: [] } as const;
const fresh = (revision: bigint): FreshEntry => {
  const commandId = `c-${revision.toString()}`;
  const at = '2026-11-22T02:13:17.000Z';
  const payload = { number: Number(revision) };
  const sealed = sealEntry({
    origin,
    revision,
    type: 'added',
    typeV: 1,
    commandId,
    ordinal: 0,
    occurredAt: at,
    recordedAt: at,
    actor,
    causes: [],
    observed: { policy: 3 },
    correlationId: null,
    traceparent: null,
    payload,
  });
  const envelope = {
    typeV: 1,
    traceparent: null,
    commandId,
    recordedAt: at,
    actor,
    observed: { policy: 3 },
    causes: [],
  };
  return { ...sealed, payload, ...envelope };
};
const append = async (log: EntryLog, from: number, count: number) =>
  log.append(
    'decisions-acme',
    BigInt(from) - 1n,
    Array.from({ length: count }, (_, index) => fresh(BigInt(from + index))),
  );
const all = async (entries: AsyncIterable<unknown>): Promise<readonly unknown[]> => {
  const found: unknown[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
};

class CountingJournals extends MemoryJournals {
  reads = 0;
  override read(...asked: Parameters<MemoryJournals['read']>): ReturnType<MemoryJournals['read']> {
    this.reads += 1;
    return super.read(...asked);
  }
}

describe('the log as services read it', () => {
  it('gives what this process wrote exactly as another would read it from the store', async () => {
    const journals = new MemoryJournals();
    const writer = new EntryLog(journals);
    await append(writer, 0, 3);
    await append(writer, 3, 2);
    const other = new EntryLog(journals);
    for (const [from, limit] of [
      [0n, undefined],
      [2n, undefined],
      [1n, 2],
      [4n, 1],
      [5n, undefined],
    ] as const) {
      const [mine, theirs] = [
        await all(writer.read('decisions-acme', from, limit)),
        await all(other.read('decisions-acme', from, limit)),
      ];
      expect(
        mine.map((entry) => ({ ...(entry as FreshEntry), bytes: undefined, leafHash: undefined, storeId: undefined })),
      ).toEqual(
        theirs.map((entry) => ({
          ...(entry as FreshEntry),
          bytes: undefined,
          leafHash: undefined,
          storeId: undefined,
        })),
      );
      expect(mine.map((entry) => Buffer.from((entry as FreshEntry).bytes).toString())).toEqual(
        theirs.map((entry) => Buffer.from((entry as FreshEntry).bytes).toString()),
      );
    }
  });

  it('keeps nothing of an append that may not be in the log', async () => {
    const journals = new MemoryJournals();
    const log = new EntryLog(journals);
    await append(log, 0, 1);
    journals.faults.arm('crash_before_commit');
    expect(await append(log, 1, 1)).toEqual({ kind: 'unknown' });
    journals.faults.arm('conflict');
    expect(await append(log, 1, 1)).toEqual({ kind: 'conflict' });
    expect(await all(log.read('decisions-acme', 0n))).toHaveLength(1);
  });

  it('reads on from the store where another process went on', async () => {
    const journals = new MemoryJournals();
    const [first, second] = [new EntryLog(journals), new EntryLog(journals)];
    await append(first, 0, 2);
    await append(second, 2, 2);
    await append(first, 4, 1);
    expect(await all(first.read('decisions-acme', 0n))).toHaveLength(5);
    expect(await all(first.read('decisions-acme', 4n))).toHaveLength(1);
  });

  it('still has old entries after its own tail was cut', async () => {
    const log = new EntryLog(new MemoryJournals());
    for (let from = 0; from < 1_500; from += 300) await append(log, from, 300);
    expect(await all(log.read('decisions-acme', 0n))).toHaveLength(1_500);
    expect(await all(log.read('decisions-acme', 1_499n))).toHaveLength(1);
  });

  it('lets an entry go 150 ms after its append, however few there are, and reads it from the store from then on', async () => {
    const journals = new CountingJournals();
    let now = 0;
    const log = new EntryLog(journals, undefined, () => now);
    await append(log, 0, 2);
    now = 100;
    await append(log, 2, 2);
    now = 150;
    await append(log, 4, 1);
    expect(await all(log.read('decisions-acme', 0n))).toHaveLength(5);
    expect(journals.reads).toBe(0);
    now = 151;
    await append(log, 5, 1);
    expect(await all(log.read('decisions-acme', 2n))).toHaveLength(4);
    expect(journals.reads).toBe(0);
    expect(await all(log.read('decisions-acme', 0n))).toHaveLength(6);
    expect(journals.reads).toBe(1);
  });
});
