import type { ApprovalsEntry } from '../approvals/approvals.entries.js';
import type { DecisionRecorded, DecisionsEntry } from '../decisions/decisions.entries.js';
import { emptyGate, evolveGate, type GateState } from '../decisions/decisions.state.js';
import type { PolicyEntry } from '../policy/policy.entries.js';
import { ENTERPRISE_CEILING } from '../policy/policy.state.js';
import type { DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import { assertNever } from '../shared/entry.js';
import { type MicroUsd, NOTHING, usdOf } from '../shared/money.js';
import { BoundedMap } from '../shared/bounded-map.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { ReservationsEntry } from './reservations.entries.js';

/** A permitted decision whose actual cost is still to come. */
export interface Reservation {
  readonly decisionId: DecisionId;
  readonly requested: MicroUsd;
  readonly total: MicroUsd;
  /** What a grant lets pass beyond every limit; its leg comes with the exception that the gate writes. */
  readonly unfunded: MicroUsd;
  /** Where an actual is charged that no leg of a hold carries. */
  readonly projectId: string;
  readonly environmentClass: string;
  readonly heldSince: Instant;
  readonly revision: bigint;
}

/** What a key was answered. */
export interface SettlementAnswer {
  readonly payloadHash: Sha256Hex;
  readonly revision: bigint;
}

export interface ReservationsState {
  readonly reservations: PersistentMap<Reservation>;
  /** The same fold of policy, holds and spent money as the gate's: what headroom a settlement may still charge. */
  readonly money: GateState;
  /** Revision of the settlement, by decision. */
  readonly settlements: BoundedMap<bigint>;
  readonly answers: BoundedMap<SettlementAnswer>;
}

export const SETTLEMENTS_KEPT = 10_000;

export const noReservations: ReservationsState = {
  reservations: PersistentMap.empty,
  money: emptyGate,
  settlements: BoundedMap.ofCapacity(SETTLEMENTS_KEPT),
  answers: BoundedMap.ofCapacity(SETTLEMENTS_KEPT),
};

/** Something to reconcile: money is held or may yet be, or a saving was promised. */
const isReconcilable = ({ hold, cost, decision, dry_run }: DecisionRecorded): boolean => {
  if (dry_run || decision === 'DENY') return false;
  if (decision === 'REQUIRE_APPROVAL' || usdOf(hold.total_usd) > 0n) return true;
  return cost.monthly_delta_usd !== null && usdOf(cost.monthly_delta_usd) < 0n;
};

const reduceHold = (
  state: ReservationsState,
  { decision_id: id, legs }: Extract<DecisionsEntry, { type: 'hold_reduced' }>['payload'],
): ReservationsState => {
  const kept = state.reservations.get(id);
  if (kept === undefined) return state;
  const ceiling = legs.find(({ account }) => account === ENTERPRISE_CEILING);
  const total = ceiling === undefined ? NOTHING : usdOf(ceiling.amount_usd);
  return { ...state, reservations: state.reservations.set(id, { ...kept, total }) };
};

const foldDecisions = (state: ReservationsState, entry: DecisionsEntry, revision: bigint): ReservationsState => {
  switch (entry.type) {
    case 'decision_recorded': {
      const { payload } = entry;
      if (!isReconcilable(payload) || state.settlements.has(payload.decision_id)) return state;
      const reservation: Reservation = {
        decisionId: payload.decision_id,
        requested: usdOf(payload.cost.monthly_delta_usd ?? payload.hold.total_usd),
        total: usdOf(payload.hold.total_usd),
        unfunded: payload.approval === null ? NOTHING : usdOf(payload.approval.unfunded_usd),
        projectId: payload.request.project_id,
        environmentClass: payload.request.environment_class,
        heldSince: payload.decided_at,
        revision,
      };
      return { ...state, reservations: state.reservations.set(payload.decision_id, reservation) };
    }
    case 'hold_reduced':
      return reduceHold(state, entry.payload);
    case 'hold_voided':
    case 'hold_expired':
      return { ...state, reservations: state.reservations.delete(entry.payload.decision_id) };
    default:
      return assertNever(entry);
  }
};

const evolveOwn = (state: ReservationsState, entry: ReservationsEntry, revision: bigint): ReservationsState => {
  switch (entry.type) {
    case 'reservation_settled': {
      const { decision_id: id, idempotency } = entry.payload;
      const { key, payload_hash: payloadHash } = idempotency;
      const answers = key === null ? state.answers : state.answers.set(key, { payloadHash, revision });
      return {
        ...state,
        reservations: state.reservations.delete(id),
        settlements: state.settlements.set(id, revision),
        answers,
      };
    }
    case 'actual_recorded':
    case 'drift_found':
    case 'exception_opened':
    case 'exception_resolved':
      return state;
    default:
      return assertNever(entry);
  }
};

export type ReservationsObserved =
  | { readonly journal: 'reservations'; readonly entry: ReservationsEntry; readonly revision: bigint }
  | { readonly journal: 'decisions'; readonly entry: DecisionsEntry; readonly revision: bigint }
  | { readonly journal: 'approvals'; readonly entry: ApprovalsEntry; readonly revision: bigint }
  | { readonly journal: 'policy'; readonly entry: PolicyEntry; readonly revision: bigint };

/** Keys and answers are the gate's own business: only its money and approvals are of use here. */
const foldMoney = (state: ReservationsState, seen: ReservationsObserved): ReservationsState => {
  const money = evolveGate(state.money, seen);
  const { answers, autoApproved, grants, waiverUses } = emptyGate;
  return { ...state, money: { ...money, answers, autoApproved, grants, waiverUses } };
};

/** Folds one entry of the service's own journal or of those it observes. */
export const evolveReservations = (state: ReservationsState, seen: ReservationsObserved): ReservationsState => {
  const next = foldMoney(state, seen);
  if (seen.journal === 'decisions') return foldDecisions(next, seen.entry, seen.revision);
  return seen.journal === 'reservations' ? evolveOwn(next, seen.entry, seen.revision) : next;
};
