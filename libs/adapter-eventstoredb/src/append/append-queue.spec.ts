import { describe, expect, it } from '@jest/globals';
import { AppendQueue } from './append-queue.js';

const waiting = (journal: string, expected: bigint) => ({
  ...{ journal, expected, entries: [] },
  ...{ resolve: () => undefined, reject: () => undefined },
});

describe('The append queue', () => {
  it('lets one append of a journal under way at a time, in the order of arrival', () => {
    const queue = new AppendQueue();
    for (const expected of [0n, 1n, 2n]) queue.add(waiting('a', expected));
    expect(queue.take()?.expected).toBe(0n);
    expect(queue.take()).toBeUndefined();
    expect(queue.size).toBe(2);
    queue.done('a');
    expect(queue.take()?.expected).toBe(1n);
    queue.add(waiting('a', 3n));
    queue.done('a');
    expect(queue.take()?.expected).toBe(2n);
    queue.done('a');
    expect(queue.take()?.expected).toBe(3n);
    queue.done('a');
    expect(queue.take()).toBeUndefined();
    expect(queue.size).toBe(0);
  });

  it('gives every journal a turn before one has its second', () => {
    const queue = new AppendQueue();
    for (const journal of ['a', 'a', 'b', 'c', 'a']) queue.add(waiting(journal, 0n));
    const order: string[] = [];
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      order.push(next.journal);
      queue.done(next.journal);
    }
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a']);
  });
});
