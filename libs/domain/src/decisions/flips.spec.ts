import { describe, expect, it } from '@jest/globals';
import { DomainWorld, entriesOf, policyWith, pricedAt } from '../../../../test/support/domain-world.js';
import { microUsd } from '../shared/money.js';
import { type BatchResult, decideChanges } from './batch.js';
import { type Flip, flipsOf } from './flips.js';

const explained = (world: DomainWorld, amount: string | null, more: Parameters<DomainWorld['question']>[1] = {}) => {
  const command = world.question(amount, more);
  const state = world.gate;
  const result = world.decide(command);
  const entry = result.kind === 'accepted' ? result.entries.at(-1) : undefined;
  if (entry?.type !== 'decision_recorded') throw new Error('not decided');
  return { decision: entry.payload.decision, flips: flipsOf({ command, state, recorded: entry.payload }) };
};
const toOf = (flips: readonly Flip[], variable: string) => flips.find((flip) => flip.variable === variable)?.to;

describe('the smallest change that flips an outcome', () => {
  it('is nothing for a change that was permitted', () => {
    expect(explained(new DomainWorld(), '10')).toEqual({ decision: 'ALLOW', flips: [] });
  });

  it('of an amount above the budget is what is left, of the budget and of credits what is missing', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('888');
    const { decision, flips } = explained(world, '1000');
    expect(decision).toBe('DENY');
    expect(toOf(flips, 'delta')).toBe('888.0000');
    expect(toOf(flips, account)).toBe('1000.0000');
    expect(toOf(flips, 'credit')).toBe('+112.0000');
  });

  it('of an hourly amount alone is found as that of a monthly one', () => {
    const world = new DomainWorld();
    world.setBudget('300');
    const { decision, flips } = explained(world, null, { hourly: microUsd(500_000n) });
    expect(decision).toBe('DENY');
    expect(toOf(flips, 'delta')).toBe('300.0000');
  });

  it('counts a budget that is charged several months by all of them', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100', { period: 'year', monthsCharged: 12 });
    expect(toOf(explained(world, '10').flips, account)).toBe('120.0000');
  });

  it('names no budget where another limit stands in the way as well', () => {
    const world = new DomainWorld(policyWith({ entitlements: { plan_ceiling_monthly_usd: '50.0000' } }));
    const { account } = world.setBudget('40');
    const { flips } = explained(world, '60');
    expect(toOf(flips, account)).toBeUndefined();
    expect(toOf(flips, 'credit')).toBeUndefined();
    expect(toOf(flips, 'delta')).toBe('40.0000');
  });

  it('raises a budget that was lowered below what is committed up to where the change fits', () => {
    const world = new DomainWorld();
    const { account, budgetId } = world.setBudget('1000');
    world.ask('900');
    world.changeBudget(budgetId, '100', { whenCommitted: 'ratchet' });
    expect(explained(world, '50').flips.find(({ variable }) => variable === account)).toEqual({
      variable: account,
      from: '100.0000',
      to: '950.0000',
      verified: true,
    });
  });

  it('raises a budget by its forecast up to where forecast, holds and change fit', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('5000', { basis: 'forecast', scope: 'project:web' });
    const days = Array.from({ length: 10 }, (_, index) => `2026-11-${String(index + 1).padStart(2, '0')}`);
    world.importCosts(Object.fromEntries(days.map((day) => [day, '310'])));
    expect(toOf(explained(world, '300').flips, account)).toBe('9600.0000');
  });

  it('is the nearest amount that passes, also where a smaller one is refused again', () => {
    const toLead = { id: 's', quorum: 1, roles: ['lead'], groups: [], subjects: [], deny_quorum: 1 };
    const between = (id: string, effect: 'require' | 'waive', min: string | null, max: string | null) => ({
      ...{ id, effect, enabled: true, overrides: {}, require: effect === 'waive' ? null : toLead },
      match: { monthly_delta_usd: { min, max } },
    });
    const routing = [between('small', 'require', '30.0000', '40.0000'), between('large', 'require', '45.0000', null)];
    const world = new DomainWorld(policyWith({ mode: 'soft', approval: { routing: routing as never } }));
    expect(toOf(explained(world, '60').flips, 'delta')).toBe('44.9999');
  });

  it.each([
    ['as micro-USD', 'cost.monthly < 900000000 && cost.monthly > 400000000', '905.0000'],
    ['with six places', 'cost.monthly < usd("900.000000") && cost.monthly > usd("400.000000")', '905.0000'],
    ['an hour', 'cost.hourly < usd("1.232876") && cost.hourly > usd("0.5")', '905.0000'],
  ])('is the nearest amount that passes, where a condition names amounts %s', (_, condition, nearest) => {
    const rule = { id: 'r', enabled: true, condition, effect: 'deny' as const, message: '', obligation: null };
    const world = new DomainWorld(policyWith({ rules: [{ ...rule, cost_budget: 100 }] }));
    world.setBudget('905');
    expect(toOf(explained(world, '1000').flips, 'delta')).toBe(nearest);
  });

  it('is an amount also where the evidence needed no price book, and there is none', () => {
    const nothing = pricedAt('0');
    const evidence = { ...nothing, withoutBook: nothing.priceWith(undefined as never) };
    const world = new DomainWorld(policyWith({ entitlements: { hard_deny_above_monthly_usd: '50.0000' } }));
    expect(toOf(explained(world, '60', { evidence }).flips, 'delta')).toBe('50.0000');
  });

  it('is the amount that counted: a claim beside evidence that says nothing, whose gap a waiver lets pass', () => {
    const world = new DomainWorld(policyWith({ entitlements: { hard_deny_above_monthly_usd: '50.0000' } }));
    world.grantWaiver(['cost_unknown']);
    const priced = pricedAt('0', { completeness: 'unknown' });
    const evidence = { ...priced, withoutBook: priced.priceWith(undefined as never) };
    expect(toOf(explained(world, '60', { evidence }).flips, 'delta')).toBe('50.0000');
  });

  it('of a waiver names what has to be waived, not what only warned', () => {
    const rule = (id: string, effect: 'deny' | 'warn') => ({
      ...{ id, effect, enabled: true, condition: 'true', message: '', obligation: null, cost_budget: 100 },
    });
    const world = new DomainWorld(policyWith({ rules: [rule('told', 'warn'), rule('forbidden', 'deny')] }));
    expect(toOf(explained(world, '60').flips, 'waiver')).toBe('forbidden');
  });

  it('is nothing where the change alone passes, and only its batch was rolled back', () => {
    const world = new DomainWorld();
    world.setBudget('100');
    const items = [world.question('60'), world.question('70')];
    const state = world.gate;
    const command = { kind: 'ask_for_changes' as const, items, isAtomic: true, key: null };
    const { entries } = decideChanges(command, state, (same) => same) as BatchResult;
    const [first] = entriesOf(entries, 'decision_recorded');
    if (items[0] === undefined || first === undefined) throw new Error('two were asked about');
    expect(first.reason_codes).toContain('batch_rolled_back');
    expect(flipsOf({ command: items[0], state, recorded: first })).toEqual([]);
  });

  it('is the agreement of somebody where one is asked for', () => {
    const world = new DomainWorld(policyWith({ mode: 'soft', approval: { required: { prod: true } } }));
    expect(explained(world, '600')).toEqual({
      decision: 'REQUIRE_APPROVAL',
      flips: [
        { variable: 'delta', from: '600.0000', to: '25.0000', verified: true },
        { variable: 'waiver', from: null, to: 'approval_required', verified: true },
        { variable: 'approval', from: 'pending', to: 'granted', verified: true },
      ],
    });
  });

  it('is a waiver where a rule stands in the way', () => {
    const rule = {
      id: 'no-web',
      enabled: true,
      condition: 'request.project_id == "web"',
      effect: 'deny',
      message: 'not now',
      obligation: null,
      cost_budget: 100,
    } as const;
    const world = new DomainWorld(policyWith({ rules: [rule] }));
    expect(explained(world, '60')).toEqual({
      decision: 'DENY',
      flips: [{ variable: 'waiver', from: null, to: 'no-web', verified: true }],
    });
  });
});
