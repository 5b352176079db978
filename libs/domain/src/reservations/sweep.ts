import { policyInForce } from '../policy/policy.state.js';
import type { DecisionId, Instant } from '../shared/brand.js';
import { accepted, type Keyed, type PersonalText, refused } from '../shared/entry.js';
import type { LookedUpAnswer } from '../shared/key-answers.js';
import { dueUntil } from '../shared/due-dates.js';
import { plusSeconds } from '../shared/instant.js';
import { sha256Hex } from '../shared/sha256.js';
import { formatUsd4, type MicroUsd, NOTHING } from '../shared/money.js';
import { unbook } from './corrections.js';
import { exceptionIdOf, exceptionOpened, type ReconciliationRules } from './exceptions.js';
import type { ReservationsEntry, Resolution, SettledLeg, SweepAction } from './reservations.entries.js';
import { earlierSettlement, type ReconcileResult } from './reservations.js';
import { heldMonthly, type Reservation } from './reservation.js';
import { bookingKnown, type RememberedBooking } from './remembered-booking.js';
import type { ReservationsState } from './reservations.state.js';
import { type SweepProgress, sweepUnder } from './sweep-progress.js';

/** Ends holds that nobody has settled in time; null: as the policy in force says. */
export interface SweepOverdue {
  readonly kind: 'sweep_overdue';
  readonly olderThanSeconds: number | null;
  readonly action: SweepAction | null;
  /** So many at most, with those that were ended under its key before; SWEPT_AT_ONCE of them now. */
  readonly limit: number;
  readonly by: string;
  readonly now: Instant;
  /** Of the sweep that somebody asked for; absent: by the clock. */
  readonly idempotency?: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}

const NO_KEY = { key: null, payload_hash: sha256Hex('') };

/** Two entries a hold: an append has room for so many. */
export const SWEPT_AT_ONCE = 200;

/** Records what a sweep that somebody asked for came to, once all its parts are written. */
export interface FinishSweep {
  readonly kind: 'finish_sweep';
  readonly sweepId: string;
  readonly swept: SweepTotals;
  readonly olderThanSeconds: number;
  readonly action: SweepAction;
  readonly limit: number;
  readonly by: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}

export interface SweepTotals {
  readonly decisionIds: readonly DecisionId[];
  /** Micro-USD, monthly. */
  readonly total: MicroUsd;
}

/** What policy says of overdue holds. */
export const sweepTerms = (
  state: ReservationsState,
  now: Instant,
): { readonly olderThanSeconds: number; readonly action: SweepAction } | undefined => {
  const document = policyInForce(state.money.policy, now)?.document;
  if (document === undefined) return undefined;
  const { execution, reconciliation } = document;
  return { olderThanSeconds: execution.hold_overdue_seconds, action: reconciliation.overdue_action };
};

/** Holds that are overdue, oldest first. Found without a look at those that are not. */
export const overdueHolds = (
  { reservations, sweepable }: Pick<ReservationsState, 'reservations' | 'sweepable'>,
  { olderThanSeconds, now }: { readonly olderThanSeconds: number; readonly now: Instant },
): readonly Reservation[] =>
  [...dueUntil(sweepable, plusSeconds(now, -olderThanSeconds))]
    .flatMap((id) => reservations.get(id) ?? [])
    .sort((a, b) => (a.heldSince < b.heldSince || (a.heldSince === b.heldSince && a.revision < b.revision) ? -1 : 1));

/** How many holds a sweep would end now, as policy says. */
export const countOverdue = (state: ReservationsState, now: Instant): number => {
  const terms = sweepTerms(state, now);
  if (terms === undefined) return 0;
  let count = 0;
  for (const _ of dueUntil(state.sweepable, plusSeconds(now, -terms.olderThanSeconds))) count += 1;
  return count;
};

interface Sweeping {
  readonly command: SweepOverdue;
  readonly olderThanSeconds: number;
  readonly action: SweepAction;
  readonly rules: ReconciliationRules;
}

const endHold = (
  state: ReservationsState,
  reservation: Reservation,
  sweeping: Sweeping,
): readonly ReservationsEntry[] => {
  const { decisionId } = reservation;
  const { command, olderThanSeconds, action, rules } = sweeping;
  const { idempotency = NO_KEY } = command;
  const total = heldMonthly(state.money, reservation);
  const exception = { kind: 'unreconciled', decisionId, count: 0, expected: total, amount: total } as const;
  const swept = {
    decision_id: decisionId,
    exception_id: exceptionIdOf('unreconciled', decisionId, 0),
    older_than_seconds: olderThanSeconds,
    ...(idempotency.key === null ? {} : { idempotency }),
    swept_by: command.by,
    swept_at: command.now,
  };
  const legs = (state.money.accounts.holds.get(decisionId) ?? []).map(({ account, amount }): SettledLeg => ({
    account,
    held_usd: formatUsd4(amount),
    spent_usd: formatUsd4(amount),
    released_usd: formatUsd4(NOTHING),
  }));
  const ended: ReservationsEntry =
    action === 'settle'
      ? { type: 'reservation_assumed_spent', payload: { ...swept, total_usd: formatUsd4(total), legs } }
      : { type: 'reservation_released', payload: { ...swept, released_usd: formatUsd4(total) } };
  const actual = action === 'settle' ? total : NOTHING;
  return [ended, exceptionOpened({ ...exception, actual }, rules, command.now)];
};

/**
 * Ends the oldest overdue holds: `settle` books what was held as spent until an actual comes, `release` gives it back.
 * Either way somebody has to look at it. Nothing overdue: nothing is written. Whoever comes with the key of a sweep that is
 * not finished takes it further, by what it began with, and never beyond its limit.
 * @source contract section 13.3
 */
export const decideSweep = (command: SweepOverdue, state: ReservationsState): ReconcileResult => {
  const { idempotency = NO_KEY, lookedUp } = command;
  const keyed = { idempotency, ...(lookedUp === undefined ? {} : { lookedUp }) };
  const begun = earlierSettlement('sweep', keyed, state) ?? sweepUnder(state.sweeps, idempotency);
  return begun !== undefined && 'kind' in begun ? begun : accepted(...sweepOn(command, begun, state));
};

const sweepOn = (
  command: SweepOverdue,
  begun: SweepProgress | undefined,
  state: ReservationsState,
): readonly ReservationsEntry[] => {
  const terms = sweepTerms(state, command.now);
  const rules = policyInForce(state.money.policy, command.now)?.document.reconciliation;
  if (terms === undefined || rules === undefined) return [];
  const { olderThanSeconds, action } = begun ?? {
    olderThanSeconds: command.olderThanSeconds ?? terms.olderThanSeconds,
    action: command.action ?? terms.action,
  };
  const left = command.limit - (begun?.decisionIds.length ?? 0);
  const due = overdueHolds(state, { olderThanSeconds, now: command.now });
  return due
    .slice(0, Math.max(0, Math.min(left, SWEPT_AT_ONCE)))
    .flatMap((reservation) => endHold(state, reservation, { command, rules, olderThanSeconds, action }));
};

/** Says who swept what; a key that comes again gets that answer again. */
export const decideFinishSweep = (command: FinishSweep, state: ReservationsState): ReconcileResult => {
  const begun = earlierSettlement('sweep', command, state) ?? sweepUnder(state.sweeps, command.idempotency);
  if (begun !== undefined && 'kind' in begun) return begun;
  // Under a key others may have swept, too: what was ended is in the entries.
  const { decisionIds, total } = begun ?? command.swept;
  const { action, olderThanSeconds } = begun ?? command;
  const [settled, released] = action === 'settle' ? [decisionIds.length, 0] : [0, decisionIds.length];
  return accepted<ReservationsEntry>({
    type: 'overdue_swept',
    payload: {
      sweep_id: command.sweepId,
      action,
      older_than_seconds: olderThanSeconds,
      limit: command.limit,
      released_count: released,
      settled_count: settled,
      total_released_usd: formatUsd4(action === 'release' ? total : NOTHING),
      total_settled_usd: formatUsd4(action === 'settle' ? total : NOTHING),
      decision_ids: decisionIds,
      idempotency: command.idempotency,
      swept_by: command.by,
      swept_at: command.now,
    },
  });
};

/** What somebody found out about an open exception. */
export interface ResolveException {
  readonly kind: 'resolve_exception';
  readonly exceptionId: string;
  readonly resolution: Resolution;
  readonly notes: PersonalText | null;
  readonly by: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
  /** Of the decision that the exception is about; null: what is booked is in memory, or nothing is. */
  readonly rememberedBooking: RememberedBooking | null;
}

/**
 * Resolves an exception. `not_applied` takes what was assumed out of spent, since the change was never made.
 * @source contract section 13.4
 */
export const decideResolve = (command: ResolveException, state: ReservationsState): ReconcileResult => {
  const earlier = earlierSettlement('resolve', command, state);
  if (earlier !== undefined) return earlier;
  const open = state.openExceptions.get(command.exceptionId);
  if (open === undefined) return refused({ code: 'exception_not_open' });
  const { decisionId, kind } = open;
  const resolved: ReservationsEntry = {
    type: 'exception_resolved',
    payload: {
      exception_id: command.exceptionId,
      decision_id: decisionId,
      resolution: command.resolution,
      notes: command.notes,
      resolved_by: command.by,
      resolved_at: command.now,
      idempotency: command.idempotency,
    },
  };
  if (command.resolution !== 'not_applied' || kind !== 'unreconciled') return accepted(resolved);
  const booking = bookingKnown(state, decisionId, command.rememberedBooking);
  if (booking === 'moved') return refused({ code: 'booking_moved' });
  if (booking?.kind !== 'assumed') return accepted(resolved);
  const keyed = { key: null, payload_hash: command.idempotency.payload_hash };
  return accepted(resolved, unbook(booking, command.by, command.now, keyed));
};
