import { instantOf, type ReservationsRefusal, type Resolution, type ResolveException } from '@verdict/domain';
import { originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import { contextOf, keyedBy, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { BEHIND } from './reconcile-reservation.js';
import { rememberedBooking, type RememberedBookingDeps } from './remembered-booking.js';
import type { SweepDeps } from './sweep-overdue.js';

export interface ResolveInput {
  readonly exceptionId: string;
  readonly resolution: Resolution;
  readonly notes: string | null;
}

export interface Resolved {
  readonly exceptionId: string;
  readonly resolution: Resolution;
  /** null: the same was said before. */
  readonly entry: EntryReference | null;
  readonly isReplayed: boolean;
}

const refusalOf = ({ code }: ReservationsRefusal): UseCaseResult<never> => {
  if (code === 'exception_not_open') return problemOf('not_found', { detail: 'no exception of this id is open' });
  return code === 'booking_moved' ? problemOf('read_model_behind', BEHIND[code]) : problemOf(code);
};

/** Records what somebody found out about an open exception. */
export const createResolveException =
  (deps: SweepDeps & RememberedBookingDeps) =>
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
      idempotency: keyedBy(meta, {
        operation: 'resolve_exception',
        exception_id: input.exceptionId,
        resolution: input.resolution,
        notes: input.notes,
      }),
      rememberedBooking: remembered,
    };
    const outcome = await deps.reconciliation.execute(tenantId, command, contextOf(meta, deps.ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    const { answer } = outcome;
    if (answer.kind === 'refused') return refusalOf(answer.refusal);
    const first = outcome.entries[0]?.entry;
    const reference =
      first === undefined ? null : entryReferenceOf(originOf(deps.logHost, tenantId, 'reservations'), first);
    return done({
      exceptionId: input.exceptionId,
      resolution: input.resolution,
      entry: reference,
      isReplayed: first === undefined,
    });
  };
export type ResolveExceptions = ReturnType<typeof createResolveException>;
