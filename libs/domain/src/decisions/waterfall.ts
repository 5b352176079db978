import {
  type AccountBalance,
  type Accounts,
  balanceHolding,
  type BalanceOf,
  type HeldLeg,
} from '../accounts/accounts.js';
import {
  type Budget,
  budgetAccount,
  ENTERPRISE_CEILING,
  isBudgetAccount,
  PLAN_CEILING,
} from '../policy/policy.state.js';
import {
  creditAccount,
  creditBalance,
  type Credit,
  type Credits,
  drawable,
  isCreditAccount,
} from '../policy/credits.js';
import type { CreditPool } from '../policy/policy.entries.js';
import type { Instant } from '../shared/brand.js';
import { floorTo4, formatUsd4, type MicroUsd, microUsd, min, NOTHING, sum } from '../shared/money.js';
import type { Balance, WaterfallStage } from './decisions.entries.js';
import type { HeldDraw } from './held-draw.js';
import type { ReasonCode } from './reason-codes.js';

/** How far a request can be funded, stage by stage. Contract section 9.3. */
export interface Waterfall {
  readonly stages: readonly WaterfallStage[];
  /** A + C1 + C2, micro-USD, a multiple of 100. */
  readonly funded: MicroUsd;
  /** C1 + C2: the part of it that credits fund. */
  readonly byCredits: MicroUsd;
  /** U = R - A - C1 - C2. */
  readonly unfunded: MicroUsd;
  /** Legs that hold the funded part: every matching budget A, the credits drawn, both ceilings A + C1 + C2. */
  readonly legs: readonly HeldLeg[];
  readonly violations: readonly ReasonCode[];
  readonly notes: readonly ReasonCode[];
}

export interface FundingRequest {
  readonly monthly: MicroUsd;
  readonly projectId: string;
  readonly credits: Credits;
  readonly isBudgetRequired: boolean;
  readonly now: Instant;
  /** Looked up once per decision: `matchingBudgets` of the policy it is made under, and the balances before it. */
  readonly budgets: readonly Budget[];
  readonly balance: BalanceOf;
  /** What is held for this very change already, and counted in the balances: it goes first, and is in no need of room. */
  readonly drawn: HeldDraw;
}

type Room = MicroUsd | null;
const least = (amount: MicroUsd, room: Room): MicroUsd => (room === null ? amount : min(amount, room));
const text = (amount: Room) => (amount === null ? null : formatUsd4(floorTo4(amount)));

const stage = (
  name: WaterfallStage['stage'],
  wanted: MicroUsd,
  consumed: MicroUsd,
  available: Room,
): WaterfallStage => ({
  // Members in canonical order, so that sealing has nothing to sort.
  available_usd: text(available),
  consumed_usd: formatUsd4(consumed),
  remaining_usd: available === null ? null : text(microUsd(available - consumed)),
  stage: name,
  status: consumed === wanted ? 'pass' : consumed > NOTHING ? 'partial' : 'fail',
});
const skipped = (name: WaterfallStage['stage']): WaterfallStage => ({
  available_usd: null,
  consumed_usd: formatUsd4(NOTHING),
  remaining_usd: null,
  stage: name,
  status: 'skipped',
});

const STAGES = [
  'plan_limit',
  'project_allocation',
  'reserved_credits',
  'org_emergency_credits',
  'enterprise_ceiling',
  'unfunded',
] as const;

/** What one budget can carry of a monthly delta that it is charged `months_charged` times. */
const monthlyRoom = (budget: Budget, headroom: Room): Room =>
  headroom === null ? null : floorTo4(microUsd(headroom / BigInt(budget.terms.months_charged)));

interface Drawn {
  /** No grant of the pool is for this project: there is nothing to report on. */
  readonly isEmpty: boolean;
  readonly amount: MicroUsd;
  readonly available: MicroUsd;
  readonly legs: readonly HeldLeg[];
}

/** Draws `wanted` from grants in their order. `available` is what all of them could give. */
const draw = (grants: readonly Credit[], wanted: MicroUsd, accounts: Accounts, now: Instant): Drawn =>
  grants.reduce<Drawn>(
    ({ amount, available, legs, isEmpty }, credit) => {
      const { available: left } = creditBalance(accounts, credit, now);
      const taken = min(left, microUsd(wanted - amount));
      const leg = { account: creditAccount(credit.terms.credit_id), amount: taken };
      return {
        isEmpty,
        amount: microUsd(amount + taken),
        available: microUsd(available + left),
        legs: taken > NOTHING ? [...legs, leg] : legs,
      };
    },
    { isEmpty: grants.length === 0, amount: NOTHING, available: NOTHING, legs: [] },
  );

/** What a pool could give to a project now, micro-USD. */
export const poolAvailable = (
  pool: CreditPool,
  { credits, projectId, now }: Pick<FundingRequest, 'credits' | 'projectId' | 'now'>,
  accounts: Accounts,
): MicroUsd => draw(drawable(credits, pool, projectId, now), NOTHING, accounts, now).available;

const NOT_DRAWN: Drawn = { isEmpty: true, amount: NOTHING, available: NOTHING, legs: [] };
/** What a pool is asked for: the whole, of which the hold gives what it has, and what lies above the hold. */
interface Asked {
  readonly wanted: MicroUsd;
  readonly above: MicroUsd;
}
/** What a pool gives; what the hold has of it comes first, whatever the grants have left. */
const drawFrom = (pool: CreditPool, { wanted, above }: Asked, request: FundingRequest, accounts: Accounts): Drawn => {
  if (wanted === NOTHING) return NOT_DRAWN;
  const { taken, held } = request.drawn;
  const fresh = draw(drawable(request.credits, pool, request.projectId, request.now), above, accounts, request.now);
  return {
    isEmpty: fresh.isEmpty && held[pool] === NOTHING,
    amount: microUsd(taken[pool] + fresh.amount),
    available: microUsd(held[pool] + fresh.available),
    legs: fresh.legs,
  };
};

const creditStage = (name: 'reserved_credits' | 'org_emergency_credits', wanted: MicroUsd, drawn: Drawn) =>
  drawn.isEmpty ? skipped(name) : stage(name, wanted, drawn.amount, drawn.available);

const creditNotes = (reserved: Drawn, emergency: Drawn): readonly ReasonCode[] => [
  ...(reserved.amount + emergency.amount > NOTHING ? (['credit_waterfall_used'] as const) : []),
  ...(reserved.amount > NOTHING ? (['reserved_credit_waterfall_used'] as const) : []),
  ...(emergency.amount > NOTHING ? (['emergency_credit_waterfall_used'] as const) : []),
];

const missingBudget = ({ budgets, isBudgetRequired }: FundingRequest) => ({
  violations: budgets.length === 0 && isBudgetRequired ? (['budget_missing'] as const) : [],
  notes: budgets.length === 0 && !isBudgetRequired ? (['no_budget_configured'] as const) : [],
});

const nothingToFund = (monthly: MicroUsd): Waterfall => ({
  stages: STAGES.map(skipped),
  funded: NOTHING,
  byCredits: NOTHING,
  unfunded: NOTHING,
  legs: [],
  violations: [],
  notes: [monthly < NOTHING ? 'cost_decrease' : 'no_cost_change'],
});

const plus = (room: Room, held: MicroUsd): Room => (room === null ? null : microUsd(room + held));

/** What both ceilings let pass, and the room under each of them; what the hold has there is room of its own. */
interface Ceilings {
  readonly plan: Room;
  readonly enterprise: Room;
  /** T, of R. */
  readonly passing: MicroUsd;
  /** Of what lies above the hold. */
  readonly above: MicroUsd;
}
const ceilingsOf = ({ monthly, balance, drawn: { held } }: FundingRequest, above: MicroUsd): Ceilings => {
  const { headroom: planRoom } = balance(PLAN_CEILING);
  const { headroom: enterpriseRoom } = balance(ENTERPRISE_CEILING);
  const [plan, enterprise] = [plus(planRoom, held.plan), plus(enterpriseRoom, held.enterprise)] as const;
  return {
    plan,
    enterprise,
    passing: floorTo4(least(least(monthly, plan), enterprise)),
    above: floorTo4(least(least(above, planRoom), enterpriseRoom)),
  };
};

/** The least that the matching budgets can carry; null: there is none. */
const allocationRoom = ({ budgets, balance }: FundingRequest): Room =>
  budgets.reduce<Room>((room, budget) => {
    const next = monthlyRoom(budget, balance(budgetAccount(budget.terms.budget_id)).headroom);
    return room === null || (next !== null && next < room) ? next : room;
  }, null);

const exceeds = (wanted: MicroUsd, { headroom }: AccountBalance): boolean => headroom !== null && wanted > headroom;
const ceilingStage = (name: 'plan_limit' | 'enterprise_ceiling', monthly: MicroUsd, room: Room): WaterfallStage =>
  stage(name, monthly, least(monthly, room === null ? null : floorTo4(room)), room);

/**
 * Looks for the money: allocation, reserved credits, emergency credits, under both ceilings. A saving asks for none; an
 * estimate below zero makes no headroom either. What a use draws from the hold that was approved goes first; only what lies
 * above it is compared with limits, and nothing else compares a request with them (G5).
 *
 * @source contract sections 9.3 and 11.5
 */
export const fund = (request: FundingRequest, accounts: Accounts): Waterfall => {
  const { monthly, balance, drawn } = request;
  if (monthly <= NOTHING) return nothingToFund(monthly);
  const { taken, held } = drawn;
  const above = microUsd(monthly - sum([taken.allocated, taken.reserved, taken.emergency, taken.overage]));
  const ceilings = ceilingsOf(request, above);
  const room = allocationRoom(request);
  const more = least(ceilings.above, room);
  const allocated = microUsd(taken.allocated + more);
  const asked = { wanted: microUsd(ceilings.passing - allocated), above: microUsd(ceilings.above - more) };
  const reserved = drawFrom('reserved', asked, request, accounts);
  const still = {
    wanted: microUsd(asked.wanted - reserved.amount),
    above: microUsd(asked.above - (reserved.amount - taken.reserved)),
  };
  const emergency = drawFrom('emergency', still, request, accounts);
  const lacking = microUsd(still.above - (emergency.amount - taken.emergency));
  const byCredits = microUsd(reserved.amount + emergency.amount);
  const funded = microUsd(allocated + byCredits);
  const unfunded = microUsd(monthly - funded);
  const missing = missingBudget(request);
  return {
    funded,
    byCredits,
    unfunded,
    legs: legsOf({ more, funded, credits: [...reserved.legs, ...emergency.legs] }, request),
    notes: [...missing.notes, ...creditNotes(reserved, emergency)],
    violations: [
      ...missing.violations,
      ...(exceeds(above, balance(PLAN_CEILING)) ? (['plan_limit_exceeded'] as const) : []),
      ...(lacking > NOTHING ? (['budget_exceeded'] as const) : []),
      ...(exceeds(above, balance(ENTERPRISE_CEILING)) ? (['enterprise_ceiling_exceeded'] as const) : []),
    ],
    stages: [
      ceilingStage('plan_limit', monthly, ceilings.plan),
      stage('project_allocation', ceilings.passing, allocated, plus(room, held.allocated)),
      creditStage('reserved_credits', asked.wanted, reserved),
      creditStage('org_emergency_credits', still.wanted, emergency),
      ceilingStage('enterprise_ceiling', monthly, ceilings.enterprise),
      { ...stage('unfunded', NOTHING, unfunded, null), status: unfunded > NOTHING ? 'fail' : 'pass' },
    ],
  };
};

const isHeld = ({ amount }: HeldLeg): boolean => amount > NOTHING;
/** One leg an account, where the account came first; those without an amount are none. */
const merged = (legs: readonly HeldLeg[]): readonly HeldLeg[] => {
  const amounts = new Map<string, MicroUsd>();
  for (const { account, amount } of legs) amounts.set(account, microUsd((amounts.get(account) ?? NOTHING) + amount));
  return [...amounts].map(([account, amount]) => ({ account, amount })).filter(isHeld);
};

const legsOf = (
  {
    more,
    funded,
    credits,
  }: { readonly more: MicroUsd; readonly funded: MicroUsd; readonly credits: readonly HeldLeg[] },
  { budgets, drawn }: FundingRequest,
): readonly HeldLeg[] => {
  if (funded === NOTHING) return [];
  const allocations = budgets.map(({ terms }) => ({
    account: budgetAccount(terms.budget_id),
    amount: microUsd(more * BigInt(terms.months_charged)),
  }));
  // Ceilings are charged even where none is set, so that one set later counts what is held already.
  const ceilings = [PLAN_CEILING, ENTERPRISE_CEILING].map((account) => ({ account, amount: funded }));
  if (drawn.legs.length === 0) return [...allocations, ...ceilings, ...credits].filter(isHeld); // No account comes twice.
  return merged([
    ...allocations,
    ...drawn.legs.filter(({ account }) => isBudgetAccount(account)),
    ...ceilings,
    ...drawn.legs.filter(({ account }) => isCreditAccount(account)),
    ...credits,
  ]);
};

/** Balances of the accounts a decision touches, as they stand once its legs are held too. */
export const balancesAfter = (
  { budgets, balance }: Pick<FundingRequest, 'budgets' | 'balance'>,
  legs: readonly HeldLeg[],
): readonly Balance[] => {
  const names = budgets.map((budget) => budgetAccount(budget.terms.budget_id));
  const drawn = legs.map(({ account }) => account).filter(isCreditAccount);
  return [...names, PLAN_CEILING, ENTERPRISE_CEILING, ...drawn].map((account) => {
    const { limit, spent, held, headroom } = balanceHolding(balance(account), account, legs);
    // Members in canonical order, so that sealing has nothing to sort.
    return {
      account,
      headroom_usd: text(headroom),
      held_usd: formatUsd4(floorTo4(held)),
      limit_usd: text(limit),
      spent_usd: formatUsd4(floorTo4(spent)),
    };
  });
};
