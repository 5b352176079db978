import { describe, expect, it } from '@jest/globals';
import { JOURNAL_KINDS, type JournalKind, journalName, type RecordedEntry } from '@verdict/application';
import { pause } from '../journals-contract/under-test.js';
import type { History } from '../read-models-contract/history.js';
import {
  answering,
  eventually,
  type Follower,
  follow,
  freshGroup,
  grow,
  historyOf,
  type OpenBus,
  sliceOf,
  TEST_MS,
  usingBus,
} from './under-test.js';

/** Whether a consumer is at the head of a journal of each of these tenants. */
const isAtHead = ({ recorder }: Follower, histories: readonly History[], kind: JournalKind): boolean =>
  histories.every((history) => {
    const head = BigInt(history.journals[kind].length - 1);
    return recorder.hasReached(journalName(kind, history.tenantId), head);
  });

const expectSame = (carried: RecordedEntry | undefined, written: RecordedEntry): void => {
  if (carried === undefined) return; // Not carried: the consumer reads the log.
  expect(Buffer.compare(carried.bytes, written.bytes)).toBe(0);
  expect(Buffer.compare(carried.leafHash, written.leafHash)).toBe(0);
  expect({ ...carried, bytes: [], leafHash: [] }).toEqual({ ...written, bytes: [], leafHash: [] });
};

export const describeDelivery = (open: OpenBus): void => {
  describe('delivery', () => {
    it(
      'brings each group and each consumer without a group to the head of every journal',
      usingBus(open, async (under) => {
        const kinds = [...JOURNAL_KINDS];
        const followers = [
          await follow(under, { group: freshGroup(), kinds }),
          await follow(under, { group: freshGroup(), kinds }),
          await follow(under, { group: undefined, kinds }),
          await follow(under, { group: undefined, kinds }),
        ];
        const tenants = Array.from({ length: 5 }, () => historyOf('decisions', 3));
        for (const tenant of tenants) for (const kind of kinds) grow(tenant, kind);
        await under.write(tenants.flatMap((tenant) => kinds.map((kind) => sliceOf(tenant, kind))));
        await eventually(() => followers.every((each) => kinds.every((kind) => isAtHead(each, tenants, kind))));
        for (const { recorder } of followers) expect(recorder.faults).toEqual([]);
      }),
      TEST_MS,
    );

    it(
      'tells a group that begins late of every journal that moved before',
      usingBus(open, async (under) => {
        const tenants = Array.from({ length: 5 }, () => historyOf('policy', 2));
        await under.write(tenants.map((tenant) => sliceOf(tenant, 'policy')));
        const late = await follow(under, { group: freshGroup(), kinds: ['policy'] });
        await eventually(() => isAtHead(late, tenants, 'policy'));
      }),
      TEST_MS,
    );

    it(
      'tells a consumer of the kinds that it asked for, and of no other',
      usingBus(open, async (under) => {
        const asked = await follow(under, { group: freshGroup(), kinds: ['approvals', 'policy'] });
        const tenant = historyOf('decisions', 2);
        for (const kind of JOURNAL_KINDS) grow(tenant, kind);
        await under.write(JOURNAL_KINDS.map((kind) => sliceOf(tenant, kind)));
        await eventually(() => isAtHead(asked, [tenant], 'approvals') && isAtHead(asked, [tenant], 'policy'));
        const others = [...asked.recorder.heads.keys()].filter((journal) => !/^(approvals|policy)-/.test(journal));
        expect(others).toEqual([]);
      }),
      TEST_MS,
    );

    it(
      'carries entries with their bytes as they were written',
      usingBus(open, async (under) => {
        const { recorder } = await follow(under, { group: freshGroup(), kinds: ['decisions'] });
        const tenant = historyOf('decisions', 40);
        const written = tenant.recorded('decisions');
        const journal = journalName('decisions', tenant.tenantId);
        for (const [start, end] of [
          [0, 1],
          [1, 15],
          [15, 40],
        ] as const) {
          await under.write([sliceOf(tenant, 'decisions', start, end)]);
          await eventually(() => recorder.hasReached(journal, BigInt(end - 1)));
        }
        const carried = recorder.carried.get(journal);
        for (const entry of written) expectSame(carried?.get(entry.revision), entry);
        expect((carried?.size ?? 0) > 0).toBe(under.carriesEntries);
        expect(recorder.faults).toEqual([]);
      }),
      TEST_MS,
    );

    it.each([
      ['a group', freshGroup()],
      ['a consumer without a group', undefined],
    ] as const)(
      'delivers again to %s what it rejected, and skips nothing',
      async (_, group) => {
        await usingBus(open, async (under) => {
          const rejecting = await follow(under, { group, kinds: ['decisions', 'reservations'] });
          const { recorder } = rejecting;
          const tenants = Array.from({ length: 4 }, () => historyOf('decisions', 2));
          for (const tenant of tenants) grow(tenant, 'reservations');
          recorder.rejectNext(3);
          for (const tenant of tenants) {
            await under.write([sliceOf(tenant, 'decisions', 0, 1), sliceOf(tenant, 'reservations')]);
            await under.write([sliceOf(tenant, 'decisions', 1)]);
          }
          await eventually(
            () => isAtHead(rejecting, tenants, 'decisions') && isAtHead(rejecting, tenants, 'reservations'),
          );
          expect(recorder.rejections).toBe(3);
          expect(recorder.faults).toEqual([]);
        })();
      },
      TEST_MS,
    );

    it(
      'makes one call at a time for a journal, however fast it grows',
      usingBus(open, async (under) => {
        const slow = await follow(under, { group: freshGroup(), kinds: ['decisions', 'approvals'] });
        slow.recorder.takeLong(5);
        const tenants = [historyOf('decisions', 0), historyOf('decisions', 0)];
        for (let round = 0; round < 30; round += 1) {
          for (const tenant of tenants) for (const kind of ['decisions', 'approvals'] as const) grow(tenant, kind);
          await under.write(
            tenants.flatMap((tenant) => [sliceOf(tenant, 'decisions', round), sliceOf(tenant, 'approvals', round)]),
          );
        }
        await eventually(() => isAtHead(slow, tenants, 'decisions') && isAtHead(slow, tenants, 'approvals'));
        expect(slow.recorder.faults).toEqual([]);
      }),
      TEST_MS,
    );

    it(
      'tells a closed consumer nothing more, and waits for the call under way',
      usingBus(open, async (under) => {
        const closed = await follow(under, { group: freshGroup(), kinds: ['decisions'] });
        const other = await follow(under, { group: freshGroup(), kinds: ['decisions'] });
        closed.recorder.takeLong(300);
        const before = historyOf('decisions', 1);
        await under.write([sliceOf(before, 'decisions')]);
        await eventually(() => closed.recorder.isBusy);
        await closed.subscription.close();
        expect(closed.recorder.isBusy).toBe(false);
        const after = historyOf('decisions', 1);
        await under.write([sliceOf(after, 'decisions')]);
        await eventually(() => isAtHead(other, [before, after], 'decisions'));
        await pause(200);
        expect(isAtHead(closed, [after], 'decisions')).toBe(false);
      }),
      TEST_MS,
    );

    it(
      'answers a ping',
      usingBus(open, ({ bus }) => answering(bus)),
      TEST_MS,
    );
  });
};
