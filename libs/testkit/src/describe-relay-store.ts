import { describe, expect, it } from '@jest/globals';
import { type JournalName, journalName, type RelayStore, type Revision } from '@verdict/application';

/** Stores that share one lease table, and its clock. Each test uses journals of its own. */
export interface RelayStoreUnderTest {
  readonly store: RelayStore;
  /** Lets `ms` pass on the store's clock. */
  pass(ms: number): Promise<void>;
}

let tenantCount = 0;
const freshTenant = (): string => {
  tenantCount += 1;
  return `relayed-${String(process.pid)}-${String(tenantCount)}`;
};
const marksOf = (...marks: readonly (readonly [JournalName, Revision])[]): ReadonlyMap<JournalName, Revision> =>
  new Map(marks);

/** The contract of the RelayStore port. */
export const describeRelayStore = (adapter: string, open: () => RelayStoreUnderTest): void => {
  describe(`RelayStore contract: ${adapter}`, () => {
    it('gives the lease of a kind to one holder at a time, who may prolong it', async () => {
      const { store } = open();
      expect(await store.lease('policy', 'a', 60_000)).toBe(true);
      expect(await store.lease('policy', 'b', 60_000)).toBe(false);
      expect(await store.lease('policy', 'a', 60_000)).toBe(true);
      await store.release('policy', 'a');
    });

    it('keeps the kinds apart', async () => {
      const { store } = open();
      expect(await store.lease('policy', 'a', 60_000)).toBe(true);
      expect(await store.lease('decisions', 'b', 60_000)).toBe(true);
      await Promise.all([store.release('policy', 'a'), store.release('decisions', 'b')]);
    });

    it('lets another take over when the lease has run out, and not before', async () => {
      const { store, pass } = open();
      expect(await store.lease('approvals', 'a', 400)).toBe(true);
      expect(await store.lease('approvals', 'b', 400)).toBe(false);
      await pass(450);
      expect(await store.lease('approvals', 'b', 60_000)).toBe(true);
      expect(await store.lease('approvals', 'a', 400)).toBe(false);
      await store.release('approvals', 'b');
    });

    it('lets another take over at once when the holder gives the lease back, and nobody else can give it back', async () => {
      const { store } = open();
      await store.lease('reservations', 'a', 60_000);
      await store.release('reservations', 'b');
      expect(await store.lease('reservations', 'b', 60_000)).toBe(false);
      await store.release('reservations', 'a');
      expect(await store.lease('reservations', 'b', 60_000)).toBe(true);
      await store.release('reservations', 'b');
    });

    it('gives one of many that ask at once the lease', async () => {
      const { store } = open();
      const holders = Array.from({ length: 16 }, (_, index) => `h-${String(index)}`);
      const results = await Promise.all(holders.map((holder) => store.lease('policy', holder, 60_000)));
      expect(results.filter(Boolean)).toHaveLength(1);
      await Promise.all(holders.map((holder) => store.release('policy', holder)));
    });

    it('keeps marks by journal and answers with those of the kind that was asked', async () => {
      const { store } = open();
      const tenant = freshTenant();
      const [decisions, approvals] = [journalName('decisions', tenant), journalName('approvals', tenant)];
      await store.advance(marksOf([decisions, 7n], [approvals, 9_007_199_254_740_993n]));
      expect((await store.marks('decisions')).get(decisions)).toBe(7n);
      expect((await store.marks('decisions')).has(approvals)).toBe(false);
      expect((await store.marks('approvals')).get(approvals)).toBe(9_007_199_254_740_993n);
    });

    it('never lets a mark fall, whoever comes late', async () => {
      const { store } = open();
      const journal = journalName('decisions', freshTenant());
      await store.advance(marksOf([journal, 5n]));
      await store.advance(marksOf([journal, 3n]));
      expect((await store.marks('decisions')).get(journal)).toBe(5n);
      await Promise.all([9n, 6n, 8n, 7n].map((next) => store.advance(marksOf([journal, next]))));
      expect((await store.marks('decisions')).get(journal)).toBe(9n);
    });

    it('takes a thousand marks at once', async () => {
      const { store } = open();
      const tenants = Array.from({ length: 1_000 }, freshTenant);
      await store.advance(new Map(tenants.map((tenant, index) => [journalName('policy', tenant), BigInt(index + 1)])));
      const marks = await store.marks('policy');
      expect(tenants.map((tenant) => marks.get(journalName('policy', tenant)))).toEqual(
        tenants.map((_, index) => BigInt(index + 1)),
      );
    });
  });
};
