import { type Accounts, balanceHolding, type BalanceOf, type HeldLeg } from '../accounts/accounts.js';
import { type Budget, budgetAccount, ENTERPRISE_CEILING, PLAN_CEILING } from '../policy/policy.state.js';
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
import { floorTo4, formatUsd4, type MicroUsd, microUsd, min, NOTHING } from '../shared/money.js';
import type { Balance, WaterfallStage } from './decisions.entries.js';
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
const drawFrom = (pool: CreditPool, wanted: MicroUsd, request: FundingRequest, accounts: Accounts): Drawn =>
  wanted === NOTHING
    ? NOT_DRAWN
    : draw(drawable(request.credits, pool, request.projectId, request.now), wanted, accounts, request.now);

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

/** T: what both ceilings let pass of R. */
interface Ceilings {
  readonly plan: Room;
  readonly enterprise: Room;
  readonly capped: MicroUsd;
}
const ceilingsOf = ({ monthly, balance }: FundingRequest): Ceilings => {
  const plan = balance(PLAN_CEILING).headroom;
  const enterprise = balance(ENTERPRISE_CEILING).headroom;
  return { plan, enterprise, capped: floorTo4(least(least(monthly, plan), enterprise)) };
};

/** The least that the matching budgets can carry; null: there is none. */
const allocationRoom = ({ budgets, balance }: FundingRequest): Room =>
  budgets.reduce<Room>((room, budget) => {
    const next = monthlyRoom(budget, balance(budgetAccount(budget.terms.budget_id)).headroom);
    return room === null || (next !== null && next < room) ? next : room;
  }, null);

const exceeds = (monthly: MicroUsd, room: Room): boolean => room !== null && monthly > room;
const ceilingStage = (name: 'plan_limit' | 'enterprise_ceiling', monthly: MicroUsd, room: Room): WaterfallStage =>
  stage(name, monthly, least(monthly, room === null ? null : floorTo4(room)), room);

/**
 * Looks for the money: allocation, reserved credits, emergency credits, under both ceilings. A saving asks for none; an
 * estimate below zero makes no headroom either. The only comparison of a request with limits (G5).
 *
 * @source contract section 9.3
 */
export const fund = (request: FundingRequest, accounts: Accounts): Waterfall => {
  const { monthly, budgets } = request;
  if (monthly <= NOTHING) return nothingToFund(monthly);
  const missing = missingBudget(request);
  const { plan, enterprise, capped } = ceilingsOf(request);
  const room = allocationRoom(request);
  const allocated = least(capped, room);
  const wanted = microUsd(capped - allocated);
  const reserved = drawFrom('reserved', wanted, request, accounts);
  const stillWanted = microUsd(wanted - reserved.amount);
  const emergency = drawFrom('emergency', stillWanted, request, accounts);
  const byCredits = microUsd(reserved.amount + emergency.amount);
  const funded = microUsd(allocated + byCredits);
  const unfunded = microUsd(monthly - funded);
  return {
    funded,
    byCredits,
    unfunded,
    legs: [...legsOf({ allocated, funded }, budgets), ...reserved.legs, ...emergency.legs],
    notes: [...missing.notes, ...creditNotes(reserved, emergency)],
    violations: [
      ...missing.violations,
      ...(exceeds(monthly, plan) ? (['plan_limit_exceeded'] as const) : []),
      ...(capped > funded ? (['budget_exceeded'] as const) : []),
      ...(exceeds(monthly, enterprise) ? (['enterprise_ceiling_exceeded'] as const) : []),
    ],
    stages: [
      ceilingStage('plan_limit', monthly, plan),
      stage('project_allocation', capped, allocated, room),
      creditStage('reserved_credits', wanted, reserved),
      creditStage('org_emergency_credits', stillWanted, emergency),
      ceilingStage('enterprise_ceiling', monthly, enterprise),
      { ...stage('unfunded', NOTHING, unfunded, null), status: unfunded > NOTHING ? 'fail' : 'pass' },
    ],
  };
};

const legsOf = (
  { allocated, funded }: { readonly allocated: MicroUsd; readonly funded: MicroUsd },
  budgets: readonly Budget[],
): readonly HeldLeg[] => {
  if (funded === NOTHING) return [];
  const allocations = budgets.map(({ terms }) => ({
    account: budgetAccount(terms.budget_id),
    amount: microUsd(allocated * BigInt(terms.months_charged)),
  }));
  return [
    ...allocations.filter(({ amount }) => amount > NOTHING),
    // Ceilings are charged even where none is set, so that one set later counts what is held already.
    { account: PLAN_CEILING, amount: funded },
    { account: ENTERPRISE_CEILING, amount: funded },
  ];
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
