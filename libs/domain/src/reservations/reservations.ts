import { overageAccount } from '../policy/policy.state.js';
import type { DecisionId, Instant } from '../shared/brand.js';
import { accepted, type Keyed, type PersonalText, refused, type Result } from '../shared/entry.js';
import { type EarlierAnswer, earlierKeyAnswer, type LookedUpAnswer } from '../shared/key-answers.js';
import { formatUsd4, max, type MicroUsd, microUsd, NOTHING } from '../shared/money.js';
import { decideCorrection } from './corrections.js';
import {
  classify,
  namesOf,
  type ReconciliationRules,
  rulesAt,
  type SettledAmounts,
  settlementExceptions,
} from './exceptions.js';
import type { ReservationsEntry, SettledLeg, SettlementTrigger } from './reservations.entries.js';
import { bookingKnown, type RememberedBooking } from './remembered-booking.js';
import type { Operation } from './keyed-reservations.js';
import type { ReservationsState } from './reservations.state.js';
import { overageOf, type Reservation } from './reservation.js';
import { type Booked, bookShare, overrunOf, sharesOf } from './split.js';

export interface Reconcile {
  readonly kind: 'reconcile';
  readonly decisionId: DecisionId;
  /** Micro-USD, monthly; negative for a saving that came true. */
  readonly actual: MicroUsd;
  /** Whether an actual that is there already is to be replaced; the edge has checked that the caller may. */
  readonly isCorrection: boolean;
  readonly trigger: SettlementTrigger;
  readonly notes: PersonalText | null;
  readonly by: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
  /** null: what is booked is in memory, or nothing is. */
  readonly rememberedBooking: RememberedBooking | null;
}

export type ReservationsRefusal =
  | { readonly code: 'decision_not_reconcilable' }
  | { readonly code: 'reservation_pending_approval' }
  | { readonly code: 'reservation_already_settled' }
  /** The grant is used, and the gate has yet to write the exception it makes: a moment later this succeeds. */
  | { readonly code: 'overage_not_written' }
  /** What was read back of a decision was corrected meanwhile: it is to be read again. */
  | { readonly code: 'booking_moved' }
  | { readonly code: 'exception_not_open' }
  | { readonly code: 'quota_exceeded' }
  | Extract<EarlierAnswer, { kind: 'refused' }>['refusal'];

export type ReconcileResult =
  Result<ReservationsEntry, ReservationsRefusal> | Extract<EarlierAnswer, { kind: 'replay' }>;

const hasMoved = ({ held_usd: held, spent_usd: spent }: SettledLeg): boolean => held !== '0.0000' || spent !== '0.0000';

const legOf = ({ share: { account, held, wanted }, spent }: Booked): SettledLeg => ({
  account,
  held_usd: formatUsd4(held),
  spent_usd: formatUsd4(spent),
  released_usd: formatUsd4(max(NOTHING, microUsd(held - max(NOTHING, wanted)))),
});

/** Entries that say what the actual was, before what became of the money. */
export const actualRecorded = (command: Reconcile): ReservationsEntry => ({
  type: 'actual_recorded',
  payload: {
    decision_id: command.decisionId,
    actual_monthly_delta_usd: formatUsd4(command.actual),
    trigger: command.trigger,
    notes: command.notes,
    recorded_by: command.by,
    recorded_at: command.now,
  },
});

export const driftFound = (
  { decisionId, now }: Pick<Reconcile, 'decisionId' | 'now'>,
  { status, drift }: Pick<SettledAmounts, 'status' | 'drift'>,
): readonly ReservationsEntry[] =>
  status === 'matched'
    ? []
    : [
        {
          type: 'drift_found',
          payload: { decision_id: decisionId, direction: status, drift_usd: formatUsd4(drift), found_at: now },
        },
      ];

const settled = (
  command: Reconcile,
  {
    booked,
    amounts,
    opened,
  }: { booked: readonly Booked[]; amounts: SettledAmounts; opened: readonly ReservationsEntry[] },
): ReservationsEntry => ({
  type: 'reservation_settled',
  payload: {
    decision_id: command.decisionId,
    status: amounts.status,
    expected_usd: formatUsd4(amounts.expected),
    actual_usd: formatUsd4(command.actual),
    drift_usd: formatUsd4(amounts.drift),
    legs: booked.map(legOf).filter(hasMoved),
    overrun_usd: formatUsd4(amounts.overrun),
    ...namesOf(opened),
    idempotency: command.idempotency,
    trigger: command.trigger,
    settled_by: command.by,
    settled_at: command.now,
  },
});

const settle = (
  command: Reconcile,
  reservation: Reservation,
  state: ReservationsState,
  rules: ReconciliationRules,
): readonly ReservationsEntry[] => {
  const { decisionId, actual, now } = command;
  const legs = state.money.accounts.holds.get(decisionId) ?? [];
  const total = microUsd(reservation.total + overageOf(legs));
  const expected = total > NOTHING ? total : reservation.requested;
  const drift = microUsd(actual - expected);
  const booked = sharesOf(state, { reservation, legs }, actual).map((share) =>
    bookShare(state, share, { before: share.held, now }),
  );
  const status = classify(drift, expected, rules);
  const amounts = { decisionId, count: 0, status, expected, actual, drift, overrun: overrunOf(booked) };
  const opened = settlementExceptions(amounts, rules, now);
  return [
    actualRecorded(command),
    settled(command, { booked, amounts, opened }),
    ...driftFound(command, amounts),
    ...opened,
  ];
};

/** What this key was answered before: the same again for the same payload, a refusal for another (G3). */
export const earlierSettlement = (
  scope: Operation,
  { idempotency: keyed, lookedUp }: { readonly idempotency: Keyed; readonly lookedUp?: LookedUpAnswer },
  { answers }: ReservationsState,
): EarlierAnswer | undefined => earlierKeyAnswer(answers, { scope, keyed }, lookedUp);

/** A hold that the actual may end: nobody has to agree to it any more, and its overage is written. */
const heldRefusal = (state: ReservationsState, reservation: Reservation): ReservationsRefusal | undefined => {
  const { decisionId, unfunded } = reservation;
  const progress = state.money.approvals.get(decisionId);
  if (progress === 'pending' || progress === 'granted') return { code: 'reservation_pending_approval' };
  const hasOverage = state.money.policy.overages.has(overageAccount(decisionId));
  return unfunded > NOTHING && !hasOverage ? { code: 'overage_not_written' } : undefined;
};

/**
 * Charges what was really spent to what was held; a hold ends once. An actual that meets an ended hold is never counted
 * twice and never lost.
 * @source contract sections 13.1 to 13.3
 */
export const decideReconcile = (command: Reconcile, state: ReservationsState): ReconcileResult => {
  const earlier = earlierSettlement('reconcile', command, state);
  if (earlier !== undefined) return earlier;
  const rules = rulesAt(state, command.now);
  if (rules === undefined) return refused({ code: 'decision_not_reconcilable' });
  const reservation = state.reservations.get(command.decisionId);
  if (reservation !== undefined) {
    const problem = heldRefusal(state, reservation);
    return problem === undefined ? accepted(...settle(command, reservation, state, rules)) : refused(problem);
  }
  const booking = bookingKnown(state, command.decisionId, command.rememberedBooking);
  if (booking === 'moved') return refused({ code: 'booking_moved' });
  if (booking === undefined) return refused({ code: 'decision_not_reconcilable' });
  if (booking.kind === 'actual' && !command.isCorrection) return refused({ code: 'reservation_already_settled' });
  return accepted(actualRecorded(command), ...decideCorrection(command, { booking, rules }, state));
};
