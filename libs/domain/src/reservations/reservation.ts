import type { HeldLeg } from '../accounts/accounts.js';
import type { DecisionRecorded } from '../decisions/decisions.entries.js';
import type { GateState } from '../decisions/decisions.state.js';
import { isOverageAccount } from '../policy/policy.state.js';
import type { DecisionId, Instant } from '../shared/brand.js';
import { type MicroUsd, microUsd, NOTHING, sum, usdOf } from '../shared/money.js';

/** A decision whose actual cost may still come: what it asked for, and on which accounts. */
export interface Reservation {
  readonly decisionId: DecisionId;
  readonly requested: MicroUsd;
  readonly total: MicroUsd;
  /** What a grant lets pass beyond every limit; its leg comes with the exception that the gate writes. */
  readonly unfunded: MicroUsd;
  /** Where an actual is charged that no leg of a hold carries. */
  readonly projectId: string;
  readonly environmentClass: string;
  /** Accounts of the hold in the order they were drawn on. */
  readonly drawn: readonly string[];
  readonly heldSince: Instant;
  readonly revision: bigint;
}

/** Something to reconcile: money is held or may yet be, or a saving was promised; never of what was rolled back. */
export const isReconcilable = ({ batch, hold, cost, decision }: DecisionRecorded): boolean => {
  if (decision === 'DENY' || batch?.rolled_back === true) return false;
  if (decision === 'REQUIRE_APPROVAL' || usdOf(hold.total_usd) > 0n) return true;
  return cost.monthly_delta_usd !== null && usdOf(cost.monthly_delta_usd) < 0n;
};

/** The reservation that a decision begins with. `revision`: of its entry. */
export const reservationOf = (payload: DecisionRecorded, revision: bigint): Reservation => ({
  decisionId: payload.decision_id,
  requested: usdOf(payload.cost.monthly_delta_usd ?? payload.hold.total_usd),
  total: usdOf(payload.hold.total_usd),
  unfunded: payload.approval === null ? NOTHING : usdOf(payload.approval.unfunded_usd),
  projectId: payload.request.project_id,
  environmentClass: payload.request.environment_class,
  drawn: payload.hold.legs.map(({ account }) => account),
  heldSince: payload.decided_at,
  revision,
});

/** The part of a hold that an approved overage carries. Micro-USD, monthly. */
export const overageOf = (legs: readonly HeldLeg[]): MicroUsd =>
  sum(legs.filter(({ account }) => isOverageAccount(account)).map(({ amount }) => amount));

type Money = Pick<GateState, 'accounts' | 'approvals'>;
const overageHeld = ({ accounts }: Money, { decisionId }: Reservation): MicroUsd =>
  overageOf(accounts.holds.get(decisionId) ?? []);

/** What a decision holds a month, its overage included. Micro-USD. */
export const heldMonthly = (money: Money, reservation: Reservation): MicroUsd =>
  microUsd(reservation.total + overageHeld(money, reservation));

/**
 * A hold of money that waits for nobody's approval, nor for the use of one; nor for the gate to name its overage.
 * @source contract section 13.3
 */
export const isSweepable = (money: Money, reservation: Reservation): boolean => {
  const progress = money.approvals.get(reservation.decisionId);
  if (progress === 'pending' || progress === 'granted') return false;
  const isOverageDue = reservation.unfunded > NOTHING && overageHeld(money, reservation) === NOTHING;
  return !isOverageDue && heldMonthly(money, reservation) > NOTHING;
};
