import { instantOf, type ReservationsRefusal, type Resolution, type ResolveException } from '@verdict/domain';
import { originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import type { LaneOutcome } from '../journals/service-definition.js';
import type { ReadModels } from '../ports/read-models.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import { contextOf, keyedBy, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { BEHIND } from './reconcile-reservation.js';
import { rememberedBooking, type RememberedBookingDeps } from './remembered-booking.js';
import { refusedUnderKey } from './key-conflict.js';
import type { ReconciliationAnswer } from './reconciliation-service.js';
import type { SweepDeps } from './sweep-overdue.js';
import { executeUnderReservationsKey, reservationsEntryAt } from './under-reservations-key.js';

export interface ResolveDeps extends SweepDeps, RememberedBookingDeps {
  readonly readModels: Pick<ReadModels, 'findDecision' | 'bookingRevisions' | 'findKeyedAnswer'>;
}

export interface ResolveInput {
  readonly exceptionId: string;
  readonly resolution: Resolution;
  readonly notes: string | null;
}

export interface Resolved {
  readonly exceptionId: string;
  readonly resolution: Resolution;
  readonly entry: EntryReference;
  readonly isReplayed: boolean;
}

/** What makes a resolution recognisable. */
const askedOf = ({ exceptionId, resolution, notes }: ResolveInput) => ({
  operation: 'resolve_exception',
  exception_id: exceptionId,
  resolution,
  notes,
});

const refusalOf = async (
  deps: ResolveDeps,
  tenantId: string,
  refusal: ReservationsRefusal,
  input: ResolveInput,
): Promise<UseCaseResult<never>> => {
  const { code } = refusal;
  if (code === 'exception_not_open') return problemOf('not_found', { detail: 'no exception of this id is open' });
  if (code === 'booking_moved') return problemOf('read_model_behind', BEHIND[code]);
  return refusedUnderKey(deps, tenantId, refusal, askedOf(input));
};

type Committed = Extract<LaneOutcome<ReconciliationAnswer>, { kind: 'committed' }>;

/** The resolution that was written, now or under this key before. */
const answerOf = async (
  deps: ResolveDeps,
  tenantId: string,
  input: ResolveInput,
  { answer, entries }: Committed,
): Promise<UseCaseResult<Resolved>> => {
  if (answer.kind === 'refused') return refusalOf(deps, tenantId, answer.refusal, input);
  const isReplayed = answer.kind === 'replay';
  const entry = isReplayed ? await reservationsEntryAt(deps, tenantId, answer.revision) : entries[0]?.entry;
  if (entry === undefined) throw new Error('an exception was resolved without an entry');
  const reference = entryReferenceOf(originOf(deps.logHost, tenantId, 'reservations'), entry);
  const { exceptionId, resolution } = input;
  return done({ exceptionId, resolution, entry: reference, isReplayed });
};

/** Records what somebody found out about an open exception. */
export const createResolveException =
  (deps: ResolveDeps) =>
  async (input: ResolveInput, meta: RequestMeta): Promise<UseCaseResult<Resolved>> => {
    const { tenantId, subject } = meta.caller;
    const caught = await deps.reconciliation.caughtUp(tenantId).catch(nothingWhileAway);
    if (caught === undefined) return notCommitted({ kind: 'unavailable' });
    const open = caught.state.openExceptions.get(input.exceptionId);
    const remembered = open === undefined ? null : await rememberedBooking(deps, tenantId, caught, open.decisionId);
    const command: ResolveException = {
      kind: 'resolve_exception',
      exceptionId: input.exceptionId,
      resolution: input.resolution,
      notes: input.notes === null ? null : { $seal: { subject, text: input.notes } },
      by: subject,
      now: instantOf(deps.clock.nowMs()),
      idempotency: keyedBy(meta, askedOf(input)),
      rememberedBooking: remembered,
    };
    const outcome = await executeUnderReservationsKey(deps, command, meta, contextOf(meta, deps.ids.uuid()));
    return outcome.kind === 'committed' ? answerOf(deps, tenantId, input, outcome) : notCommitted(outcome);
  };
export type ResolveExceptions = ReturnType<typeof createResolveException>;
