import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith } from '../../../../test/support/domain-world.js';
import { budgetAlerts } from './budget-alerts.js';

/** The alerts of one change of a budget of 100, on top of what is held already. */
const alertsOf = (held: string, amount: string, more: { alertPercents?: number[]; isActive?: boolean } = {}) => {
  const world = new DomainWorld(policyWith({ approval: { required: { prod: false } } }));
  const { budgetId } = world.setBudget('100', { alertPercents: [50, 80, 100], ...more });
  world.ask(held);
  const before = world.gate;
  world.ask(amount);
  return budgetAlerts([budgetId], [before, world.gate], world.now);
};

describe('an alert of a budget', () => {
  it.each([
    ['does not come below the first percentage', '10', '39.9999', []],
    ['comes at a percentage, to the cent', '10', '40', [50]],
    ['comes for several at once', '10', '90', [50, 80, 100]],
    ['does not come again for a percentage that was reached before', '50', '10', []],
    ['comes for the next one only', '50', '30', [80]],
  ])('%s: %s held and %s more', (_, held, amount, alerts) => {
    expect(alertsOf(held, amount)).toEqual(alerts);
  });

  it('comes at the percentages of the budget, and never of one that is not active', () => {
    expect(alertsOf('10', '20', { alertPercents: [25, 33] })).toEqual([25]);
    expect(alertsOf('10', '90', { alertPercents: [] })).toEqual([]);
    expect(alertsOf('10', '90', { isActive: false })).toEqual([]);
  });
});
