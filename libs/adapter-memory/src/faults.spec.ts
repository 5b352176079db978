import { describe, expect, it } from '@jest/globals';
import { JournalGap } from '@verdict/application';
import { batchAfter, drain } from '@verdict/testkit';
import { MemoryJournals } from './memory-journals.js';

const journal = 'decisions-acme';
const entries = batchAfter(journal, -1n, ['a', 'b']);

describe('Faults of the memory journals', () => {
  it('strike as often as they were armed, and are counted', async () => {
    const journals = new MemoryJournals();
    journals.faults.arm('crash_before_commit', 2);
    const kinds: string[] = [];
    for (let round = 0; round < 3; round += 1) kinds.push((await journals.append(journal, -1n, entries)).kind);
    expect(kinds).toEqual(['unknown', 'unknown', 'appended']);
    expect(journals.faults.count('crash_before_commit')).toBe(2);
  });

  it('tell a crash before the commit from one after it', async () => {
    const journals = new MemoryJournals();
    journals.faults.arm('crash_before_commit');
    await journals.append(journal, -1n, entries);
    expect(await journals.heads([journal])).toEqual([-1n]);
    journals.faults.arm('crash_after_commit');
    await journals.append(journal, -1n, entries);
    expect(await journals.heads([journal])).toEqual([1n]);
  });

  it('answer conflict to the only writer without storing anything', async () => {
    const journals = new MemoryJournals();
    journals.faults.arm('conflict');
    expect(await journals.append(journal, -1n, entries)).toEqual({ kind: 'conflict' });
    expect(await journals.heads([journal])).toEqual([-1n]);
  });

  it('make what was under way unknown when the store crashes, and keep what was acknowledged', async () => {
    const journals = new MemoryJournals();
    await journals.append(journal, -1n, entries);
    journals.faults.arm('delay');
    const pending = journals.append(journal, 1n, batchAfter(journal, 1n, ['c']));
    journals.crash();
    expect(await pending).toEqual({ kind: 'unknown' });
    expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
  });

  it('repeat, delay or lose notices, and a poll repeats the lost ones', async () => {
    const journals = new MemoryJournals();
    const told: bigint[] = [];
    await journals.subscribe((_, head) => told.push(head));
    const append = async (expected: bigint): Promise<readonly bigint[]> => {
      told.length = 0;
      await journals.append(journal, expected, batchAfter(journal, expected, ['x']));
      for (let turn = 0; turn < 3; turn += 1) await journals.list();
      return [...told];
    };
    journals.faults.arm('duplicate_notice');
    expect(await append(-1n)).toEqual([0n, 0n]);
    journals.faults.arm('lost_notice');
    expect(await append(0n)).toEqual([]);
    journals.poll();
    await journals.list();
    expect(told).toEqual([1n]);
    journals.faults.arm('late_notice');
    expect(await append(1n)).toEqual([]);
    await journals.list();
    await journals.list();
    expect(told).toEqual([2n]);
  });

  it('find a gap where there is none', async () => {
    const journals = new MemoryJournals();
    await journals.append(journal, -1n, entries);
    journals.faults.arm('gap');
    await expect(drain(journals.read(journal, 0n))).rejects.toThrow(JournalGap);
    expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
  });
});
