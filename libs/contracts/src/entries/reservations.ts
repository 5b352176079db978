import type { ReservationsEntry } from '@verdict/domain';
import { z } from 'zod';
import { entrySchema } from './entry-schema.js';
import { schemasOf } from './recorded.js';
import { Account, Count, DecisionId, HourlyUsd, InstantText, Keyed, Ordinal, Sealed, Usd } from './scalars.js';

const Trigger = z.enum(['manual', 'import']);
const Legs = z.array(z.object({ account: Account, held_usd: Usd, spent_usd: Usd, released_usd: Usd }));

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
  legs: Legs,
  overrun_usd: Usd.meta({ description: 'the part of the actual that neither the hold nor any headroom covers' }),
  exception_id: z.string().nullable().meta({ description: 'the first of `exception_ids`' }),
  exception_ids: z.array(z.string()).exactOptional().meta({ description: 'the exceptions that it opened' }),
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
  idempotency: Keyed.exactOptional(),
});

const swept = {
  exception_id: z.string(),
  older_than_seconds: Count,
  idempotency: Keyed.exactOptional().meta({ description: 'of the sweep that somebody asked for' }),
  swept_by: z.string(),
  swept_at: InstantText,
};

const ReservationAssumedSpent = z.object({ decision_id: DecisionId, total_usd: Usd, legs: Legs, ...swept });
const ReservationReleased = z.object({ decision_id: DecisionId, released_usd: Usd, ...swept });

const OverdueSwept = z.object({
  sweep_id: z.string(),
  action: z.enum(['settle', 'release']),
  older_than_seconds: Count,
  limit: Count,
  released_count: Count,
  settled_count: Count,
  total_released_usd: Usd,
  total_settled_usd: Usd,
  decision_ids: z.array(DecisionId),
  idempotency: Keyed,
  swept_by: z.string(),
  swept_at: InstantText,
});

const ReservationCorrected = z.object({
  decision_id: DecisionId,
  cause: z.enum(['correction', 'late_actual', 'not_applied']),
  status: z.enum(['matched', 'overage', 'savings']),
  expected_usd: Usd.meta({ description: 'the hold for a correction, what was still booked for a late actual' }),
  actual_usd: Usd,
  drift_usd: Usd,
  legs: z.array(
    z.object({
      account: Account,
      spent_usd: Usd.meta({ description: 'what is booked now' }),
      adjusted_usd: Usd.meta({ description: 'negative: taken out of the period it had been booked in' }),
    }),
  ),
  overrun_usd: Usd,
  exception_id: z.string().nullable().meta({ description: 'the first of `exception_ids`' }),
  exception_ids: z.array(z.string()).exactOptional().meta({ description: 'the exceptions that it opened' }),
  idempotency: Keyed,
  trigger: Trigger,
  corrected_by: z.string(),
  corrected_at: InstantText,
  booked_at: InstantText.meta({ description: 'when what is corrected was booked' }),
});

const ActualCostsImported = z.object({
  import_id: z.string(),
  part: Ordinal,
  parts: Ordinal,
  rows: z.array(
    z.object({
      day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
      project_id: z.string(),
      environment: z.string(),
      service: z.string(),
      resource: z.string(),
      status: z.enum(['final', 'preliminary']),
      cost_usd: HourlyUsd,
      replaces_usd: HourlyUsd.nullable().meta({ description: 'what the row of the same identity said before' }),
    }),
  ),
  idempotency: Keyed,
  imported_by: z.string(),
  imported_at: InstantText,
});

const kind = 'reservations';
/** Entries of `reservations-<tenant>`, written by the reconciliation service. */
export const RESERVATIONS_ENTRIES = schemasOf<ReservationsEntry>()({
  actual_recorded: { 1: entrySchema({ kind, type: 'actual_recorded', typeV: 1 }, ActualRecorded) },
  reservation_settled: { 1: entrySchema({ kind, type: 'reservation_settled', typeV: 1 }, ReservationSettled) },
  drift_found: { 1: entrySchema({ kind, type: 'drift_found', typeV: 1 }, DriftFound) },
  exception_opened: { 1: entrySchema({ kind, type: 'exception_opened', typeV: 1 }, ExceptionOpened) },
  exception_resolved: { 1: entrySchema({ kind, type: 'exception_resolved', typeV: 1 }, ExceptionResolved) },
  reservation_assumed_spent: {
    1: entrySchema({ kind, type: 'reservation_assumed_spent', typeV: 1 }, ReservationAssumedSpent),
  },
  reservation_released: { 1: entrySchema({ kind, type: 'reservation_released', typeV: 1 }, ReservationReleased) },
  overdue_swept: { 1: entrySchema({ kind, type: 'overdue_swept', typeV: 1 }, OverdueSwept) },
  reservation_corrected: { 1: entrySchema({ kind, type: 'reservation_corrected', typeV: 1 }, ReservationCorrected) },
  actual_costs_imported: { 1: entrySchema({ kind, type: 'actual_costs_imported', typeV: 1 }, ActualCostsImported) },
});
