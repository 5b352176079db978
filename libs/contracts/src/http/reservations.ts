import { z } from 'zod';
import { listOf, pageQuery } from './gate.js';
import { EntryReference } from './policy.js';
import { IdempotencyKey, InstantAnswer, MonthlyUsd, ProjectId, text, UsdAnswer, UuidText } from './scalars.js';

export const ReconcileBody = z
  .strictObject({
    actual_monthly_delta_usd: MonthlyUsd,
    notes: text(1, 1000).optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'ReconcileRequest' });
const SettledLegAnswer = z.strictObject({
  account: z.string(),
  held_usd: UsdAnswer,
  spent_usd: UsdAnswer,
  released_usd: UsdAnswer,
});
export const ReconcileAnswer = z
  .strictObject({
    decision_id: UuidText,
    status: z.enum(['matched', 'overage', 'savings']),
    expected_usd: UsdAnswer,
    actual_monthly_delta_usd: UsdAnswer,
    drift_usd: UsdAnswer,
    released_reserved_usd: UsdAnswer,
    overrun_usd: UsdAnswer,
    legs: z.array(SettledLegAnswer),
    reservation_active: z.literal(false),
    exception_id: z.string().nullable(),
    reconciled_at: InstantAnswer,
    trigger: z.enum(['manual', 'import']),
    replayed: z.boolean(),
    entry: EntryReference,
  })
  .meta({ id: 'ReconcileResult' });

export const ReservationAnswer = z
  .strictObject({
    decision_id: UuidText,
    status: z.enum(['held', 'settled', 'voided', 'expired', 'none']),
    project_id: z.string(),
    environment_class: z.string(),
    resource_reference: z.string(),
    hold_usd: UsdAnswer,
    monthly_delta_usd: UsdAnswer.nullable(),
    held_since: InstantAnswer,
    age_seconds: z.int(),
    settlement: z
      .strictObject({
        status: z.string(),
        actual_usd: UsdAnswer,
        drift_usd: UsdAnswer,
        overrun_usd: UsdAnswer,
        settled_at: InstantAnswer,
      })
      .nullable(),
  })
  .meta({ id: 'Reservation' });
export const ReservationsQuery = pageQuery({ project_id: ProjectId.optional() });
export const ReservationsAnswer = listOf(ReservationAnswer).meta({ id: 'Reservations' });
export const ExceptionAnswer = z
  .strictObject({
    exception_id: z.string(),
    kind: z.enum(['overage', 'savings', 'overrun', 'late_actual', 'unreconciled']),
    decision_id: UuidText,
    expected_usd: UsdAnswer,
    actual_usd: UsdAnswer,
    drift_usd: UsdAnswer,
    amount_usd: UsdAnswer,
    owner: z.string(),
    status: z.enum(['open', 'resolved']),
    opened_at: InstantAnswer,
    due_at: InstantAnswer,
  })
  .meta({ id: 'ReconciliationException' });
export const ExceptionsQuery = pageQuery({
  kind: z.enum(['overage', 'savings', 'overrun', 'late_actual', 'unreconciled']).optional(),
});
export const ExceptionsAnswer = listOf(ExceptionAnswer).meta({ id: 'ReconciliationExceptions' });
