import { z } from 'zod';
import { listOf, pageQuery } from './pages.js';
import { EntryReference } from './policy.js';
import { IdempotencyKey, InstantAnswer, MonthlyUsd, ProjectId, text, UsdAnswer, UuidText } from './scalars.js';

export const ReconcileBody = z
  .strictObject({
    actual_monthly_delta_usd: MonthlyUsd,
    notes: text(1, 1000).optional(),
    /** An administrator replaces an actual that is there already. */
    correction: z.boolean().optional(),
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
    /** How it came about: the hold was settled, or what was booked before was corrected. */
    cause: z.enum(['settled', 'correction', 'late_actual', 'not_applied']),
    status: z.enum(['matched', 'overage', 'savings']),
    expected_usd: UsdAnswer,
    actual_monthly_delta_usd: UsdAnswer,
    drift_usd: UsdAnswer,
    released_reserved_usd: UsdAnswer,
    overrun_usd: UsdAnswer,
    legs: z.array(SettledLegAnswer),
    reservation_active: z.literal(false),
    exception_id: z.string().nullable().meta({ description: 'the first of `exception_ids`' }),
    exception_ids: z.array(z.string()).meta({ description: 'the exceptions that it opened' }),
    reconciled_at: InstantAnswer,
    trigger: z.enum(['manual', 'import']),
    replayed: z.boolean(),
    entry: EntryReference,
  })
  .meta({ id: 'ReconcileResult' });

export const ReservationAnswer = z
  .strictObject({
    decision_id: UuidText,
    status: z.enum(['held', 'settled', 'released', 'voided', 'expired', 'none']),
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
    resolution: z.enum(['accepted', 'corrected', 'not_applied', 'disputed']).nullable(),
    notes: z.string().nullable(),
    opened_at: InstantAnswer,
    due_at: InstantAnswer,
  })
  .meta({ id: 'ReconciliationException' });
export const ExceptionsQuery = pageQuery({
  kind: z.enum(['overage', 'savings', 'overrun', 'late_actual', 'unreconciled']).optional(),
  status: z.enum(['open', 'resolved']).optional(),
});
export const ExceptionIdParams = z.strictObject({ exception_id: z.string().min(1).max(128) });
export const ResolveBody = z
  .strictObject({
    resolution: z.enum(['accepted', 'corrected', 'not_applied', 'disputed']),
    notes: text(1, 1000).optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'ResolveRequest' });
export const ResolveAnswer = z
  .strictObject({
    exception_id: z.string(),
    status: z.literal('resolved'),
    resolution: z.enum(['accepted', 'corrected', 'not_applied', 'disputed']),
    replayed: z.boolean(),
    entry: EntryReference.nullable(),
  })
  .meta({ id: 'ResolveResult' });

export const SweepBody = z
  .strictObject({
    older_than_seconds: z.int().min(60).max(604_800).optional(),
    limit: z.int().min(1).max(1000).default(200),
    action: z.enum(['settle', 'release']).optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'SweepRequest' });
export const SweepAnswer = z
  .strictObject({
    action: z.enum(['settle', 'release']),
    older_than_seconds: z.int(),
    released_count: z.int(),
    settled_count: z.int(),
    total_released_usd: UsdAnswer,
    total_settled_usd: UsdAnswer,
    decision_ids: z.array(UuidText),
    replayed: z.boolean(),
    entry: EntryReference,
  })
  .meta({ id: 'SweepResult' });
export const ExceptionsAnswer = listOf(ExceptionAnswer).meta({ id: 'ReconciliationExceptions' });
