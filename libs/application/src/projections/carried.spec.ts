import { describe, expect, it } from '@jest/globals';
import type { RecordedEntry } from '../journals/entry-log.js';
import { Carried } from './carried.js';

const entries = (from: number, to: number): readonly RecordedEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ revision: BigInt(from + index) }) as RecordedEntry);
const revisions = (taken: readonly RecordedEntry[]): readonly number[] => taken.map(({ revision }) => Number(revision));

describe('entries that a bus has carried', () => {
  it('are given from the revision asked, in order, at most as many as asked, and once', () => {
    const carried = new Carried();
    carried.put('decisions-acme', entries(3, 6));
    expect(revisions(carried.take('decisions-acme', 4n, 2))).toEqual([4, 5]);
    expect(revisions(carried.take('decisions-acme', 6n, 9))).toEqual([6]);
    expect(revisions(carried.take('decisions-acme', 6n, 9))).toEqual([]);
    expect(carried.size).toBe(0);
  });

  it('are not given across a gap: what lies before them is in the log', () => {
    const carried = new Carried();
    carried.put('decisions-acme', entries(3, 4));
    expect(carried.take('decisions-acme', 2n, 9)).toEqual([]);
    expect(revisions(carried.take('decisions-acme', 3n, 9))).toEqual([3, 4]);
  });

  it('stay consecutive however they come: doubled, overlapping, or with a hole', () => {
    const carried = new Carried();
    carried.put('decisions-acme', entries(0, 2));
    carried.put('decisions-acme', entries(1, 3));
    carried.put('decisions-acme', entries(0, 3));
    expect(revisions(carried.take('decisions-acme', 0n, 9))).toEqual([0, 1, 2, 3]);
    carried.put('decisions-acme', entries(4, 5));
    carried.put('decisions-acme', entries(8, 9));
    expect(carried.take('decisions-acme', 4n, 9)).toEqual([]);
    expect(revisions(carried.take('decisions-acme', 8n, 9))).toEqual([8, 9]);
  });

  it('never grow beyond their bounds, in one journal or in all', () => {
    const carried = new Carried();
    carried.put('decisions-acme', entries(0, 4_999));
    expect(carried.size).toBe(1_000);
    for (let tenant = 0; tenant < 100; tenant += 1) carried.put(`decisions-t${String(tenant)}`, entries(0, 900));
    expect(carried.size).toBeLessThanOrEqual(20_000);
  });
});
