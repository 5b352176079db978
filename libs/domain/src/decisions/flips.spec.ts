import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith } from '../../../../test/support/domain-world.js';
import { type Flip, flipsOf } from './flips.js';

const explained = (world: DomainWorld, amount: string, more: Parameters<DomainWorld['question']>[1] = {}) => {
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
