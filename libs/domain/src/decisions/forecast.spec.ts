import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith, START, usd } from '../../../../test/support/domain-world.js';
import type { Instant } from '../shared/brand.js';

/** Days 1 to 10 of November at 310 each: mtd 3100, burn 310, forecast 9300 (contract section 10). */
const TEN_DAYS = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => [`2026-11-${String(index + 1).padStart(2, '0')}`, '310']),
);

const forecasting = (mode: 'shadow' | 'soft' | 'hard' = 'hard', monthsCharged = 1) => {
  const world = new DomainWorld(policyWith({ mode }));
  const budget = world.setBudget('10000', { scope: 'project:web', monthsCharged });
  const terms = world.gate.policy.budgets.get(budget.budgetId);
  if (terms === undefined) throw new Error('no budget');
  // The same budget on the basis of the forecast: only the basis is added to what the command wrote.
  const policy = world.gate.policy;
  const budgets = policy.budgets.set(budget.budgetId, { ...terms, terms: { ...terms.terms, basis: 'forecast' } });
  world.gate = { ...world.gate, policy: { ...policy, budgets } };
  return { world, ...budget };
};

describe('a forecast budget of 10000 with a forecast of 9300', () => {
  const withHeld = () => {
    const { world, account } = forecasting();
    world.importCosts(TEN_DAYS);
    expect(world.ask('400').decision).toBe('ALLOW');
    expect(world.balance(account).held).toBe(usd('400'));
    return world;
  };

  it('lets 300 pass beside 400 held', () => {
    expect(withHeld().ask('300')).toMatchObject({ decision: 'ALLOW', reason_codes: ['within_policy'] });
  });

  it('refuses 300.0001 as forecast_exceeded, although the allocation has room', () => {
    expect(withHeld().ask('300.0001')).toMatchObject({
      decision: 'DENY',
      reason_codes: ['forecast_exceeded', 'hard_mode_denied'],
      hold: { total_usd: '0.0000', unfunded_usd: '0.0000' },
    });
  });

  it('is asked for a delta as many times as the budget charges months', () => {
    const asked = (amount: string) => {
      const { world } = forecasting('hard', 3);
      world.importCosts(TEN_DAYS);
      return world.ask(amount).reason_codes;
    };
    expect(asked('233.3333')).toEqual(['within_policy']);
    expect(asked('233.3334')).toEqual(['forecast_exceeded', 'hard_mode_denied']);
  });

  it('is judged by the cost of its own scope', () => {
    const { world } = forecasting();
    world.importCosts(TEN_DAYS, { project_id: 'api' });
    world.importCosts({ '2026-11-09': '1' });
    expect(world.ask('5000').decision).toBe('ALLOW');
  });

  it('asks nothing of a saving and of no change', () => {
    const { world } = forecasting();
    expect(world.ask('-5').reason_codes).toEqual(['cost_decrease']);
    expect(world.ask('0').reason_codes).toEqual(['no_cost_change']);
  });

  it.each([
    ['shadow', 'ALLOW', ['computed_context_unavailable', 'shadow_mode_override', 'shadow_mode_cost_context_override']],
    [
      'soft',
      'REQUIRE_APPROVAL',
      ['computed_context_unavailable', 'soft_mode_escalation', 'soft_mode_cost_context_escalation'],
    ],
    ['hard', 'DENY', ['computed_context_unavailable', 'hard_mode_denied', 'hard_mode_cost_context_closed']],
  ] as const)('cannot be judged without data: %s mode is %s', (mode, decision, reasons) => {
    expect(forecasting(mode).world.ask('1')).toMatchObject({ decision, finding: 'violation', reason_codes: reasons });
  });

  it('cannot be judged by stale data', () => {
    const { world } = forecasting();
    world.importCosts(TEN_DAYS);
    world.now = '2026-11-13T23:59:59.999Z' as Instant;
    expect(world.ask('1').decision).toBe('ALLOW');
    world.now = '2026-11-14T00:00:00.000Z' as Instant;
    expect(world.ask('1').reason_codes).toContain('computed_context_unavailable');
  });

  it('records the forecast that it was judged by', () => {
    const { world } = forecasting();
    world.importCosts(TEN_DAYS);
    expect(world.now).toBe(START);
    expect(world.ask('1').computed_context).toMatchObject({
      mtd_spend_usd: '3100.0000',
      burn_rate_daily_usd: '310.0000',
      forecast_eom_usd: '9300.0000',
    });
  });
});
