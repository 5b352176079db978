import { describe, expect, it } from '@jest/globals';
import { journalName } from '@verdict/application';
import type { History } from '../read-models-contract/history.js';
import type { Recorder } from './recorder.js';
import {
  type BusUnderTest,
  eventually,
  follow,
  freshGroup,
  grow,
  historyOf,
  type OpenBus,
  sliceOf,
  TEST_MS,
  usingBus,
} from './under-test.js';

const KINDS = ['decisions'] as const;
const journalOf = ({ tenantId }: History): string => journalName('decisions', tenantId);
const headOf = ({ journals }: History): bigint => BigInt(journals.decisions.length - 1);

const tenantsOf = (count: number): readonly History[] => Array.from({ length: count }, () => historyOf('decisions', 0));

/** One more entry in the journal of each tenant. */
const writeRound = async (under: BusUnderTest, tenants: readonly History[]): Promise<void> => {
  for (const tenant of tenants) grow(tenant, 'decisions');
  await under.write(tenants.map((tenant) => sliceOf(tenant, 'decisions', Number(headOf(tenant)))));
};

const haveAll = (members: readonly Recorder[], tenants: readonly History[]): boolean =>
  tenants.every((tenant) => members.some((member) => member.hasReached(journalOf(tenant), headOf(tenant))));

const toldOf = (member: Recorder, tenants: readonly History[]): readonly History[] =>
  tenants.filter((tenant) => member.heads.has(journalOf(tenant)));

const need = <T>(part: T | undefined): T => {
  if (part === undefined) throw new Error('this part of the suite is for buses with groups across processes');
  return part;
};

export const describeGroups = (open: OpenBus): void => {
  describe('groups across processes', () => {
    it(
      'share the journals between their members',
      usingBus(open, async (under) => {
        const { another } = need(under.groups);
        const group = freshGroup();
        const first = await follow(under, { group, kinds: KINDS });
        const second = await follow(under, { group, kinds: KINDS, bus: await another() });
        const members = [first.recorder, second.recorder];
        const tenants = tenantsOf(24);
        // How they are dealt out settles in a while; before that a journal may be told of to both.
        await eventually(async () => {
          for (const member of members) member.forget();
          await writeRound(under, tenants);
          await eventually(() => haveAll(members, tenants));
          return members.every((member) => {
            const { length } = toldOf(member, tenants);
            return length > 0 && length < tenants.length;
          });
        });
        for (const member of members) expect(member.faults).toEqual([]);
      }),
      TEST_MS,
    );

    it(
      'go on with those who are left when a member is gone without a word',
      usingBus(open, async (under) => {
        const { another, die } = need(under.groups);
        const group = freshGroup();
        const staying = await follow(under, { group, kinds: KINDS });
        const going = await another();
        const gone = await follow(under, { group, kinds: KINDS, bus: going });
        const tenants = tenantsOf(12);
        await writeRound(under, tenants);
        await eventually(() => haveAll([staying.recorder, gone.recorder], tenants));
        await die(going);
        await writeRound(under, tenants);
        await eventually(() => haveAll([staying.recorder], tenants));
        expect(staying.recorder.faults).toEqual([]);
      }),
      TEST_MS,
    );

    it(
      'are not told again, after a restart, of what they have dealt with',
      usingBus(open, async (under) => {
        const { another } = need(under.groups);
        const group = freshGroup();
        const before = await follow(under, { group, kinds: KINDS, bus: await another() });
        const old = tenantsOf(6);
        await writeRound(under, old);
        await eventually(() => haveAll([before.recorder], old));
        const last = tenantsOf(6);
        await writeRound(under, last);
        await eventually(() => haveAll([before.recorder], last));
        await before.subscription.close();
        const missed = tenantsOf(6);
        await writeRound(under, missed);
        const after = await follow(under, { group, kinds: KINDS, bus: await another() });
        await eventually(() => haveAll([after.recorder], missed));
        expect(toldOf(after.recorder, old)).toEqual([]); // Those of the last slice may come twice.
      }),
      TEST_MS,
    );
  });
};
