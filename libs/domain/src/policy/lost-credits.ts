import { type Accounts, balanceOf } from '../accounts/accounts.js';
import type { DecisionsEntry } from '../decisions/decisions.entries.js';
import type { ReservationsEntry } from '../reservations/reservations.entries.js';
import type { Instant } from '../shared/brand.js';
import { max, type MicroUsd, microUsd, NOTHING, sum } from '../shared/money.js';
import { type Credit, creditAccount, creditIdOf, isCreditAccount } from './credits.js';
import type { CreditPool } from './policy.entries.js';
import type { PolicyState } from './policy.state.js';

interface Money {
  readonly accounts: Accounts;
  readonly policy: PolicyState;
}

/** Money of credit grants that nobody can use any more, by pool. Micro-USD. */
export type LostCredits = Readonly<Record<CreditPool, MicroUsd>>;

const unusedOf = ({ accounts }: Money, { total, terms }: Credit, at: Instant): MicroUsd => {
  const { spent, held } = balanceOf(accounts, creditAccount(terms.credit_id), { limit: total, period: 'total' }, at);
  return max(NOTHING, microUsd(total - spent - held));
};

const byPool = (lost: readonly (readonly [Credit, MicroUsd])[]): LostCredits => {
  const of = (pool: CreditPool): MicroUsd =>
    sum(lost.filter(([{ terms }]) => terms.pool === pool).map(([, amount]) => amount));
  return { reserved: of('reserved'), emergency: of('emergency') };
};

/**
 * What was left of the grants whose time has ended after `since` and not after `until`. A revoked grant had nothing left
 * to lose; what is held comes to its end later.
 * @source contract section 9.2
 */
export const creditsExpired = (
  money: Money,
  { since, until }: { readonly since: Instant; readonly until: Instant },
): LostCredits =>
  byPool(
    [...money.policy.credits.grants.values()]
      .filter(({ terms: { expires_at: end }, isRevoked }) => !isRevoked && end !== null && since < end && end <= until)
      .map((credit) => [credit, unusedOf(money, credit, until)] as const),
  );

/** Credit accounts that entries give something back to. `accounts`: as they were before these entries. */
const creditAccountsIn = (
  entries: readonly (DecisionsEntry | ReservationsEntry)[],
  { holds }: Accounts,
): ReadonlySet<string> =>
  new Set(
    entries
      .flatMap(({ payload }) => [
        ...('decision_id' in payload ? (holds.get(payload.decision_id) ?? []) : []),
        ...('legs' in payload ? payload.legs : []),
      ])
      .map(({ account }) => account)
      .filter(isCreditAccount),
  );

/**
 * What came back to grants whose time had ended: lost as well.
 *
 * @param entries those that were folded between the two states.
 * @source contract section 9.2
 */
export const creditsReturnedLate = (
  entries: readonly (DecisionsEntry | ReservationsEntry)[],
  [before, after]: readonly [Money, Money],
  now: Instant,
): LostCredits =>
  byPool(
    [...creditAccountsIn(entries, before.accounts)].flatMap((account) => {
      const credit = after.policy.credits.grants.get(creditIdOf(account));
      if (credit === undefined || credit.terms.expires_at === null || now < credit.terms.expires_at) return [];
      return [[credit, max(NOTHING, microUsd(unusedOf(after, credit, now) - unusedOf(before, credit, now)))] as const];
    }),
  );
