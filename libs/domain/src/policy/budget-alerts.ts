import { balanceOf } from '../accounts/accounts.js';
import type { Accounts } from '../accounts/accounts.js';
import type { Instant } from '../shared/brand.js';
import { budgetAccount, type PolicyState, termsOf } from './policy.state.js';

interface Money {
  readonly accounts: Accounts;
  readonly policy: PolicyState;
}

/** Of the limit, in percent and rounded down: what is spent and held. A limit of 0 is used up by anything. */
const usedPercent = ({ accounts, policy }: Money, account: string, at: Instant): bigint => {
  const { limit, spent, held } = balanceOf(accounts, account, termsOf(policy)(account, at), at);
  const used = spent + held;
  if (limit === null || used <= 0n) return 0n;
  return limit > 0n ? (used * 100n) / limit : 100n;
};

/**
 * Percentages of `alert_percents` that the used part of budgets has reached between two states, of one fold.
 *
 * @param budgetIds whose balances may have changed.
 * @source contract section 9.1, `alert_percents`
 */
export const budgetAlerts = (
  budgetIds: Iterable<string>,
  [before, after]: readonly [Money, Money],
  at: Instant,
): readonly number[] =>
  [...budgetIds].flatMap((id) => {
    const { terms } = after.policy.budgets.get(id) ?? {};
    if (terms?.active !== true) return [];
    const account = budgetAccount(id);
    const [from, to] = [usedPercent(before, account, at), usedPercent(after, account, at)];
    return terms.alert_percents.filter((percent) => from < BigInt(percent) && BigInt(percent) <= to);
  });
