import { type Accounts, balanceOf, type HeldLeg, type TermsOf } from '../accounts/accounts.js';
import { type Budget, budgetAccount, ENTERPRISE_CEILING, PLAN_CEILING } from '../policy/policy.state.js';
import type { Instant } from '../shared/brand.js';
import { floorTo4, formatUsd4, type MicroUsd, microUsd, min, NOTHING } from '../shared/money.js';
import type { Balance, WaterfallStage } from './decisions.entries.js';
import type { ReasonCode } from './reason-codes.js';

/** How far a request can be funded, stage by stage. Contract section 9.3. */
export interface Waterfall {
  readonly stages: readonly WaterfallStage[];
  /** A: what allocations fund, micro-USD, a multiple of 100. */
  readonly funded: MicroUsd;
  /** U = R - A. */
  readonly unfunded: MicroUsd;
  /** Legs that hold the funded part: every matching budget and both ceilings. */
  readonly legs: readonly HeldLeg[];
  readonly violations: readonly ReasonCode[];
  readonly notes: readonly ReasonCode[];
}

export interface FundingRequest {
  readonly monthly: MicroUsd;
  readonly isBudgetRequired: boolean;
  readonly now: Instant;
  /** Looked up once per decision: `matchingBudgets` and `termsOf` of the policy it is made under. */
  readonly budgets: readonly Budget[];
  readonly terms: TermsOf;
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
  stage: name,
  status: consumed === wanted ? 'pass' : consumed > NOTHING ? 'partial' : 'fail',
  available_usd: text(available),
  consumed_usd: formatUsd4(consumed),
  remaining_usd: available === null ? null : text(microUsd(available - consumed)),
});
const skipped = (name: WaterfallStage['stage']): WaterfallStage => ({
  stage: name,
  status: 'skipped',
  available_usd: null,
  consumed_usd: formatUsd4(NOTHING),
  remaining_usd: null,
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

/** Looks for the money. A saving asks for none; an estimate below zero makes no headroom either. */
// eslint-disable-next-line complexity -- the stages of contract 9.3, top down
export const fund = (request: FundingRequest, accounts: Accounts): Waterfall => {
  const { monthly, now, budgets, terms } = request;
  const missing: readonly ReasonCode[] =
    budgets.length > 0 ? [] : [request.isBudgetRequired ? 'budget_missing' : 'no_budget_configured'];
  const violations = missing.filter((code) => code === 'budget_missing');
  const notes = missing.filter((code) => code === 'no_budget_configured');
  if (monthly <= NOTHING) {
    const note: ReasonCode = monthly < NOTHING ? 'cost_decrease' : 'no_cost_change';
    return { stages: STAGES.map(skipped), funded: NOTHING, unfunded: NOTHING, legs: [], violations: [], notes: [note] };
  }
  const headroomOf = (account: string): Room => balanceOf(accounts, account, terms(account, now), now).headroom;
  const plan = headroomOf(PLAN_CEILING);
  const enterprise = headroomOf(ENTERPRISE_CEILING);
  const capped = floorTo4(least(least(monthly, plan), enterprise));
  const allocation = budgets.reduce<Room>((room, budget) => {
    const next = monthlyRoom(budget, headroomOf(budgetAccount(budget.terms.budget_id)));
    return room === null || (next !== null && next < room) ? next : room;
  }, null);
  const funded = least(capped, allocation);
  const unfunded = microUsd(monthly - funded);
  const legs = funded === NOTHING ? [] : legsOf(funded, budgets);
  return {
    funded,
    unfunded,
    legs,
    notes,
    violations: [
      ...violations,
      ...(plan !== null && monthly > plan ? (['plan_limit_exceeded'] as const) : []),
      ...(capped > funded ? (['budget_exceeded'] as const) : []),
      ...(enterprise !== null && monthly > enterprise ? (['enterprise_ceiling_exceeded'] as const) : []),
    ],
    stages: [
      stage('plan_limit', monthly, least(monthly, plan === null ? null : floorTo4(plan)), plan),
      stage('project_allocation', capped, funded, allocation),
      skipped('reserved_credits'),
      skipped('org_emergency_credits'),
      stage(
        'enterprise_ceiling',
        monthly,
        least(monthly, enterprise === null ? null : floorTo4(enterprise)),
        enterprise,
      ),
      stage('unfunded', NOTHING, unfunded, null),
    ].map((each) => (each.stage === 'unfunded' ? { ...each, status: unfunded > NOTHING ? 'fail' : 'pass' } : each)),
  };
};

const legsOf = (funded: MicroUsd, budgets: readonly Budget[]): readonly HeldLeg[] => [
  ...budgets.map(({ terms }) => ({
    account: budgetAccount(terms.budget_id),
    amount: microUsd(funded * BigInt(terms.months_charged)),
  })),
  // Ceilings are charged even where none is set, so that one set later counts what is held already.
  { account: PLAN_CEILING, amount: funded },
  { account: ENTERPRISE_CEILING, amount: funded },
];

/** Balances of the accounts a decision touches, as they stand with its hold in place. */
export const balancesAfter = (
  { budgets, terms, now }: Pick<FundingRequest, 'budgets' | 'terms' | 'now'>,
  accounts: Accounts,
): readonly Balance[] => {
  const names = budgets.map((budget) => budgetAccount(budget.terms.budget_id));
  return [...names, PLAN_CEILING, ENTERPRISE_CEILING].map((account) => {
    const { limit, spent, held, headroom } = balanceOf(accounts, account, terms(account, now), now);
    return {
      account,
      limit_usd: text(limit),
      spent_usd: formatUsd4(floorTo4(spent)),
      held_usd: formatUsd4(floorTo4(held)),
      headroom_usd: text(headroom),
    };
  });
};
