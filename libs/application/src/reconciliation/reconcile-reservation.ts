import {
  bookingOf,
  type DecisionId,
  formatUsd4,
  instantOf,
  type MicroUsd,
  type Reconcile,
  type RememberedBooking,
  type Reservation,
  type ReservationsRefusal,
  type ReservationsState,
  type SettlementTrigger,
} from '@verdict/domain';
import { toHex } from '@verdict/ledger';
import { reservationsEntryOf } from '../journals/entries.codec.js';
import { journalName, originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import type { CommandContext } from '../journals/service-definition.js';
import type { Clock, Ids } from '../ports/system.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import { findDecision, type FindDecisionDeps } from '../shared/find-decision.js';
import { contextOf, keyedBy, mayActFor, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import type { ReadModels } from '../ports/read-models.js';
import { refusedUnderKey } from './key-conflict.js';
import { rememberedBooking, type RememberedBookingDeps } from './remembered-booking.js';
import { isSettlement, type Settlement, settlementOf } from './settlement.js';
import {
  executeUnderReservationsKey,
  type KeyedReconciliationDeps,
  reservationsEntryAt,
} from './under-reservations-key.js';

export interface ReconcileDeps extends FindDecisionDeps, RememberedBookingDeps, KeyedReconciliationDeps {
  readonly readModels: Pick<ReadModels, 'findDecision' | 'bookingRevisions' | 'findKeyedAnswer'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logHost: string;
}

export interface Settled {
  readonly settled: Settlement;
  readonly entry: EntryReference;
  readonly isReplayed: boolean;
}

const OVERAGE_WAIT_MS = 2_000;
const OVERAGE_POLL_MS = 10;

/** The exception of a grant is the gate's to write, and takes it a moment: settling before it would call it drift. */
const settleOnceWritten = async (
  deps: ReconcileDeps,
  command: Reconcile,
  meta: RequestMeta,
  context: CommandContext,
) => {
  const deadline = performance.now() + OVERAGE_WAIT_MS;
  for (;;) {
    const outcome = await executeUnderReservationsKey(deps, command, meta, context);
    const isEarly =
      outcome.kind === 'committed' &&
      outcome.answer.kind === 'refused' &&
      outcome.answer.refusal.code === 'overage_not_written';
    if (!isEarly || performance.now() > deadline) return outcome;
    await new Promise((resolve) => setTimeout(resolve, OVERAGE_POLL_MS));
  }
};

/** The decision it settles, as the cause in the envelope. */
const causesOf = async (
  { log, logHost }: ReconcileDeps,
  tenantId: string,
  revision: bigint | undefined,
): Promise<CommandContext['causes']> => {
  if (revision === undefined) return [];
  const origin = originOf(logHost, tenantId, 'decisions');
  for await (const { leafHash } of log.read(journalName('decisions', tenantId), revision, 1)) {
    return [{ origin, revision: Number(revision), leaf_hash: toHex(leafHash) }];
  }
  return [];
};

/** A decision that is not waiting to be settled may be settled, over, of no money, or of nobody. */
const notWaiting = async (deps: ReconcileDeps, tenantId: string, id: DecisionId): Promise<UseCaseResult<Settled>> => {
  const view = await findDecision(deps, tenantId, id);
  if (view === undefined) return problemOf('not_found');
  if (view.settlement !== null) return problemOf('reservation_already_settled');
  return problemOf('decision_not_reconcilable', { detail: 'this decision was a dry run' });
};

/** Asked again a moment later, these are decided otherwise. */
export const BEHIND = {
  overage_not_written: { detail: 'the gate has not written the granted exception yet', retryAfterSeconds: 1 },
  booking_moved: { detail: 'another actual of this decision came at the same time', retryAfterSeconds: 1 },
} as const;
const isEarly = (code: ReservationsRefusal['code']): code is keyof typeof BEHIND => code in BEHIND;

export interface SettleInput {
  readonly decisionId: DecisionId;
  readonly actual: MicroUsd;
  readonly notes: string | null;
  /** Replaces an actual that is there already; the edge has checked that the caller may. */
  readonly isCorrection: boolean;
  readonly trigger: SettlementTrigger;
}

/** What makes a settlement recognisable. */
const askedOf = ({ decisionId, actual, notes, isCorrection }: SettleInput) => ({
  operation: 'reconcile',
  decision_id: decisionId,
  actual: formatUsd4(actual),
  notes,
  ...(isCorrection ? { correction: true } : {}),
});

const refusalOf = (
  deps: ReconcileDeps,
  tenantId: string,
  input: SettleInput,
  refusal: ReservationsRefusal,
): Promise<UseCaseResult<Settled>> => {
  const { code } = refusal;
  if (code === 'decision_not_reconcilable') return notWaiting(deps, tenantId, input.decisionId);
  return isEarly(code)
    ? Promise.resolve(problemOf('read_model_behind', BEHIND[code]))
    : refusedUnderKey(deps, tenantId, refusal, askedOf(input));
};

const commandOf = (
  { clock }: ReconcileDeps,
  input: SettleInput,
  meta: RequestMeta,
  remembered: RememberedBooking | null,
): Reconcile => {
  const { subject } = meta.caller;
  const { decisionId, actual, notes, isCorrection, trigger } = input;
  return {
    kind: 'reconcile',
    decisionId,
    actual,
    isCorrection,
    trigger,
    notes: notes === null ? null : { $seal: { subject, text: notes } },
    by: subject,
    now: instantOf(clock.nowMs()),
    idempotency: keyedBy(meta, askedOf(input)),
    rememberedBooking: remembered,
  };
};

/** What is known of a decision's money: held, booked, or read back. */
const reservationOf = (
  state: ReservationsState,
  id: DecisionId,
  remembered: RememberedBooking | null,
): Reservation | undefined => state.reservations.get(id) ?? (bookingOf(state, id) ?? remembered?.booking)?.reservation;

type Committed = Extract<Awaited<ReturnType<typeof settleOnceWritten>>, { kind: 'committed' }>;

/** The settlement that was written, or the one that answered the key before; or why there is none. */
const answerOf = async (
  deps: ReconcileDeps,
  tenantId: string,
  input: SettleInput,
  { answer, entries }: Committed,
): Promise<UseCaseResult<Settled>> => {
  if (answer.kind === 'refused') return refusalOf(deps, tenantId, input, answer.refusal);
  const fresh = entries.find(({ entry }) => isSettlement(entry.type))?.entry;
  const entry =
    fresh ?? (answer.kind === 'replay' ? await reservationsEntryAt(deps, tenantId, answer.revision) : undefined);
  if (entry === undefined) throw new Error('a settlement was accepted without an entry');
  const settled = settlementOf(reservationsEntryOf(entry));
  const origin = originOf(deps.logHost, tenantId, 'reservations');
  return done({ settled, entry: entryReferenceOf(origin, entry), isReplayed: fresh === undefined });
};

/** Settles the hold of one decision with its actual cost, or books an actual that comes after the hold has ended. */
export const createReconcileReservation =
  (deps: ReconcileDeps) =>
  async (input: SettleInput, meta: RequestMeta): Promise<UseCaseResult<Settled>> => {
    const { tenantId } = meta.caller;
    // To the tip first: the decision, or its approval's use, may be a moment old.
    const caught = await deps.reconciliation.caughtUp(tenantId).catch(nothingWhileAway);
    if (caught === undefined) return notCommitted({ kind: 'unavailable' });
    const remembered = await rememberedBooking(deps, tenantId, caught, input.decisionId);
    const reservation = reservationOf(caught.state, input.decisionId, remembered);
    if (reservation !== undefined && !mayActFor(meta.caller, reservation.projectId)) return projectForbidden();
    const command = commandOf(deps, input, meta, remembered);
    const causes = await causesOf(deps, tenantId, reservation?.revision);
    const outcome = await settleOnceWritten(deps, command, meta, contextOf(meta, deps.ids.uuid(), causes));
    return outcome.kind === 'committed' ? answerOf(deps, tenantId, input, outcome) : notCommitted(outcome);
  };
export type ReconcileReservation = ReturnType<typeof createReconcileReservation>;
