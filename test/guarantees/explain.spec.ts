import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryStore } from '@verdict/adapter-memory';
import { createCelRules } from '@verdict/adapter-cel';
import {
  createExplainDecision,
  EntryLog,
  type Explained,
  journalName,
  recordedDecision,
  type RecordedEntry,
} from '@verdict/application';
import { changeOf, MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

const worlds: ServiceWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});
const open = async (store: MemoryStore): Promise<ServiceWorld> => {
  const world = await new ServiceWorld({ store, idsFrom: store.snapshots.size * 1_000 }).start();
  worlds.push(world);
  return world;
};

/** What was held before, and what the decision holds, is what is held after it. */
const expectAddedUp = (before: Explained['balancesBefore'], { balances_after: after, hold }: Explained['recorded']) => {
  const held = before.map(({ account, held_usd }) => {
    const legs = hold.legs.filter((leg) => leg.account === account);
    return [account, legs.reduce((sum, { amount_usd }) => sum + usd(amount_usd), 0n + usd(held_usd))];
  });
  expect(held).toEqual(after.map(({ account, held_usd }) => [account, usd(held_usd)]));
};

/** An explanation, and the revisions of the decisions journal that were read for it. */
const explained = async (store: MemoryStore, decision: RecordedEntry) => {
  const read: bigint[] = [];
  class Watched extends MemoryJournals {
    override async *read(...[journal, from, limit]: Parameters<MemoryJournals['read']>) {
      for await (const entry of super.read(journal, from, limit)) {
        if (journal === journalName('decisions', 'acme')) read.push(entry.revision);
        yield entry;
      }
    }
  }
  const explain = createExplainDecision({ log: new EntryLog(new Watched({ store })), rules: createCelRules() });
  const { flips, balancesBefore, recorded } = await explain('acme', decision);
  expectAddedUp(balancesBefore, recorded);
  return { said: { flips, balancesBefore }, read };
};
const decide = async (world: ServiceWorld, amount: string): Promise<RecordedEntry> =>
  valueOf(await world.ask(amount)).entry;

/** Three decisions, the snapshot that stopping keeps, three more. The budget of 1000 is used up by the second and the fifth. */
const life = async () => {
  const store = new MemoryStore();
  const first = await open(store);
  await first.policy(MONEY_ONLY);
  await first.budget('1000');
  const before = [await decide(first, '400'), await decide(first, '500'), await decide(first, '300')];
  await first.settle();
  await first.stop();
  worlds.splice(0);
  expect([...store.snapshots.keys()].filter((key) => key.includes('gate'))).toHaveLength(1);
  const second = await open(store);
  const after = [await decide(second, '50'), await decide(second, '60'), await decide(second, '70')];
  return { store, before, after };
};

describe('explaining a decision', () => {
  it('folds from the newest snapshot, and says what folding everything says', async () => {
    const { store, after } = await life();
    for (const decision of after) {
      const { said, read } = await explained(store, decision);
      const bare = new MemoryStore();
      for (const [name, entries] of store.journals) bare.journals.set(name, entries);
      for (const [name, head] of store.heads) bare.heads.set(name, head);
      expect(said).toEqual((await explained(bare, decision)).said);
      expect(said.balancesBefore.length).toBeGreaterThan(0);
      expect(read[0]).toBe(2n); // The last entry of the snapshot, to see that it ends no command halfway.
      expect(read).not.toContain(1n);
    }
  });

  it('folds from the first entry where the snapshot holds the decision already', async () => {
    const { store, before } = await life();
    for (const [index, held] of ['0.0000', '400.0000', '900.0000'].entries()) {
      const decision = before[index];
      if (decision === undefined) throw new Error('there are three');
      const { said, read } = await explained(store, decision);
      expect(read[0]).toBe(0n);
      expect(said.balancesBefore.find(({ account }) => account.startsWith('budget:'))?.held_usd).toBe(held);
    }
  });

  it('looks at a decision that took over a hold as it was made: without that hold', async () => {
    const store = new MemoryStore();
    const world = await open(store);
    const asked = async () => valueOf(await world.decideChange(changeOf('60'), world.meta('dev-1'))).entry;
    await world.policy(MONEY_ONLY);
    await world.budget('100');
    await asked();
    world.clock.advance(901_000);
    const entitlements = { hard_deny_above_monthly_usd: usd('50') };
    await world.policy({ ...MONEY_ONLY, mode_matrix: { terraform: { default: 'soft' } }, entitlements });
    const second = await asked();
    const { said } = await explained(store, second);
    expect(recordedDecision(second)).toMatchObject({ decision: 'REQUIRE_APPROVAL', hold: { total_usd: '60.0000' } });
    expect(recordedDecision(second).supersedes).not.toBeNull();
    expect(said.balancesBefore[0]).toMatchObject({ held_usd: '0.0000', headroom_usd: '100.0000' });
    expect(said.flips.find(({ variable }) => variable === 'delta')?.to).toBe('50.0000');
  });

  it('shows the ceilings of the version that decided, also where a rollout brought it', async () => {
    const store = new MemoryStore();
    const world = await open(store);
    await world.policy(MONEY_ONLY);
    await world.policy(
      { ...MONEY_ONLY, entitlements: { ...MONEY_ONLY.entitlements, plan_ceiling_monthly_usd: usd('700') } },
      { cohort_percent: 93, salt: 'r1' }, // `web` is in cohort 92.
    );
    const { said } = await explained(store, await decide(world, '400'));
    expect(said.balancesBefore.find(({ account }) => account === 'ceiling:plan')).toMatchObject({
      limit_usd: '700.0000',
      headroom_usd: '700.0000',
    });
  });
});
