import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith, usd } from '../../../../test/support/domain-world.js';
import type { DecisionRecorded } from './decisions.entries.js';

/**
 * Example W of contract section 9.3: plan ceiling 10000, enterprise 12000, tenant total 4000; tenant budget headroom 1000;
 * project web limit 1000, spent 300, held 462; reserved credits 150, emergency credits 500.
 */
const exampleW = (mode: 'soft' | 'hard') => {
  const world = new DomainWorld(
    policyWith({
      mode,
      entitlements: {
        plan_ceiling_monthly_usd: '10000.0000',
        enterprise_ceiling_monthly_usd: '12000.0000',
        hard_deny_above_monthly_usd: '5000.0000',
      },
    }),
  );
  const tenant = world.setBudget('5000').account;
  const web = world.setBudget('1000', { scope: 'project:web' }).account;
  world.spend(world.ask('300').decision_id, '300');
  world.ask('462');
  for (const project of ['api', 'ops']) world.ask('1619', { project });
  const reserved = world.grantCredit('150');
  const emergency = world.grantCredit('500', { pool: 'emergency', scope: 'tenant' });
  return { world, tenant, web, reserved, emergency };
};
type W = ReturnType<typeof exampleW>;

const legsOf = ({ hold }: DecisionRecorded, { tenant, web, reserved, emergency }: W) => {
  const names: Readonly<Record<string, string>> = {
    [tenant]: 'tenant',
    [web]: 'web',
    [reserved]: 'reserved',
    [emergency]: 'emergency',
  };
  return Object.fromEntries(hold.legs.map(({ account, amount_usd }) => [names[account] ?? account, amount_usd]));
};
const headroomsOf = ({ world, ...accounts }: W) =>
  Object.fromEntries(Object.entries(accounts).map(([name, account]) => [name, world.balance(account).headroom]));

const CREDITS = ['credit_waterfall_used', 'reserved_credit_waterfall_used', 'emergency_credit_waterfall_used'];

/** The rows of example W, and 888 beside them: the largest amount that can be funded. */
const ROWS = [
  { asked: '200', allocated: '200', c1: '0', c2: '0', unfunded: '0', hard: 'ALLOW', found: [], used: [] },
  {
    ...{ asked: '300', allocated: '238', c1: '62', c2: '0', unfunded: '0', hard: 'ALLOW_WITH_CREDITS' },
    ...{ found: [], used: CREDITS.slice(0, 2) },
  },
  {
    ...{ asked: '888', allocated: '238', c1: '150', c2: '500', unfunded: '0', hard: 'ALLOW_WITH_CREDITS' },
    ...{ found: [], used: CREDITS },
  },
  {
    ...{ asked: '1000', allocated: '238', c1: '150', c2: '500', unfunded: '112', hard: 'DENY' },
    ...{ found: ['budget_exceeded'], used: CREDITS },
  },
  {
    ...{ asked: '7000', allocated: '238', c1: '150', c2: '500', unfunded: '6112', hard: 'DENY' },
    ...{ found: ['hard_deny_threshold_exceeded', 'plan_limit_exceeded', 'budget_exceeded'], used: CREDITS },
  },
];
const reasonsOf = (found: readonly string[], mode: string, used: readonly string[]): readonly string[] => {
  const all = [...found, ...(found.length > 0 ? [mode] : []), ...used];
  return all.length > 0 ? all : ['within_policy'];
};
const text = (amount: string): string => `${amount}.0000`;

describe('example W', () => {
  it('starts where the contract does', () => {
    const w = exampleW('hard');
    expect(headroomsOf(w)).toEqual({
      tenant: usd('1000'),
      web: usd('238'),
      reserved: usd('150'),
      emergency: usd('500'),
    });
    expect(w.world.balance('ceiling:plan').headroom).toBe(usd('6000'));
    expect(w.world.balance('ceiling:enterprise').headroom).toBe(usd('8000'));
  });

  it.each(ROWS)('$asked in hard mode: A $allocated, C1 $c1, C2 $c2, U $unfunded is $hard', (row) => {
    const { asked, allocated, c1, c2, unfunded, hard, found, used } = row;
    const w = exampleW('hard');
    const before = headroomsOf(w);
    const recorded = w.world.ask(asked);
    expect(recorded).toMatchObject({
      decision: hard,
      reason_codes: reasonsOf(found, 'hard_mode_denied', hard === 'DENY' ? [] : used),
    });
    expect(recorded.hold.unfunded_usd).toBe(text(unfunded));
    const stage = Object.fromEntries(recorded.waterfall.map(({ stage: name, consumed_usd }) => [name, consumed_usd]));
    expect(stage).toMatchObject({
      project_allocation: text(allocated),
      reserved_credits: text(c1),
      org_emergency_credits: text(c2),
    });
    if (hard !== 'DENY') return;
    expect(recorded.hold).toMatchObject({ legs: [], total_usd: '0.0000' });
    expect(headroomsOf(w)).toEqual(before);
  });

  it.each(ROWS)('$asked in soft mode: budgets carry $allocated, credits $c1 and $c2, ceilings all of it', (row) => {
    const { asked, allocated, c1, c2, unfunded, hard, found, used } = row;
    const w = exampleW('soft');
    const recorded = w.world.ask(asked);
    const total = text(String(Number(allocated) + Number(c1) + Number(c2)));
    expect(recorded).toMatchObject({
      decision: hard === 'DENY' ? 'REQUIRE_APPROVAL' : hard,
      reason_codes: reasonsOf(found, 'soft_mode_escalation', used),
    });
    expect(recorded.hold).toMatchObject({ total_usd: total, unfunded_usd: text(unfunded) });
    expect(legsOf(recorded, w)).toEqual({
      tenant: text(allocated),
      web: text(allocated),
      'ceiling:plan': total,
      'ceiling:enterprise': total,
      ...(c1 === '0' ? {} : { reserved: text(c1) }),
      ...(c2 === '0' ? {} : { emergency: text(c2) }),
    });
    expect(headroomsOf(w)).toEqual({
      tenant: usd('1000') - usd(allocated),
      web: usd('238') - usd(allocated),
      reserved: usd('150') - usd(c1),
      emergency: usd('500') - usd(c2),
    });
    expect(w.world.balance('ceiling:plan').headroom).toBe(usd('6000') - usd(String(Number(total))));
  });

  it('reports what every stage had, gave and kept', () => {
    const { waterfall } = exampleW('hard').world.ask('1000');
    expect(
      waterfall.map((at) => [at.stage, at.status, at.available_usd, at.consumed_usd, at.remaining_usd].join(' ')),
    ).toEqual([
      'plan_limit pass 6000.0000 1000.0000 5000.0000',
      'project_allocation partial 238.0000 238.0000 0.0000',
      'reserved_credits partial 150.0000 150.0000 0.0000',
      'org_emergency_credits partial 500.0000 500.0000 0.0000',
      'enterprise_ceiling pass 8000.0000 1000.0000 7000.0000',
      'unfunded fail  112.0000 ',
    ]);
  });

  it('names the overage when 1000 is agreed to: 112 beyond every account, for that decision alone (scenario 13)', () => {
    const w = exampleW('soft');
    const recorded = w.world.ask('1000');
    expect(recorded.approval).toMatchObject({ unfunded_usd: '112.0000' });
    w.world.use(recorded);
    expect(w.world.written('exception_granted')).toMatchObject([
      { exception_id: `overage:${recorded.decision_id}`, limit_usd: '112.0000' },
    ]);
    expect(headroomsOf(w)).toEqual({ tenant: usd('762'), web: 0n, reserved: 0n, emergency: 0n });
    expect(w.world.balance(`overage:${recorded.decision_id}`)).toMatchObject({ held: usd('112'), headroom: 0n });
    expect(w.world.balance('ceiling:plan').held).toBe(usd('4588')); // 300 of the 4000 are spent, not held.
  });

  it('consumes allocation, then credits, and returns the rest to the grants they came from', () => {
    const w = exampleW('hard');
    const recorded = w.world.ask('500'); // 238 + 150 + 112
    w.world.spend(recorded.decision_id, '300'); // 238 + 62
    expect(headroomsOf(w)).toEqual({ tenant: usd('762'), web: 0n, reserved: usd('88'), emergency: usd('500') });
    expect(w.world.balance(w.reserved)).toMatchObject({ spent: usd('62'), held: 0n });
  });
});

describe('credits in the waterfall', () => {
  it('are not touched by a change that the budgets carry, nor by a saving', () => {
    const world = new DomainWorld();
    world.setBudget('100');
    const account = world.grantCredit('50');
    expect(world.ask('100').reason_codes).toEqual(['within_policy']);
    expect(world.ask('-10').reason_codes).toEqual(['cost_decrease']);
    expect(world.balance(account).headroom).toBe(usd('50'));
  });

  it('fund nothing above a ceiling: what it does not let pass stays unfunded', () => {
    const world = new DomainWorld(policyWith({ mode: 'soft', entitlements: { plan_ceiling_monthly_usd: '120.0000' } }));
    world.setBudget('100');
    world.grantCredit('500');
    const recorded = world.ask('150');
    expect(recorded.hold).toMatchObject({ total_usd: '120.0000', unfunded_usd: '30.0000' });
    expect(recorded.reason_codes).toEqual([
      'plan_limit_exceeded',
      'soft_mode_escalation',
      'credit_waterfall_used',
      'reserved_credit_waterfall_used',
    ]);
  });

  it('are charged once a month of the delta, however many months a budget is charged for', () => {
    const world = new DomainWorld();
    const { account: budget } = world.setBudget('90', { period: 'quarter', monthsCharged: 3 });
    const credit = world.grantCredit('100');
    expect(world.ask('50')).toMatchObject({ decision: 'ALLOW_WITH_CREDITS', hold: { total_usd: '50.0000' } });
    expect([world.balance(budget).held, world.balance(credit).held]).toEqual([usd('90'), usd('20')]);
    expect(world.balance('ceiling:plan').held).toBe(usd('50'));
  });

  it('fund a project whose budget is used up to the last cent', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('0', { scope: 'project:web' });
    world.grantCredit('10', { pool: 'emergency' });
    const recorded = world.ask('10');
    expect(recorded).toMatchObject({ decision: 'ALLOW_WITH_CREDITS' });
    expect(recorded.reason_codes).toEqual(['credit_waterfall_used', 'emergency_credit_waterfall_used']);
    expect(recorded.hold.legs.map((leg) => leg.account)).not.toContain(account);
  });

  it('do not stand in for a budget where none is configured: allocation funds it all', () => {
    const world = new DomainWorld();
    const account = world.grantCredit('10');
    expect(world.ask('10')).toMatchObject({ decision: 'ALLOW', reason_codes: ['no_budget_configured'] });
    expect(world.balance(account).held).toBe(0n);
  });

  it('are looked at but not held in shadow mode, which stays ALLOW', () => {
    const world = new DomainWorld(policyWith({ mode: 'shadow' }));
    world.setBudget('10');
    const account = world.grantCredit('50');
    const recorded = world.ask('30');
    expect(recorded).toMatchObject({ decision: 'ALLOW', finding: 'clean', would_be: null });
    expect(recorded.hold).toMatchObject({ legs: [], total_usd: '0.0000' });
    expect(world.balance(account).held).toBe(0n);
  });

  it('are not held by a dry run, which is named as the real change would be', () => {
    const world = new DomainWorld();
    world.setBudget('10');
    const account = world.grantCredit('50');
    expect(world.ask('30', { isDryRun: true })).toMatchObject({
      decision: 'ALLOW_WITH_CREDITS',
      hold: { legs: [], total_usd: '0.0000' },
    });
    expect(world.balance(account).held).toBe(0n);
  });

  it('are shown among the balances once they are drawn', () => {
    const world = new DomainWorld();
    world.setBudget('10');
    const account = world.grantCredit('50');
    expect(world.ask('30').balances_after.at(-1)).toEqual({
      account,
      limit_usd: '50.0000',
      spent_usd: '0.0000',
      held_usd: '20.0000',
      headroom_usd: '30.0000',
    });
  });
});
