import { describe, expect, it } from '@jest/globals';
import type { BusObserver, Movement } from '@verdict/application';
import { SliceDelivery } from './slice-delivery.js';
import { LOG_HOST } from './testing/bus-clients.js';
import { entryAt, journalOf, recordOf } from './testing/records.js';

const NEVER = new AbortController().signal;
const journal = journalOf(3);
const records = [0, 1, 2].map((revision) => recordOf(journal, entryAt(journal, revision)));
const slice = { topic: 'verdict.decisions.v1', kind: 'decisions', partition: 2, records } as const;

interface Setting {
  readonly delivery: SliceDelivery;
  readonly told: Movement[];
  readonly reasons: string[];
  readonly interrupted: unknown[];
}

/** A consumer that rejects its first calls. */
const settingOf = (rejections: number, onRejection: () => void = () => undefined): Setting => {
  const told: Movement[] = [];
  const reasons: string[] = [];
  const interrupted: unknown[] = [];
  let left = rejections;
  const observer: BusObserver = {
    mismatched: ({ topic, partition, offset, reason }) => {
      reasons.push(`${topic} ${String(partition)} ${offset} ${reason}`);
    },
    interrupted: ({ error }) => interrupted.push(error),
  };
  const deliver = (movements: readonly Movement[]): Promise<void> => {
    if (left > 0) {
      left -= 1;
      onRejection();
      return Promise.reject(new Error('not now'));
    }
    told.push(...movements);
    return Promise.resolve();
  };
  const consumer = { group: 'g', kinds: ['decisions'], deliver } as const;
  return { delivery: new SliceDelivery(consumer, LOG_HOST, observer), told, reasons, interrupted };
};

describe('The delivery of a slice', () => {
  it('is one movement per journal with the entries of the slice', async () => {
    const { delivery, told } = settingOf(0);
    expect(await delivery.deliver(slice, NEVER)).toBe(true);
    expect(told.map(({ head, entries }) => [head, entries.length])).toEqual([[2n, 3]]);
  });

  it('is repeated until the consumer has dealt with it, and each refusal is reported', async () => {
    const { delivery, told, interrupted } = settingOf(2);
    expect(await delivery.deliver(slice, NEVER)).toBe(true);
    expect(interrupted).toHaveLength(2);
    expect(told).toHaveLength(1);
  });

  it('is given up when the partition is taken away, and counts as not dealt with', async () => {
    const leave = new AbortController();
    const { delivery, told } = settingOf(1, () => {
      leave.abort();
    });
    expect(await delivery.deliver(slice, leave.signal)).toBe(false);
    expect(told).toEqual([]);
    expect(await delivery.deliver(slice, NEVER)).toBe(true); // The journal is free again.
  });

  it('of nothing but tombstones is dealt with at once, and they are reported by their place', async () => {
    const { delivery, told, reasons } = settingOf(0);
    const tombstone = { ...records[0], key: null, value: null, offset: '17' };
    expect(await delivery.deliver({ ...slice, records: [tombstone] }, NEVER)).toBe(true);
    expect(told).toEqual([]);
    expect(reasons).toEqual(['verdict.decisions.v1 2 17 tombstone']);
  });
});
