import { z } from 'zod';
import { EntryReference } from './policy.js';
import { IdempotencyKey, UuidText } from './scalars.js';

/**
 * Rows of actual cost: members are columns of FOCUS (ChargePeriodStart, ChargePeriodEnd, EffectiveCost or BilledCost,
 * BillingCurrency, ServiceName, ResourceId) and Verdict's own (x_project_id, x_environment, x_status, x_decision_id,
 * x_actual_monthly_delta_usd); others are left aside. `text/csv` with the same columns is taken as well.
 * @source contract section 13.5
 */
export const ImportBody = z
  .strictObject({
    rows: z.array(z.unknown().meta({ type: 'object', additionalProperties: true })),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'ActualCosts' });
export const ImportAnswer = z
  .strictObject({
    import_id: z.string(),
    accepted: z.int(),
    replaced: z.int(),
    reconciled: z.array(
      z.strictObject({
        decision_id: UuidText,
        /** null: `code` says why the decision was not reconciled. */
        status: z.enum(['matched', 'overage', 'savings']).nullable(),
        code: z.string().nullable(),
      }),
    ),
    replayed: z.boolean(),
    entry: EntryReference,
  })
  .meta({ id: 'ImportResult' });
