import { balanceOf, type Charge, type HeldLeg } from '../accounts/accounts.js';
import { creditBalance, creditIdOf, isCreditAccount } from '../policy/credits.js';
import {
  budgetAccount,
  ENTERPRISE_CEILING,
  isBudgetAccount,
  isOverageAccount,
  matchingBudgets,
  PLAN_CEILING,
  termsOf,
} from '../policy/policy.state.js';
import type { Instant } from '../shared/brand.js';
import { floorTo4, max, type MicroUsd, microUsd, min, NOTHING, sum } from '../shared/money.js';
import type { Reservation } from './reservation.js';
import type { ReservationsState } from './reservations.state.js';

/** How often an account is charged a monthly amount, `times / of`: whole, save where the months changed between parts of a hold. */
interface Months {
  readonly times: bigint;
  readonly of: bigint;
}
const ONCE: Months = { times: 1n, of: 1n };

/** What an actual asks of one account, and what the hold had set aside there. */
export interface Share {
  readonly account: string;
  readonly held: MicroUsd;
  readonly wanted: MicroUsd;
  readonly months: Months;
}

/** A share with what of it can be booked. */
export interface Booked {
  readonly share: Share;
  /** What is booked on the account now. */
  readonly spent: MicroUsd;
  /** What no headroom of the account covers, in monthly money. */
  readonly shortfall: MicroUsd;
}

/** Credits in the order they were drawn: reserved before emergency, as the gate wrote them. */
const creditsOf = (legs: readonly HeldLeg[], drawn: readonly string[]): readonly HeldLeg[] =>
  legs
    .filter(({ account }) => isCreditAccount(account))
    .sort((a, b) => drawn.indexOf(a.account) - drawn.indexOf(b.account));

/** The accounts that a hold is on; where nothing was funded, those that one had been on, with nothing held. */
const accountsOf = (
  state: ReservationsState,
  { projectId, environmentClass }: Reservation,
  legs: readonly HeldLeg[],
): readonly HeldLeg[] => {
  if (legs.some(({ account }) => !isOverageAccount(account))) return legs;
  const budgets = matchingBudgets(state.money.policy, projectId, environmentClass).map(({ terms }) =>
    budgetAccount(terms.budget_id),
  );
  return [...[...budgets, PLAN_CEILING, ENTERPRISE_CEILING].map((account) => ({ account, amount: NOTHING })), ...legs];
};

interface Consumed {
  /** What of the hold budgets carried, once a month each. */
  readonly allocation: MicroUsd;
  /** By account: what each credit grant and the overage give. */
  readonly given: ReadonlyMap<string, MicroUsd>;
  /** What budgets carry; above the whole hold as well. */
  readonly allocated: MicroUsd;
  /** What ceilings carry: all but the overage. */
  readonly funded: MicroUsd;
}

/**
 * An actual consumes the allocation, then the credits in the order they were drawn, then the approved overage. What lies
 * above all of them is the allocation's again.
 * @source contract section 13.2
 */
const consume = (charged: MicroUsd, legs: readonly HeldLeg[], reservation: Reservation): Consumed => {
  const credits = creditsOf(legs, reservation.drawn);
  const overages = legs.filter(({ account }) => isOverageAccount(account));
  const hold = legs.find(({ account }) => account === ENTERPRISE_CEILING)?.amount ?? reservation.total;
  const allocation = max(NOTHING, microUsd(hold - sum(credits.map(({ amount }) => amount))));
  let rest = microUsd(charged - min(charged, allocation));
  const given = new Map<string, MicroUsd>();
  for (const { account, amount } of [...credits, ...overages]) {
    const part = min(rest, amount);
    given.set(account, part);
    rest = microUsd(rest - part);
  }
  const overage = sum(overages.map(({ account }) => given.get(account) ?? NOTHING));
  return {
    given,
    allocation,
    allocated: microUsd(min(charged, allocation) + rest),
    funded: microUsd(charged - overage),
  };
};

const budgetTermsOf = (state: ReservationsState, account: string) =>
  isBudgetAccount(account) ? state.money.policy.budgets.get(account.slice('budget:'.length))?.terms : undefined;

/**
 * How many times a budget carries a monthly amount: as often as the hold does, whatever its months are set to since; where
 * nothing is held on it, as often as it is charged now.
 */
const monthsOf = (held: MicroUsd, allocation: MicroUsd, charged: number | undefined): Months =>
  held > NOTHING && allocation > NOTHING ? { times: held, of: allocation } : { times: BigInt(charged ?? 1), of: 1n };

const forMonths = (monthly: MicroUsd, { times, of }: Months): MicroUsd => floorTo4(microUsd((monthly * times) / of));

/**
 * What an actual asks of each account that the decision is charged to. Monthly amounts; budgets are charged as many times
 * as the hold has months of them. A saving asks for nothing, save that budgets with `credit_savings` get it back.
 */
export const sharesOf = (
  state: ReservationsState,
  { reservation, legs }: { readonly reservation: Reservation; readonly legs: readonly HeldLeg[] },
  actual: MicroUsd,
): readonly Share[] => {
  const { given, allocation, allocated, funded } = consume(max(NOTHING, actual), legs, reservation);
  const saved = min(actual, NOTHING);
  return accountsOf(state, reservation, legs).map(({ account, amount: held }): Share => {
    const terms = budgetTermsOf(state, account);
    const months = isBudgetAccount(account) ? monthsOf(held, allocation, terms?.months_charged) : ONCE;
    const savings = terms?.credit_savings === true ? saved : NOTHING;
    if (isBudgetAccount(account))
      return { account, held, months, wanted: forMonths(microUsd(allocated + savings), months) };
    return { account, held, months, wanted: given.get(account) ?? funded };
  });
};

/** The monthly amount that `amount` is `months` times, up to the next 4 places: what is lacking is never understated. */
const perMonth = (amount: MicroUsd, { times, of }: Months): MicroUsd =>
  microUsd(0n - floorTo4(microUsd(0n - (amount * of + times - 1n) / times)));

/** What came back to a credit grant that has ended since is lost. */
const roomFor = ({ money }: ReservationsState, account: string, now: Instant): MicroUsd | null => {
  const credit = isCreditAccount(account) ? money.policy.credits.grants.get(creditIdOf(account)) : undefined;
  if (credit !== undefined) return creditBalance(money.accounts, credit, now).available;
  return balanceOf(money.accounts, account, termsOf(money.policy)(account, now), now).headroom;
};

/** Books a share: what was there before (held, or booked already) in any case, above it up to the headroom. */
export const bookShare = (
  state: ReservationsState,
  share: Share,
  { before, now }: { readonly before: MicroUsd; readonly now: Instant },
): Booked => {
  const within = min(share.wanted, before);
  const above = microUsd(share.wanted - within);
  const room = roomFor(state, share.account, now);
  const extra = room === null ? above : min(above, room);
  return {
    share,
    spent: microUsd(within + extra),
    shortfall: perMonth(microUsd(above - extra), share.months),
  };
};

/**
 * What no account covers, monthly. Budgets carry the same dollars side by side, so the worst of them counts; credits and
 * overage carry others; a ceiling carries them all.
 */
export const overrunOf = (booked: readonly Booked[]): MicroUsd => {
  const lacking = (fits: (account: string) => boolean): readonly MicroUsd[] =>
    booked.filter(({ share }) => fits(share.account)).map(({ shortfall }) => shortfall);
  const worst = (amounts: readonly MicroUsd[]): MicroUsd => amounts.reduce(max, NOTHING);
  const apart = sum(lacking((account) => isCreditAccount(account) || isOverageAccount(account)));
  const allocated = worst(lacking(isBudgetAccount));
  return max(microUsd(allocated + apart), worst(lacking((account) => account.startsWith('ceiling:'))));
};

/** What is booked on an account. */
export const bookedOn = (charges: readonly Charge[], account: string): MicroUsd =>
  sum(charges.filter((charge) => charge.account === account).map(({ spent }) => spent));
