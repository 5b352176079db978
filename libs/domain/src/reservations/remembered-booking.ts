import { placeHold } from '../accounts/accounts.js';
import type { DecisionRecorded, DecisionsEntry } from '../decisions/decisions.entries.js';
import { overageAccount } from '../policy/policy.state.js';
import type { MicroUsd } from '../shared/money.js';
import type { ReservationsEntry } from './reservations.entries.js';
import {
  type Booking,
  bookingOf,
  evolveReservations,
  noReservations,
  type ReservationsState,
} from './reservations.state.js';

/** What is booked for a decision that left memory, as the journals say it. */
export interface RememberedBooking {
  readonly booking: Booking;
  /** Revision of the reservations journal up to which it was read. */
  readonly asOf: bigint;
}

interface At<Of> {
  readonly entry: Of;
  readonly revision: bigint;
}

/** All that the journals say of the money of one decision, each journal in its order. */
export interface BookingHistory {
  readonly decision: { readonly payload: DecisionRecorded; readonly revision: bigint };
  /** What its grant let pass beyond every limit, once the gate has written it; nothing is reduced or swept before. */
  readonly overage: MicroUsd | undefined;
  /** What became of the hold until something was booked, or until it ended. */
  readonly holds: readonly At<DecisionsEntry>[];
  readonly bookings: readonly At<ReservationsEntry>[];
}

/**
 * Folds one decision's entries to what is booked for it, by the same fold as ever.
 *
 * @returns undefined where the money is still held, or the decision was a dry run.
 */
export const bookingFrom = ({ decision, overage, holds, bookings }: BookingHistory): Booking | undefined => {
  const { payload, revision } = decision;
  const { decision_id: id } = payload;
  const asked = evolveReservations(noReservations, {
    journal: 'decisions',
    entry: { type: 'decision_recorded', payload },
    revision,
  });
  const legs = overage === undefined ? [] : [{ account: overageAccount(id), amount: overage }];
  const accounts = placeHold(asked.money.accounts, id, legs);
  const held: ReservationsState = { ...asked, money: { ...asked.money, accounts } };
  const ended = holds.reduce<ReservationsState>(
    (state, at) => evolveReservations(state, { journal: 'decisions', ...at }),
    held,
  );
  const booked = bookings.reduce<ReservationsState>(
    (state, at) => evolveReservations(state, { journal: 'reservations', ...at }),
    ended,
  );
  return bookingOf(booked, id);
};

/** Whether what is booked for some decision may have left memory. */
export const hasForgotten = ({ bookings, bare }: ReservationsState): boolean =>
  bookings.forgotten > 0 || bare.forgotten > 0;

/**
 * What is booked for a decision: from memory, else what was read back, unless it was corrected since.
 *
 * @returns undefined where nothing is known of it.
 */
export const bookingKnown = (
  state: ReservationsState,
  decisionId: string,
  remembered: RememberedBooking | null,
): Booking | 'moved' | undefined => {
  const booking = bookingOf(state, decisionId);
  if (booking !== undefined || remembered === null) return booking;
  const corrected = state.lateCorrections.get(decisionId);
  return corrected !== undefined && corrected > remembered.asOf ? 'moved' : remembered.booking;
};
