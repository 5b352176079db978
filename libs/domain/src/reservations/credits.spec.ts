import { describe, expect, it } from '@jest/globals';
import { DomainWorld, entriesOf, usd } from '../../../../test/support/domain-world.js';
import type { DecisionRecorded } from '../decisions/decisions.entries.js';
import type { ReservationsEntry } from './reservations.entries.js';

/**
 * A hold of 125.5 = allocation 100 + credits 25.5. The budget has 100 left when the change is asked for; `more` is added
 * to its limit afterwards, as the headroom that a higher actual finds.
 */
const held = (more: string, credits: readonly [string, 'reserved' | 'emergency'][] = [['500', 'reserved']]) => {
  const world = new DomainWorld();
  const { account, budgetId } = world.setBudget('100');
  const accounts = credits.map(([amount, pool]) => world.grantCredit(amount, { pool }));
  const recorded = world.ask('125.5');
  world.changeBudget(budgetId, String(100 + Number(more)));
  world.settle();
  return { world, account, credits: accounts, recorded };
};
const legsOf = (entries: readonly ReservationsEntry[], account: string) =>
  entriesOf(entries, 'reservation_settled')[0]?.legs.find((leg) => leg.account === account);
const first = (list: readonly string[]): string => list[0] ?? '';

describe('settling a hold that credits fund in part (13.2)', () => {
  it('is a hold of 100 and 25.5', () => {
    const { world, account, credits, recorded } = held('1000');
    expect(recorded).toMatchObject({ decision: 'ALLOW_WITH_CREDITS', hold: { total_usd: '125.5000' } });
    expect([world.balance(account).held, world.balance(first(credits)).held]).toEqual([usd('100'), usd('25.5')]);
    expect(world.balance('ceiling:enterprise').held).toBe(usd('125.5'));
  });

  it.each([
    // headroom, actual, drift, status, allocation spent, credits used, returned, overrun
    ['1000', '125.5', '0.0000', 'matched', '100.0000', '25.5000', '0.0000', '0.0000'],
    ['1000', '127', '1.5000', 'matched', '101.5000', '25.5000', '0.0000', '0.0000'],
    ['1000', '131', '5.5000', 'overage', '105.5000', '25.5000', '0.0000', '0.0000'],
    ['2', '131', '5.5000', 'overage', '102.0000', '25.5000', '0.0000', '3.5000'],
    ['1000', '110', '-15.5000', 'savings', '100.0000', '10.0000', '15.5000', '0.0000'],
    ['1000', '-20', '-145.5000', 'savings', '0.0000', '0.0000', '25.5000', '0.0000'],
  ])(
    'with headroom %s and an actual of %s: drift %s is %s; allocation %s, credits %s and %s, overrun %s',
    (headroom, actual, drift_usd, status, spent, used, returned, overrun_usd) => {
      const { world, account, credits, recorded } = held(headroom);
      const entries = world.spend(recorded.decision_id, actual);
      expect(entriesOf(entries, 'reservation_settled')[0]).toMatchObject({ status, drift_usd, overrun_usd });
      expect(legsOf(entries, account)).toMatchObject({ held_usd: '100.0000', spent_usd: spent });
      expect(legsOf(entries, first(credits))).toEqual({
        account: first(credits),
        held_usd: '25.5000',
        spent_usd: used,
        released_usd: returned,
      });
      expect(world.balance(account)).toMatchObject({ spent: usd(spent), held: 0n });
      expect(world.balance(first(credits))).toMatchObject({ spent: usd(used), held: 0n });
    },
  );

  it('charges ceilings with allocation and credits', () => {
    const { world, recorded } = held('1000');
    world.spend(recorded.decision_id, '110');
    expect(world.balance('ceiling:enterprise')).toMatchObject({ spent: usd('110'), held: 0n });
    expect(world.balance('ceiling:plan')).toMatchObject({ spent: usd('110'), held: 0n });
  });

  it('consumes reserved credits before emergency credits', () => {
    const { world, credits, recorded } = held('1000', [
      ['500', 'emergency'],
      ['15.5', 'reserved'],
    ]);
    const [emergency = '', reserved = ''] = credits;
    expect([world.balance(reserved).held, world.balance(emergency).held]).toEqual([usd('15.5'), usd('10')]);
    world.spend(recorded.decision_id, '118');
    expect([world.balance(reserved).spent, world.balance(emergency).spent]).toEqual([usd('15.5'), usd('2.5')]);
  });

  it('takes back and gives again credits as a correction asks, as far as they are still there', () => {
    const { world, account, credits, recorded } = held('1000', [['25.5', 'reserved']]);
    const correct = (amount: string) => {
      world.settle();
      world.reconcile({ ...world.actual(recorded.decision_id, amount), isCorrection: true });
      world.settle();
      return [world.balance(account).spent, world.balance(first(credits)).spent];
    };
    world.spend(recorded.decision_id, '110');
    expect(correct('120')).toEqual([usd('100'), usd('20')]);
    expect(correct('90')).toEqual([usd('90'), 0n]);
    expect(correct('131')).toEqual([usd('105.5'), usd('25.5')]);
  });

  it('names what credits cannot give again an overrun', () => {
    const world = new DomainWorld();
    const { budgetId } = world.setBudget('100');
    const credit = world.grantCredit('25.5', { expires_at: '2026-11-11T10:00:00.000Z' as never });
    const recorded: DecisionRecorded = world.ask('125.5');
    world.changeBudget(budgetId, '1000');
    world.spend(recorded.decision_id, '110'); // 15.5 of the credits come back.
    world.pass(2 * 86_400); // They have ended since: what came back is lost.
    world.settle();
    const result = world.reconcile({ ...world.actual(recorded.decision_id, '125.5'), isCorrection: true });
    expect(result.kind === 'accepted' && entriesOf(result.entries, 'reservation_corrected')[0]).toMatchObject({
      overrun_usd: '15.5000',
    });
    expect(world.balance(credit).spent).toBe(usd('10'));
  });
});

describe('a saving that came true', () => {
  it.each([
    [false, '0'],
    [true, '-20'],
  ])('counts in spent only where the budget credits savings: %s', (isCredited, spent) => {
    const world = new DomainWorld();
    const { account, budgetId } = world.setBudget('1000');
    world.creditSavings(budgetId, isCredited);
    const recorded = world.ask('-30');
    world.spend(recorded.decision_id, '-20');
    expect(world.balance(account).spent).toBe(usd(spent));
    expect(world.balance('ceiling:plan').spent).toBe(0n);
  });
});
