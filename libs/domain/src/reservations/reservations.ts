import { balanceOf, type HeldLeg } from '../accounts/accounts.js';
import {
  budgetAccount,
  ENTERPRISE_CEILING,
  matchingBudgets,
  overageAccount,
  PLAN_CEILING,
  policyInForce,
  termsOf,
} from '../policy/policy.state.js';
import type { PolicyDocument } from '../policy/policy.document.js';
import type { DecisionId, Instant } from '../shared/brand.js';
import { accepted, type Keyed, type PersonalText, refused, type Result } from '../shared/entry.js';
import { plusSeconds } from '../shared/instant.js';
import {
  floorTo4,
  formatUsd4,
  max,
  type MicroUsd,
  microUsd,
  min,
  NOTHING,
  roundHalfEven,
  usdOf,
} from '../shared/money.js';
import type { ReservationsEntry, SettledLeg, SettlementStatus } from './reservations.entries.js';
import type { Reservation, ReservationsState } from './reservations.state.js';

export interface Reconcile {
  readonly kind: 'reconcile';
  readonly decisionId: DecisionId;
  /** Micro-USD, monthly; negative for a saving that came true. */
  readonly actual: MicroUsd;
  readonly notes: PersonalText | null;
  readonly by: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}

export type ReservationsRefusal =
  | { readonly code: 'decision_not_reconcilable' }
  | { readonly code: 'reservation_pending_approval' }
  | { readonly code: 'reservation_already_settled' }
  /** The grant is used, and the gate has yet to write the exception it makes: a moment later this succeeds. */
  | { readonly code: 'overage_not_written' }
  | { readonly code: 'idempotency_conflict'; readonly firstRevision: bigint };

export type ReconcileResult =
  Result<ReservationsEntry, ReservationsRefusal> | { readonly kind: 'replay'; readonly revision: bigint };

type Rules = PolicyDocument['reconciliation'];

/** matched if |drift| <= max(absolute, percent of |expected|). Contract section 13.2. */
const classify = (drift: MicroUsd, expected: MicroUsd, rules: Rules): SettlementStatus => {
  const size = (amount: MicroUsd): bigint => (amount < 0n ? 0n - amount : amount);
  const relative = roundHalfEven(size(expected) * BigInt(rules.tolerance_percent), 100n);
  const tolerance = max(usdOf(rules.tolerance_absolute_usd), microUsd(relative));
  if (size(drift) <= tolerance) return 'matched';
  return drift > 0n ? 'overage' : 'savings';
};

interface ChargedLeg {
  readonly leg: SettledLeg;
  /** What no headroom of this account covers, in monthly money. */
  readonly shortfall: MicroUsd;
}

/** How often a leg carries each monthly dollar: the months its budget is charged. */
const monthsOf = (state: ReservationsState, account: string): bigint => {
  const budget = account.startsWith('budget:')
    ? state.money.policy.budgets.get(account.slice('budget:'.length))
    : undefined;
  return BigInt(budget?.terms.months_charged ?? 1);
};

const isOverage = (account: string): boolean => account.startsWith('overage:');

interface Split {
  /** The part of the actual that allocation carries, monthly. */
  readonly allocated: MicroUsd;
  /** The part that the approved overage carries, monthly. */
  readonly overage: MicroUsd;
}

/** The actual consumes the allocation first, then the approved overage; only what lies above both looks for headroom. */
const splitOf = (charged: MicroUsd, total: MicroUsd, overageHeld: MicroUsd): Split => {
  const overage = min(max(NOTHING, microUsd(charged - total)), overageHeld);
  return { allocated: microUsd(charged - overage), overage };
};

/** The monthly amount that `amount` is `months` times, up to the next 4 places: what is lacking is never understated. */
const perMonth = (amount: MicroUsd, months: bigint): MicroUsd =>
  microUsd(0n - floorTo4(microUsd(0n - (amount + months - 1n) / months)));

/**
 * What the actual is charged to: the legs of the hold. Where nothing was funded, as with an unknown cost or a saving, those
 * are the accounts that a hold had been on, with nothing held.
 */
const chargedLegs = (
  state: ReservationsState,
  { decisionId, projectId, environmentClass }: Reservation,
): readonly HeldLeg[] => {
  const legs = state.money.accounts.holds.get(decisionId) ?? [];
  if (legs.some(({ account }) => !isOverage(account))) return legs;
  const budgets = matchingBudgets(state.money.policy, projectId, environmentClass).map(({ terms }) =>
    budgetAccount(terms.budget_id),
  );
  return [...[...budgets, PLAN_CEILING, ENTERPRISE_CEILING].map((account) => ({ account, amount: NOTHING })), ...legs];
};

const hasMoved = ({ held_usd: held, spent_usd: spent }: SettledLeg): boolean =>
  usdOf(held) !== NOTHING || usdOf(spent) !== NOTHING;

const chargeLeg = (state: ReservationsState, held: HeldLeg, split: Split, now: Instant): ChargedLeg => {
  const months = isOverage(held.account) ? 1n : monthsOf(state, held.account);
  const wanted = microUsd((isOverage(held.account) ? split.overage : split.allocated) * months);
  const within = min(wanted, held.amount);
  const above = microUsd(wanted - within);
  const terms = termsOf(state.money.policy)(held.account, now);
  const { headroom } = balanceOf(state.money.accounts, held.account, terms, now);
  const extra = headroom === null ? above : min(above, headroom);
  return {
    leg: {
      account: held.account,
      held_usd: formatUsd4(held.amount),
      spent_usd: formatUsd4(microUsd(within + extra)),
      released_usd: formatUsd4(microUsd(held.amount - within)),
    },
    shortfall: perMonth(microUsd(above - extra), months),
  };
};

const exceptionOf = (
  command: Reconcile,
  kind: 'overage' | 'savings' | 'overrun',
  amounts: { readonly expected: MicroUsd; readonly amount: MicroUsd },
  rules: Rules,
): ReservationsEntry => ({
  type: 'exception_opened',
  payload: {
    exception_id: `${kind}:${command.decisionId}`,
    kind,
    decision_id: command.decisionId,
    expected_usd: formatUsd4(amounts.expected),
    actual_usd: formatUsd4(command.actual),
    amount_usd: formatUsd4(amounts.amount),
    owner: rules.default_owner,
    opened_at: command.now,
    due_at: plusSeconds(command.now, rules.exception_due_seconds),
  },
});

const exceptions = (
  command: Reconcile,
  settled: {
    readonly status: SettlementStatus;
    readonly expected: MicroUsd;
    readonly drift: MicroUsd;
    readonly overrun: MicroUsd;
  },
  rules: Rules,
): readonly ReservationsEntry[] => {
  const { status, expected, drift, overrun } = settled;
  const isLargeSaving = status === 'savings' && 0n - drift >= usdOf(rules.savings_exception_usd);
  return [
    ...(status === 'overage' ? [exceptionOf(command, 'overage', { expected, amount: drift }, rules)] : []),
    ...(isLargeSaving ? [exceptionOf(command, 'savings', { expected, amount: microUsd(0n - drift) }, rules)] : []),
    ...(overrun > NOTHING ? [exceptionOf(command, 'overrun', { expected, amount: overrun }, rules)] : []),
  ];
};

const exceptionIdOf = (entries: readonly ReservationsEntry[]): string | null => {
  const first = entries.find((entry) => entry.type === 'exception_opened');
  return first?.type === 'exception_opened' ? first.payload.exception_id : null;
};

const settle = (
  command: Reconcile,
  reservation: Reservation,
  state: ReservationsState,
  rules: Rules,
): readonly ReservationsEntry[] => {
  const legs = chargedLegs(state, reservation);
  const overageHeld = legs.reduce((sum, leg) => (isOverage(leg.account) ? microUsd(sum + leg.amount) : sum), NOTHING);
  const total = microUsd(reservation.total + overageHeld);
  const expected = total > NOTHING ? total : reservation.requested;
  const charged = max(NOTHING, command.actual); // A saving makes no headroom.
  const split = splitOf(charged, reservation.total, overageHeld);
  const settled = legs.map((leg) => chargeLeg(state, leg, split, command.now));
  const overrun = settled.reduce((most, { shortfall }) => max(most, shortfall), NOTHING);
  const drift = microUsd(command.actual - expected);
  const status = classify(drift, expected, rules);
  const opened = exceptions(command, { status, expected, drift, overrun }, rules);
  return [
    {
      type: 'actual_recorded',
      payload: {
        decision_id: command.decisionId,
        actual_monthly_delta_usd: formatUsd4(command.actual),
        trigger: 'manual',
        notes: command.notes,
        recorded_by: command.by,
        recorded_at: command.now,
      },
    },
    {
      type: 'reservation_settled',
      payload: {
        decision_id: command.decisionId,
        status,
        expected_usd: formatUsd4(expected),
        actual_usd: formatUsd4(command.actual),
        drift_usd: formatUsd4(drift),
        legs: settled.map(({ leg }) => leg).filter(hasMoved),
        overrun_usd: formatUsd4(overrun),
        exception_id: exceptionIdOf(opened),
        idempotency: command.idempotency,
        trigger: 'manual',
        settled_by: command.by,
        settled_at: command.now,
      },
    },
    ...(status === 'matched' ? [] : [driftFound(command, status, drift)]),
    ...opened,
  ];
};

const driftFound = (command: Reconcile, direction: 'overage' | 'savings', drift: MicroUsd): ReservationsEntry => ({
  type: 'drift_found',
  payload: { decision_id: command.decisionId, direction, drift_usd: formatUsd4(drift), found_at: command.now },
});

/** What this key was answered before: the same again for the same payload, a refusal for another (G3). */
const earlierAnswer = (
  { key, payload_hash: payloadHash }: Keyed,
  state: ReservationsState,
): ReconcileResult | undefined => {
  const earlier = key === null ? undefined : state.answers.get(key);
  if (earlier === undefined) return undefined;
  return earlier.payloadHash === payloadHash
    ? { kind: 'replay', revision: earlier.revision }
    : refused({ code: 'idempotency_conflict', firstRevision: earlier.revision });
};

/** Charges what was really spent to what was held; a hold ends once. Contract section 13.2. */
export const decideReconcile = (command: Reconcile, state: ReservationsState): ReconcileResult => {
  const earlier = earlierAnswer(command.idempotency, state);
  if (earlier !== undefined) return earlier;
  if (state.settlements.has(command.decisionId)) return refused({ code: 'reservation_already_settled' });
  const reservation = state.reservations.get(command.decisionId);
  if (reservation === undefined) return refused({ code: 'decision_not_reconcilable' });
  const progress = state.money.approvals.get(command.decisionId);
  if (progress === 'pending' || progress === 'granted') return refused({ code: 'reservation_pending_approval' });
  const hasOverage = state.money.policy.overages.has(overageAccount(command.decisionId));
  if (reservation.unfunded > NOTHING && !hasOverage) return refused({ code: 'overage_not_written' });
  const rules = policyInForce(state.money.policy, command.now)?.document.reconciliation;
  if (rules === undefined) return refused({ code: 'decision_not_reconcilable' });
  return accepted(...settle(command, reservation, state, rules));
};
