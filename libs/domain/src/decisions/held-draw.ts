import type { HeldLeg } from '../accounts/accounts.js';
import { type Credit, creditIdOf, type Credits, inDrawingOrder, isCreditAccount } from '../policy/credits.js';
import type { CreditPool } from '../policy/policy.entries.js';
import { ENTERPRISE_CEILING, isBudgetAccount, isOverageAccount, PLAN_CEILING } from '../policy/policy.state.js';
import { floorTo4, max, type MicroUsd, microUsd, min, NOTHING, sum } from '../shared/money.js';

/** Monthly amounts by where they come from, micro-USD. */
export interface HeldParts {
  readonly allocated: MicroUsd;
  readonly reserved: MicroUsd;
  readonly emergency: MicroUsd;
  readonly overage: MicroUsd;
}

/** What the use of a grant takes out of the hold that was approved. */
export interface HeldDraw {
  readonly taken: HeldParts;
  /** All that the hold has there. */
  readonly held: HeldParts & { readonly plan: MicroUsd; readonly enterprise: MicroUsd };
  /** Legs of budgets as they were held, months and all; then credits in the order of the waterfall. No ceilings, no overage. */
  readonly legs: readonly HeldLeg[];
}

const NO_PARTS: HeldParts = { allocated: NOTHING, reserved: NOTHING, emergency: NOTHING, overage: NOTHING };
/** Of a change that is funded from the accounts alone. */
export const NOTHING_HELD: HeldDraw = {
  taken: NO_PARTS,
  held: { ...NO_PARTS, plan: NOTHING, enterprise: NOTHING },
  legs: [],
};

const amountOf = (legs: readonly HeldLeg[], fits: (account: string) => boolean): MicroUsd =>
  sum(legs.filter(({ account }) => fits(account)).map(({ amount }) => amount));

interface CreditLeg extends HeldLeg {
  readonly credit: Credit;
}
const creditLegs = (legs: readonly HeldLeg[], credits: Credits): readonly CreditLeg[] =>
  legs
    .flatMap((leg) => {
      const credit = isCreditAccount(leg.account) ? credits.grants.get(creditIdOf(leg.account)) : undefined;
      return credit === undefined ? [] : [{ ...leg, credit }];
    })
    .sort((a, b) => inDrawingOrder(a.credit, b.credit));

const ofPool = (legs: readonly CreditLeg[], pool: CreditPool): MicroUsd =>
  sum(legs.filter(({ credit }) => credit.terms.pool === pool).map(({ amount }) => amount));

/** Takes `wanted` from legs in their order. */
const takeFrom = (legs: readonly CreditLeg[], wanted: MicroUsd): readonly CreditLeg[] => {
  let rest = wanted;
  return legs.flatMap((leg) => {
    const amount = min(rest, leg.amount);
    rest = microUsd(rest - amount);
    return amount > NOTHING ? [{ ...leg, amount }] : [];
  });
};

/** The part of a budget's leg that belongs to `taken` of the whole allocation: as many months as were held. */
const shareOf = (leg: MicroUsd, taken: MicroUsd, allocation: MicroUsd): MicroUsd =>
  taken === allocation ? leg : floorTo4(microUsd((leg * taken) / allocation));

/**
 * What a use takes out of the hold that was approved, in the order in which it was funded: allocation, reserved credits,
 * emergency credits, the exception over what no account funds. A hold made in time stays good: neither a limit that was
 * lowered since nor the end of a credit takes anything from it.
 *
 * @param legs what the approved decision holds now, its overage included.
 * @param monthly R of the use, micro-USD.
 * @source contract sections 9.1, 9.2 and 11.5
 */
export const drawHeld = (legs: readonly HeldLeg[], monthly: MicroUsd, credits: Credits): HeldDraw => {
  const [plan, enterprise] = [PLAN_CEILING, ENTERPRISE_CEILING].map((name) => amountOf(legs, (each) => each === name));
  if (monthly <= NOTHING || plan === undefined || enterprise === undefined) return NOTHING_HELD;
  const funded = min(plan, enterprise); // Ceilings carry every funded dollar: what they do not is no part of the hold.
  const ofCredits = creditLegs(legs, credits);
  const allocation = max(NOTHING, microUsd(funded - amountOf(legs, isCreditAccount)));
  const wanted = min(floorTo4(monthly), funded);
  const allocated = min(wanted, allocation);
  const byCredits = takeFrom(ofCredits, microUsd(wanted - allocated));
  const overage = amountOf(legs, isOverageAccount);
  const rest = microUsd(monthly - allocated - sum(byCredits.map(({ amount }) => amount)));
  const budgets = legs
    .filter(({ account }) => isBudgetAccount(account) && allocated > NOTHING)
    .map(({ account, amount }) => ({ account, amount: shareOf(amount, allocated, allocation) }));
  return {
    taken: {
      allocated,
      reserved: ofPool(byCredits, 'reserved'),
      emergency: ofPool(byCredits, 'emergency'),
      overage: min(rest, overage),
    },
    held: {
      allocated: allocation,
      reserved: ofPool(ofCredits, 'reserved'),
      emergency: ofPool(ofCredits, 'emergency'),
      overage,
      plan,
      enterprise,
    },
    legs: [...budgets, ...byCredits.map(({ account, amount }) => ({ account, amount }))],
  };
};
