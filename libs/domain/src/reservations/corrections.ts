import type { Instant } from '../shared/brand.js';
import type { Keyed } from '../shared/entry.js';
import { formatUsd4, max, type MicroUsd, microUsd, NOTHING } from '../shared/money.js';
import {
  classify,
  exceptionIdOf,
  exceptionOpened,
  namesOf,
  type ReconciliationRules,
  settlementExceptions,
} from './exceptions.js';
import type { CorrectedLeg, CorrectionCause, ReservationsEntry, SettlementTrigger } from './reservations.entries.js';
import type { Booking, ReservationsState } from './reservations.state.js';
import { overageOf } from './reservation.js';
import { type Booked, bookedOn, bookShare, overrunOf, sharesOf } from './split.js';

/** An amount that replaces what is booked for a decision. */
export interface Correct {
  readonly actual: MicroUsd;
  readonly trigger: SettlementTrigger;
  readonly by: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}

interface Compared {
  readonly cause: CorrectionCause;
  readonly status: 'matched' | 'overage' | 'savings';
  readonly expected: MicroUsd;
  readonly drift: MicroUsd;
}

/** A correction is compared with the hold, as the actual that it replaces was; a late actual with what was still booked. */
const compare = (actual: MicroUsd, booking: Booking, rules: ReconciliationRules): Compared => {
  const { reservation, kind, legs, amount } = booking;
  const hold = microUsd(reservation.total + overageOf(legs));
  const promised = hold > NOTHING ? hold : reservation.requested;
  const expected = kind === 'actual' ? promised : amount;
  const drift = microUsd(actual - expected);
  const cause = kind === 'actual' ? 'correction' : 'late_actual';
  return { cause, expected, drift, status: classify(drift, expected, rules) };
};

const legOf =
  ({ spent: charges }: Booking) =>
  ({ share: { account }, spent }: Booked): CorrectedLeg => ({
    account,
    spent_usd: formatUsd4(spent),
    adjusted_usd: formatUsd4(microUsd(spent - bookedOn(charges, account))),
  });
const isBooked = ({ spent_usd, adjusted_usd }: CorrectedLeg): boolean =>
  spent_usd !== '0.0000' || adjusted_usd !== '0.0000';

/** What was spoken for by nobody is, once somebody says what it came to. */
const resolvedBy = (
  command: Correct,
  { reservation }: Booking,
  state: ReservationsState,
): readonly ReservationsEntry[] => {
  const exceptionId = exceptionIdOf('unreconciled', reservation.decisionId, 0);
  if (!state.openExceptions.has(exceptionId)) return [];
  return [
    {
      type: 'exception_resolved',
      payload: {
        exception_id: exceptionId,
        decision_id: reservation.decisionId,
        resolution: 'corrected',
        notes: null,
        resolved_by: command.by,
        resolved_at: command.now,
      },
    },
  ];
};

const exceptionsOf = (
  command: Correct,
  { booking, rules }: { readonly booking: Booking; readonly rules: ReconciliationRules },
  { compared, newOverrun }: { readonly compared: Compared; readonly newOverrun: MicroUsd },
): readonly ReservationsEntry[] => {
  const { cause, status, expected, drift } = compared;
  const { actual, now } = command;
  const about = { decisionId: booking.reservation.decisionId, count: booking.corrections, expected, actual };
  if (cause === 'correction')
    return settlementExceptions({ ...about, count: about.count + 1, status, drift, overrun: newOverrun }, rules, now);
  const late =
    status === 'matched' ? [] : [exceptionOpened({ ...about, kind: 'late_actual', amount: drift }, rules, now)];
  const overrun =
    newOverrun > NOTHING ? [exceptionOpened({ ...about, kind: 'overrun', amount: newOverrun }, rules, now)] : [];
  return [...late, ...overrun];
};

/**
 * Books an actual for a decision whose hold has ended, instead of what was booked until now. More is charged to the
 * headroom of today, the rest is named an overrun; less goes back to the period it had been booked in.
 * @source contract sections 13.2 and 13.3
 */
export const decideCorrection = (
  command: Correct,
  known: { readonly booking: Booking; readonly rules: ReconciliationRules },
  state: ReservationsState,
): readonly ReservationsEntry[] => {
  const { booking, rules } = known;
  const { actual, now } = command;
  const compared = compare(actual, booking, rules);
  const booked = sharesOf(state, booking, actual).map((share) =>
    bookShare(state, share, { before: bookedOn(booking.spent, share.account), now }),
  );
  const overrun = overrunOf(booked);
  const newOverrun = max(NOTHING, microUsd(overrun - booking.overrun));
  const opened = exceptionsOf(command, known, { compared, newOverrun });
  const { cause, status, expected, drift } = compared;
  return [
    {
      type: 'reservation_corrected',
      payload: {
        decision_id: booking.reservation.decisionId,
        cause,
        status,
        expected_usd: formatUsd4(expected),
        actual_usd: formatUsd4(actual),
        drift_usd: formatUsd4(drift),
        legs: booked.map(legOf(booking)).filter(isBooked),
        overrun_usd: formatUsd4(overrun),
        ...namesOf(opened),
        idempotency: command.idempotency,
        trigger: command.trigger,
        corrected_by: command.by,
        corrected_at: now,
        booked_at: booking.bookedAt,
      },
    },
    ...resolvedBy(command, booking, state),
    ...opened,
  ];
};

/** Takes an assumed amount out of spent: the change was never applied. @source contract section 13.4 */
export const unbook = (booking: Booking, by: string, now: Instant, idempotency: Keyed): ReservationsEntry => ({
  type: 'reservation_corrected',
  payload: {
    decision_id: booking.reservation.decisionId,
    cause: 'not_applied',
    status: 'savings',
    expected_usd: formatUsd4(booking.amount),
    actual_usd: formatUsd4(NOTHING),
    drift_usd: formatUsd4(microUsd(0n - booking.amount)),
    legs: booking.spent.map(({ account, spent }) => ({
      account,
      spent_usd: formatUsd4(NOTHING),
      adjusted_usd: formatUsd4(microUsd(0n - spent)),
    })),
    overrun_usd: formatUsd4(NOTHING),
    exception_id: null,
    exception_ids: [],
    idempotency,
    trigger: 'manual',
    corrected_by: by,
    corrected_at: now,
    booked_at: booking.bookedAt,
  },
});
