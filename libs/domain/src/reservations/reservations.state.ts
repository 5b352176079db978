import type { Charge, HeldLeg } from '../accounts/accounts.js';
import type { ApprovalsEntry } from '../approvals/approvals.entries.js';
import type { DecisionRecorded, DecisionsEntry } from '../decisions/decisions.entries.js';
import { noCounts } from '../decisions/counted.js';
import { emptyGate, evolveGate, type GateState } from '../decisions/decisions.state.js';
import type { PolicyEntry } from '../policy/policy.entries.js';
import { ENTERPRISE_CEILING } from '../policy/policy.state.js';
import type { DecisionId, Instant } from '../shared/brand.js';
import { assertNever } from '../shared/entry.js';
import { type KeyAnswers, noKeyAnswers, withKeyAnswer } from '../shared/key-answers.js';
import { max, type MicroUsd, NOTHING, usdOf } from '../shared/money.js';
import { BoundedMap } from '../shared/bounded-map.js';
import { PersistentMap } from '../shared/persistent-map.js';
import { type DueDates, noDueDates, withDueDate, withoutDueDate } from '../shared/due-dates.js';
import { type CostRows, foldCostRows, noCostRows } from './cost-rows.js';
import { reservationsAnswerOf } from './keyed-reservations.js';
import { isReconcilable, isSweepable, type Reservation, reservationOf } from './reservation.js';
import type { ExceptionKind, ReservationsEntry, SettledLeg } from './reservations.entries.js';
import { noSweeps, type Sweeps, withSwept } from './sweep-progress.js';

/**
 * What is booked for a decision whose hold has ended, or that never held anything. `assumed` is spent until an actual
 * comes; `released` and `ended` gave everything back.
 */
export interface Booking {
  readonly reservation: Reservation;
  readonly kind: 'actual' | 'assumed' | 'released' | 'ended' | 'none';
  /** The legs that the hold had. */
  readonly legs: readonly HeldLeg[];
  /** What is booked, by account. */
  readonly spent: readonly Charge[];
  /** The monthly amount that is booked, never negative. */
  readonly amount: MicroUsd;
  readonly overrun: MicroUsd;
  readonly bookedAt: Instant;
  /** How many corrections there were: what they open needs names of its own. */
  readonly corrections: number;
}

/** An exception that nobody has resolved yet. */
export interface OpenException {
  readonly kind: ExceptionKind;
  readonly decisionId: DecisionId;
  readonly dueAt: Instant;
}

export interface ReservationsState {
  readonly reservations: PersistentMap<Reservation>;
  /** Those that a sweep may end, by the instant since when they hold: which are overdue, policy says. */
  readonly sweepable: DueDates;
  /** The same fold of policy, holds and spent money as the gate's: what headroom a settlement may still charge. */
  readonly money: GateState;
  /** By decision. */
  readonly bookings: BoundedMap<Booking>;
  /** Decisions that held nothing, by themselves, so that many of them push no settlement out of memory. */
  readonly bare: BoundedMap<Booking>;
  /** Revisions of the newest corrections of what had left memory, by decision: who read it before must read it again. */
  readonly lateCorrections: BoundedMap<bigint>;
  readonly openExceptions: PersistentMap<OpenException>;
  readonly sweeps: Sweeps;
  readonly costRows: CostRows;
  /** The newest answers; older keys are looked up in the read models before anything is decided under them. */
  readonly answers: KeyAnswers;
}

export const SETTLEMENTS_KEPT = 10_000;

export const noReservations: ReservationsState = {
  reservations: PersistentMap.empty,
  sweepable: noDueDates,
  money: emptyGate,
  bookings: BoundedMap.ofCapacity(SETTLEMENTS_KEPT),
  bare: BoundedMap.ofCapacity(SETTLEMENTS_KEPT),
  lateCorrections: BoundedMap.ofCapacity(SETTLEMENTS_KEPT),
  openExceptions: PersistentMap.empty,
  sweeps: noSweeps,
  costRows: noCostRows,
  answers: noKeyAnswers(SETTLEMENTS_KEPT),
};

export const bookingOf = (state: ReservationsState, decisionId: string): Booking | undefined =>
  state.bookings.get(decisionId) ?? state.bare.get(decisionId);

const unbooked = (reservation: Reservation, kind: Booking['kind'], at: Instant): Booking => ({
  reservation,
  kind,
  legs: [],
  spent: [],
  amount: NOTHING,
  overrun: NOTHING,
  bookedAt: at,
  corrections: 0,
});

const remember = (state: ReservationsState, payload: DecisionRecorded, revision: bigint): ReservationsState => {
  const { decision_id: id } = payload;
  // A settlement that was folded first has ended it: journals do not wait for each other.
  if (payload.dry_run || state.bookings.has(id)) return state;
  const reservation = reservationOf(payload, revision);
  return isReconcilable(payload)
    ? { ...state, reservations: state.reservations.set(id, reservation) }
    : { ...state, bare: state.bare.set(id, unbooked(reservation, 'none', payload.decided_at)) };
};

/** Ends a reservation with what is booked of it. `legs`: what it held until now. */
const end = (
  state: ReservationsState,
  id: DecisionId,
  booked: (reservation: Reservation) => Booking,
): ReservationsState => {
  const reservation = state.reservations.get(id);
  if (reservation === undefined) return state;
  return {
    ...state,
    reservations: state.reservations.delete(id),
    bookings: state.bookings.set(id, booked(reservation)),
  };
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

const foldDecisions = (
  state: ReservationsState,
  { entry, revision }: { readonly entry: DecisionsEntry; readonly revision: bigint },
  legs: readonly HeldLeg[],
): ReservationsState => {
  switch (entry.type) {
    case 'decision_recorded':
      return remember(state, entry.payload, revision);
    case 'hold_reduced':
      return reduceHold(state, entry.payload);
    case 'decision_reanswered':
      return state;
    case 'hold_voided':
      return end(state, entry.payload.decision_id, (held) => ({
        ...unbooked(held, 'ended', entry.payload.voided_at),
        legs,
      }));
    case 'hold_expired':
      return end(state, entry.payload.decision_id, (held) => ({
        ...unbooked(held, 'ended', entry.payload.expired_at),
        legs,
      }));
    default:
      return assertNever(entry);
  }
};

const chargesOf = (legs: readonly Pick<SettledLeg, 'account' | 'spent_usd'>[]): readonly Charge[] =>
  legs.map(({ account, spent_usd }) => ({ account, spent: usdOf(spent_usd) }));

type Payload<Type extends ReservationsEntry['type']> = Extract<ReservationsEntry, { type: Type }>['payload'];

const settle = (
  state: ReservationsState,
  payload: Payload<'reservation_settled'>,
  legs: readonly HeldLeg[],
): ReservationsState =>
  end(state, payload.decision_id, (reservation) => ({
    reservation,
    kind: 'actual',
    legs,
    spent: chargesOf(payload.legs),
    amount: max(NOTHING, usdOf(payload.actual_usd)),
    overrun: usdOf(payload.overrun_usd),
    bookedAt: payload.settled_at,
    corrections: 0,
  }));

const assume = (
  state: ReservationsState,
  payload: Payload<'reservation_assumed_spent'>,
  legs: readonly HeldLeg[],
): ReservationsState =>
  end(state, payload.decision_id, (reservation) => ({
    reservation,
    kind: 'assumed',
    legs,
    spent: chargesOf(payload.legs),
    amount: usdOf(payload.total_usd),
    overrun: NOTHING,
    bookedAt: payload.swept_at,
    corrections: 0,
  }));

const correct = (
  state: ReservationsState,
  payload: Payload<'reservation_corrected'>,
  revision: bigint,
): ReservationsState => {
  const booking = bookingOf(state, payload.decision_id);
  if (booking === undefined)
    return { ...state, lateCorrections: state.lateCorrections.set(payload.decision_id, revision) };
  const corrected: Booking = {
    ...booking,
    kind: payload.cause === 'not_applied' ? 'released' : 'actual',
    spent: chargesOf(payload.legs),
    amount: max(NOTHING, usdOf(payload.actual_usd)),
    overrun: usdOf(payload.overrun_usd),
    bookedAt: payload.corrected_at,
    corrections: booking.corrections + 1,
  };
  return { ...state, bookings: state.bookings.set(payload.decision_id, corrected) };
};

const openException = (state: ReservationsState, payload: Payload<'exception_opened'>): ReservationsState => {
  const open: OpenException = { kind: payload.kind, decisionId: payload.decision_id, dueAt: payload.due_at };
  return { ...state, openExceptions: state.openExceptions.set(payload.exception_id, open) };
};

const changeBy = (
  state: ReservationsState,
  { entry, revision }: { readonly entry: ReservationsEntry; readonly revision: bigint },
  legs: readonly HeldLeg[],
  // eslint-disable-next-line complexity -- one case per entry type
): ReservationsState => {
  switch (entry.type) {
    case 'reservation_settled':
      return settle(state, entry.payload, legs);
    case 'reservation_assumed_spent':
      return assume(state, entry.payload, legs);
    case 'reservation_released':
      return end(state, entry.payload.decision_id, (held) => ({
        ...unbooked(held, 'released', entry.payload.swept_at),
        legs,
      }));
    case 'reservation_corrected':
      return correct(state, entry.payload, revision);
    case 'actual_costs_imported': {
      const { rows, imported_at: at } = entry.payload;
      return { ...state, costRows: foldCostRows(state.costRows, rows, at) };
    }
    case 'exception_opened':
      return openException(state, entry.payload);
    case 'exception_resolved':
      return { ...state, openExceptions: state.openExceptions.delete(entry.payload.exception_id) };
    case 'overdue_swept': // Says who swept what is swept already.
    case 'actual_recorded':
    case 'drift_found':
      return state;
    default:
      return assertNever(entry);
  }
};

const evolveOwn = (
  state: ReservationsState,
  seen: { readonly entry: ReservationsEntry; readonly revision: bigint },
  legs: readonly HeldLeg[],
): ReservationsState => {
  const sweeps = withSwept(state.sweeps, seen.entry, seen.revision);
  const changed = changeBy(sweeps === state.sweeps ? state : { ...state, sweeps }, seen, legs);
  const answered = reservationsAnswerOf(seen.entry);
  if (answered === undefined) return changed;
  return { ...changed, answers: withKeyAnswer(changed.answers, answered, seen.revision) };
};

export type ReservationsObserved =
  | { readonly journal: 'reservations'; readonly entry: ReservationsEntry; readonly revision: bigint }
  | { readonly journal: 'decisions'; readonly entry: DecisionsEntry; readonly revision: bigint }
  | { readonly journal: 'approvals'; readonly entry: ApprovalsEntry; readonly revision: bigint }
  | { readonly journal: 'policy'; readonly entry: PolicyEntry; readonly revision: bigint };

/** Keys and answers are the gate's own business: only its money and approvals are of use here. */
const foldMoney = (state: ReservationsState, seen: ReservationsObserved): ReservationsState => {
  const money = evolveGate(state.money, seen);
  const { answers, grants, overruns } = emptyGate;
  return { ...state, money: { ...money, ...noCounts, answers, grants, overruns } };
};

/** The decision that an entry is about; whether its hold may be swept depends on such entries alone. */
const decisionOf = ({ entry }: ReservationsObserved): string | null =>
  'decision_id' in entry.payload && typeof entry.payload.decision_id === 'string' ? entry.payload.decision_id : null;

const withSweepable = (before: ReservationsState, after: ReservationsState, id: string): ReservationsState => {
  const kept = after.reservations.get(id);
  const reservation = kept ?? before.reservations.get(id);
  if (reservation === undefined) return after;
  const isDue = kept !== undefined && isSweepable(after.money, kept);
  const sweepable = (isDue ? withDueDate : withoutDueDate)(after.sweepable, id, reservation.heldSince);
  return sweepable === after.sweepable ? after : { ...after, sweepable };
};

const foldRest = (
  state: ReservationsState,
  seen: ReservationsObserved,
  heldBefore: readonly HeldLeg[],
): ReservationsState => {
  if (seen.journal === 'decisions') return foldDecisions(state, seen, heldBefore);
  return seen.journal === 'reservations' ? evolveOwn(state, seen, heldBefore) : state;
};

/** Folds one entry of the service's own journal or of those it observes. */
export const evolveReservations = (state: ReservationsState, seen: ReservationsObserved): ReservationsState => {
  const next = foldMoney(state, seen);
  const id = decisionOf(seen);
  const heldBefore = (id === null ? undefined : state.money.accounts.holds.get(id)) ?? [];
  const folded = foldRest(next, seen, heldBefore);
  return id === null ? folded : withSweepable(state, folded, id);
};
