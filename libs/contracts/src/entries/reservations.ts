import type { ReservationsEntry } from '@verdict/domain';
import { z } from 'zod';
import { entrySchema } from './entry-schema.js';
import { schemasOf } from './recorded.js';
import { Account, DecisionId, InstantText, Keyed, Sealed, Usd } from './scalars.js';

const Trigger = z.enum(['manual', 'import']);

const ActualRecorded = z.object({
  decision_id: DecisionId,
  actual_monthly_delta_usd: Usd,
  trigger: Trigger,
  notes: Sealed.nullable(),
  recorded_by: z.string(),
  recorded_at: InstantText,
});

const ReservationSettled = z.object({
  decision_id: DecisionId,
  status: z.enum(['matched', 'overage', 'savings']),
  expected_usd: Usd,
  actual_usd: Usd,
  drift_usd: Usd,
  legs: z.array(z.object({ account: Account, held_usd: Usd, spent_usd: Usd, released_usd: Usd })),
  overrun_usd: Usd.meta({ description: 'the part of the actual that neither the hold nor any headroom covers' }),
  exception_id: z.string().nullable(),
  idempotency: Keyed,
  trigger: Trigger,
  settled_by: z.string(),
  settled_at: InstantText,
});

const DriftFound = z.object({
  decision_id: DecisionId,
  direction: z.enum(['overage', 'savings']),
  drift_usd: Usd,
  found_at: InstantText,
});

const ExceptionOpened = z.object({
  exception_id: z.string(),
  kind: z.enum(['overage', 'savings', 'overrun', 'late_actual', 'unreconciled']),
  decision_id: DecisionId,
  expected_usd: Usd,
  actual_usd: Usd,
  amount_usd: Usd,
  owner: z.string(),
  opened_at: InstantText,
  due_at: InstantText,
});

const ExceptionResolved = z.object({
  exception_id: z.string(),
  decision_id: DecisionId,
  resolution: z.enum(['accepted', 'corrected', 'not_applied', 'disputed']),
  notes: Sealed.nullable(),
  resolved_by: z.string(),
  resolved_at: InstantText,
});

const kind = 'reservations';
/** Entries of `reservations-<tenant>`, written by the reconciliation service. */
export const RESERVATIONS_ENTRIES = schemasOf<ReservationsEntry>()({
  actual_recorded: { 1: entrySchema({ kind, type: 'actual_recorded', typeV: 1 }, ActualRecorded) },
  reservation_settled: { 1: entrySchema({ kind, type: 'reservation_settled', typeV: 1 }, ReservationSettled) },
  drift_found: { 1: entrySchema({ kind, type: 'drift_found', typeV: 1 }, DriftFound) },
  exception_opened: { 1: entrySchema({ kind, type: 'exception_opened', typeV: 1 }, ExceptionOpened) },
  exception_resolved: { 1: entrySchema({ kind, type: 'exception_resolved', typeV: 1 }, ExceptionResolved) },
});
