import { describe, expect, it } from '@jest/globals';
import type { Instant } from '../shared/brand.js';
import { usd } from '../../../../test/support/domain-world.js';
import { adjustSpent, balanceOf, freeHold, noAccounts, placeHold, settleHold, type TermsOf } from './accounts.js';

const NOVEMBER = '2026-11-30T23:59:59.999Z' as Instant;
const DECEMBER = '2026-12-01T00:00:00.000Z' as Instant;
const limited =
  (text: string | null): TermsOf =>
  () => ({ limit: text === null ? null : usd(text), period: 'month' });
const held = (amount: string) => placeHold(noAccounts, 'd1', [{ account: 'b', amount: usd(amount) }]);
const balance = (accounts: typeof noAccounts, limit: string | null, at = NOVEMBER) =>
  balanceOf(accounts, 'b', limited(limit)('b', at), at);

describe('accounts', () => {
  it('never change a value that somebody holds', () => {
    const before = held('10');
    settleHold(
      before,
      { decisionId: 'd1', charges: [{ account: 'b', spent: usd('5') }], at: NOVEMBER },
      limited('100'),
    );
    freeHold(before, 'd1');
    expect(balance(before, '100').held).toBe(usd('10'));
  });

  it('have no headroom below zero, and none to limit where no limit is', () => {
    expect(balance(held('10'), '4').headroom).toBe(0n);
    expect(balance(held('10'), null).headroom).toBeNull();
  });

  it('give back all that a decision holds, once', () => {
    const both = placeHold(held('10'), 'd2', [{ account: 'b', amount: usd('7') }]);
    const once = freeHold(both, 'd1');
    expect(balance(once, '100').held).toBe(usd('7'));
    expect(freeHold(once, 'd1')).toBe(once);
  });

  it('add the legs of a later exception to the hold, in one order whichever came first', () => {
    const legs = [{ account: 'a', amount: usd('1') }];
    expect(placeHold(held('2'), 'd1', legs).holds.get('d1')).toEqual([
      { account: 'a', amount: usd('1') },
      { account: 'b', amount: usd('2') },
    ]);
  });

  it('count what was spent in the period it was settled in', () => {
    const spent = settleHold(
      held('10'),
      { decisionId: 'd1', charges: [{ account: 'b', spent: usd('8') }], at: NOVEMBER },
      limited('100'),
    );
    expect(balance(spent, '100')).toMatchObject({ spent: usd('8'), held: 0n, headroom: usd('92') });
    expect(balance(spent, '100', DECEMBER)).toMatchObject({ spent: 0n, headroom: usd('100') });
  });

  it('charge what lies above the hold to the headroom that is left when it is folded, and no further (G5)', () => {
    const rival = placeHold(held('10'), 'd2', [{ account: 'b', amount: usd('85') }]);
    const settled = settleHold(
      rival,
      { decisionId: 'd1', charges: [{ account: 'b', spent: usd('30') }], at: NOVEMBER },
      limited('100'),
    );
    expect(balance(settled, '100')).toMatchObject({ spent: usd('15'), held: usd('85'), headroom: 0n });
  });

  it('charge what was held in full although the limit has sunk below it', () => {
    const settled = settleHold(
      held('10'),
      { decisionId: 'd1', charges: [{ account: 'b', spent: usd('12') }], at: NOVEMBER },
      limited('4'),
    );
    expect(balance(settled, '4').spent).toBe(usd('10'));
  });

  it('charge accounts that held nothing for the decision within their headroom', () => {
    const settled = settleHold(
      noAccounts,
      { decisionId: 'd1', charges: [{ account: 'b', spent: usd('12') }], at: NOVEMBER },
      limited('10'),
    );
    expect(balance(settled, '10')).toMatchObject({ spent: usd('10'), headroom: 0n });
  });
});

describe('what was spent in periods that are over', () => {
  const monthly = (account: string, month: string) =>
    ({
      decisionId: account,
      charges: [{ account, spent: usd('1') }],
      at: `${month}-10T00:00:00.000Z` as Instant,
    }) as const;
  const booked = (...months: readonly string[]) =>
    months.reduce((accounts, month) => settleHold(accounts, monthly('b', month), limited(null)), noAccounts);

  it('is forgotten once nothing can refer to it', () => {
    const accounts = booked('2026-08', '2026-09', '2026-10', '2026-11', '2026-12');
    expect([...accounts.spent.keys()].sort()).toEqual(['b|2026-10', 'b|2026-11', 'b|2026-12']);
  });

  it('stays as long as its quarter, its year or its budget lasts', () => {
    const periods = ['quarter', 'year', 'total'] as const;
    const terms: TermsOf = (account) => ({ limit: null, period: periods.find((each) => each === account) ?? 'month' });
    const accounts = ['2026-10', '2026-11', '2026-12', '2027-01', '2027-02', '2027-03'].reduce(
      (next, month) => periods.reduce((each, period) => settleHold(each, monthly(period, month), terms), next),
      noAccounts,
    );
    expect(Object.fromEntries(accounts.spent)).toEqual({
      'quarter|2027-Q1': usd('3'),
      'year|2027': usd('3'),
      'total|all': usd('6'),
    });
  });

  it('is taken back from no other period by a correction that comes too late', () => {
    const accounts = booked('2026-08', '2026-09', '2026-10', '2026-11');
    const corrected = adjustSpent(
      accounts,
      {
        adjustments: [{ account: 'b', by: usd('-1') }],
        at: '2026-11-11T00:00:00.000Z' as Instant,
        bookedAt: '2026-08-10T00:00:00.000Z' as Instant,
      },
      limited(null),
    );
    expect(corrected.spent).toBe(accounts.spent);
  });
});
