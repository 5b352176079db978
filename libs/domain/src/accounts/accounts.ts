import type { DecisionId, Instant } from '../shared/brand.js';
import { type Period, periodOf } from '../shared/instant.js';
import { isForgotten, type KeptMonths, noMonths, withMonth } from '../shared/kept-months.js';
import { max, microUsd, type MicroUsd, min, NOTHING } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';

/** One leg of a hold: `amount` micro-USD on `account`. */
export interface HeldLeg {
  readonly account: string;
  readonly amount: MicroUsd;
}

/** Limits as the policy journal sets them; a lookup, so that accounts know neither policy nor budgets. */
export interface AccountTerms {
  /** Micro-USD; null: no limit. */
  readonly limit: MicroUsd | null;
  /** Spent money is counted per UTC calendar period. */
  readonly period: Period;
}
export type TermsOf = (account: string, at: Instant) => AccountTerms;

/**
 * Money held and spent, per account. Persistent: every change makes a new value and leaves the old one as it was.
 * `spent` is keyed by `<account>|<period>`, so a new period starts at nothing without any entry; periods that are over and
 * that nothing can refer to any more leave it.
 */
export interface Accounts {
  readonly holds: PersistentMap<readonly HeldLeg[]>;
  readonly held: PersistentMap<MicroUsd>;
  readonly spent: PersistentMap<MicroUsd>;
  /** Months that something was booked in. */
  readonly months: KeptMonths;
}

export const noAccounts: Accounts = {
  holds: PersistentMap.empty,
  held: PersistentMap.empty,
  spent: PersistentMap.empty,
  months: noMonths,
};

export interface AccountBalance {
  readonly limit: MicroUsd | null;
  readonly spent: MicroUsd;
  readonly held: MicroUsd;
  /** `limit - spent - held`, never negative; null: no limit. */
  readonly headroom: MicroUsd | null;
}

const spentKey = (account: string, period: string): string => `${account}|${period}`;

const headroomOf = (limit: MicroUsd | null, spent: MicroUsd, held: MicroUsd): MicroUsd | null =>
  limit === null ? null : max(NOTHING, microUsd(limit - spent - held));

/**
 * Balance of an account at an instant.
 * A limit that was lowered below what is committed leaves headroom 0 (the effective limit sinks as holds end), contract 9.1.
 */
export const balanceOf = (accounts: Accounts, account: string, terms: AccountTerms, at: Instant): AccountBalance => {
  const spent = accounts.spent.get(spentKey(account, periodOf(terms.period, at))) ?? NOTHING;
  const held = accounts.held.get(account) ?? NOTHING;
  return { limit: terms.limit, spent, held, headroom: headroomOf(terms.limit, spent, held) };
};

/** Balances as they stand in one state at one instant. */
export type BalanceOf = (account: string) => AccountBalance;

/** {@link balanceOf} for one state and instant; each account is looked up once, however often it is asked for. */
export const balancesAt = (accounts: Accounts, terms: TermsOf, at: Instant): BalanceOf => {
  const known = new Map<string, AccountBalance>();
  return (account) => {
    const found = known.get(account) ?? balanceOf(accounts, account, terms(account, at), at);
    known.set(account, found);
    return found;
  };
};

/** A balance of `account` as it stands once these legs are held too: for whoever asks for that alone, and holds nothing. */
export const balanceHolding = (
  { limit, spent, held: earlier }: AccountBalance,
  account: string,
  legs: readonly HeldLeg[],
): AccountBalance => {
  const held = legs.reduce((sum, leg) => (leg.account === account ? microUsd(sum + leg.amount) : sum), earlier);
  return { limit, spent, held, headroom: headroomOf(limit, spent, held) };
};

const addHeld = (accounts: Accounts, account: string, amount: bigint): Accounts => {
  const next = microUsd((accounts.held.get(account) ?? NOTHING) + amount);
  return { ...accounts, held: next === NOTHING ? accounts.held.delete(account) : accounts.held.set(account, next) };
};

const addSpent = (
  accounts: Accounts,
  { account, period }: { readonly account: string; readonly period: string },
  amount: MicroUsd,
): Accounts => {
  if (amount === NOTHING || isForgotten(accounts.months, period)) return accounts;
  const key = spentKey(account, period);
  return { ...accounts, spent: accounts.spent.set(key, microUsd((accounts.spent.get(key) ?? NOTHING) + amount)) };
};

const periodIn = (key: string): string => key.slice(key.lastIndexOf('|') + 1);

/** Something is booked at this time: the first of a month is when older periods are forgotten. */
const bookingAt = (accounts: Accounts, at: Instant): Accounts => {
  const months = withMonth(accounts.months, at);
  if (months === accounts.months) return accounts;
  const over = [...accounts.spent.keys()].filter((key) => isForgotten(months, periodIn(key)));
  return { ...accounts, months, spent: over.reduce((spent, key) => spent.delete(key), accounts.spent) };
};

const withHeld = (accounts: Accounts, legs: readonly HeldLeg[]): Accounts =>
  legs.reduce((next, { account, amount }) => addHeld(next, account, amount), accounts);

/** Sets money aside for a decision. The caller has compared it with the headroom (G5). */
export const placeHold = (accounts: Accounts, decisionId: DecisionId | string, legs: readonly HeldLeg[]): Accounts => {
  if (legs.length === 0) return accounts;
  const earlier = accounts.holds.get(decisionId) ?? [];
  // In one order whatever came first, so that equal ledgers fold to equal states.
  const all = [...earlier, ...legs].sort((a, b) => (a.account < b.account ? -1 : 1));
  return withHeld({ ...accounts, holds: accounts.holds.set(decisionId, all) }, legs);
};

/** Gives everything back that a decision holds. A decision without a hold changes nothing. */
export const freeHold = (accounts: Accounts, decisionId: DecisionId | string): Accounts => {
  const legs = accounts.holds.get(decisionId);
  if (legs === undefined) return accounts;
  const freed = { ...accounts, holds: accounts.holds.delete(decisionId) };
  return legs.reduce((next, leg) => addHeld(next, leg.account, 0n - leg.amount), freed);
};

export interface Charge {
  readonly account: string;
  readonly spent: MicroUsd;
}

/**
 * Ends a hold by what was really spent. What lies above the leg is charged to the headroom that is left at this point of
 * the fold, never beyond it: the writer of the settlement may have seen an older balance, and G5 must hold all the same.
 * What finds no headroom is in the exception `overrun:<decision id>` that the settlement names.
 */
export const settleHold = (
  accounts: Accounts,
  settlement: { readonly decisionId: DecisionId | string; readonly charges: readonly Charge[]; readonly at: Instant },
  termsOf: TermsOf,
): Accounts => {
  const legs = accounts.holds.get(settlement.decisionId) ?? [];
  const freed = freeHold(bookingAt(accounts, settlement.at), settlement.decisionId);
  return settlement.charges.reduce((next, { account, spent }) => {
    const held = legs.reduce((sum, leg) => (leg.account === account ? microUsd(sum + leg.amount) : sum), NOTHING);
    const terms = termsOf(account, settlement.at);
    const within = min(spent, held);
    const { headroom } = balanceOf(next, account, terms, settlement.at);
    const room = headroom === null ? null : max(NOTHING, microUsd(headroom - within));
    const above = microUsd(spent - within);
    const charged = microUsd(within + (room === null ? above : min(above, room)));
    return addSpent(next, { account, period: periodOf(terms.period, settlement.at) }, charged);
  }, freed);
};

/** By how much what is booked on an account changes. */
export interface Adjustment {
  readonly account: string;
  readonly by: MicroUsd;
}

/**
 * Changes what is booked after a hold has ended. More is booked now, up to the headroom of this point of the fold (G5);
 * less is taken out of the period in which it was booked, which never falls below nothing by that.
 */
export const adjustSpent = (
  accounts: Accounts,
  change: { readonly adjustments: readonly Adjustment[]; readonly at: Instant; readonly bookedAt: Instant },
  termsOf: TermsOf,
): Accounts =>
  change.adjustments.reduce(
    (next, { account, by }) => {
      const isMore = by > NOTHING;
      const terms = termsOf(account, isMore ? change.at : change.bookedAt);
      const period = periodOf(terms.period, isMore ? change.at : change.bookedAt);
      const { headroom } = balanceOf(next, account, terms, change.at);
      const booked = next.spent.get(spentKey(account, period)) ?? NOTHING;
      const more = headroom === null ? by : min(by, headroom);
      const less = max(by, microUsd(0n - max(NOTHING, booked)));
      return addSpent(next, { account, period }, isMore ? more : less);
    },
    bookingAt(accounts, change.at),
  );
