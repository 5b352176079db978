import { describe, expect, it } from '@jest/globals';
import type { Waiting } from './append-queue.js';
import { AppendQueue } from './append-queue.js';

const LIMITS = { entries: 10, bytes: 100 };
const nothing = (): void => undefined;

const waiting = (journal: string, entryCount = 1, bytes = 1): Waiting => ({
  ...{ journal, expected: -1n, seen: [], bytes, resolve: nothing, reject: nothing },
  entries: Array.from({ length: entryCount }, () => ({
    ...{ type: 't', storeId: '', leafHash: new Uint8Array(32), bytes: new Uint8Array(1) },
  })),
});
const names = (group: readonly Waiting[]): readonly string[] => group.map(({ journal }) => journal);

describe('The queue of appends', () => {
  it('takes one append per journal, sorted by name', () => {
    const queue = new AppendQueue();
    for (const journal of ['b', 'a', 'b', 'c']) queue.add(waiting(journal));
    expect(names(queue.take(LIMITS))).toEqual(['a', 'b', 'c']);
    expect(queue.size).toBe(1);
  });

  it('leaves a journal alone while an append of it is under way', () => {
    const queue = new AppendQueue();
    for (const journal of ['a', 'a', 'b']) queue.add(waiting(journal));
    const first = queue.take({ entries: 1, bytes: 100 });
    expect(names(first)).toEqual(['a']);
    expect(names(queue.take(LIMITS))).toEqual(['b']);
    expect(queue.take(LIMITS)).toEqual([]);
    queue.done(first);
    expect(names(queue.take(LIMITS))).toEqual(['a']);
  });

  it('stops at the limits, but takes a single append that exceeds them', () => {
    const queue = new AppendQueue();
    queue.add(waiting('a', 11));
    queue.add(waiting('b', 1, 101));
    queue.add(waiting('c', 6));
    queue.add(waiting('d', 5));
    expect([1, 2, 3, 4].map(() => names(queue.take(LIMITS)))).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  it('gives every journal a turn before a busy one gets its second', () => {
    const queue = new AppendQueue();
    for (const journal of ['a', 'a', 'a', 'b', 'c']) queue.add(waiting(journal));
    const taken = [1, 2, 3, 4, 5].map(() => {
      const group = queue.take({ entries: 1, bytes: 100 });
      queue.done(group);
      return names(group).join();
    });
    expect(taken).toEqual(['a', 'b', 'c', 'a', 'a']);
  });
});
