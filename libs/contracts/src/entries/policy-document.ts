import { z } from 'zod';
import { Count, Usd } from './scalars.js';

const Mode = z.enum(['shadow', 'soft', 'hard']);
const modes = z.record(z.string(), Mode);
const perClass = <Schema extends z.ZodType>(schema: Schema) => z.object({ prod: schema, nonprod: schema });

/** The policy text as stored: complete, so that it reads without knowing the defaults. @source contract section 8.2 */
export const StoredPolicy = z
  .object({
    format: z.literal('verdict.enforcement.policy.v1'),
    mode_matrix: z.object({ terraform: modes, k8s_admission: modes, cloud_event: modes }),
    environments: z.object({
      classes: z.record(
        z.string(),
        z.object({ aliases: z.array(z.string()), behaves_as: z.enum(['prod', 'nonprod']) }),
      ),
    }),
    approval: z.object({
      required: perClass(z.boolean()),
      separation: perClass(z.boolean()),
      approve_by_seconds: Count,
      use_by_seconds: Count,
      token_ttl_seconds: Count,
      justification: z.object({ required: perClass(z.boolean()), min_length: Count }),
      consumer: z.enum(['creator', 'project', 'member']),
      replan_tolerance: z.object({ percent: Count, absolute_usd: Usd }),
    }),
    entitlements: z.object({
      plan_ceiling_monthly_usd: Usd.nullable(),
      enterprise_ceiling_monthly_usd: Usd.nullable(),
      auto_approve: z.object({ below_monthly_usd: Usd, cumulative_monthly_usd: Usd }),
      hard_deny_above_monthly_usd: Usd,
      require_budget: perClass(z.boolean()),
    }),
    pricing: z.object({
      price_book: z.string(),
      declared: perClass(z.enum(['accept', 'flag', 'refuse'])),
      unknown: perClass(z.enum(['approval', 'violation'])),
      mismatch_percent: Count,
    }),
    execution: z.object({ decision_ttl_seconds: Count, hold_overdue_seconds: Count }),
    reconciliation: z.object({
      tolerance_absolute_usd: Usd,
      tolerance_percent: Count,
      savings_exception_usd: Usd,
      exception_due_seconds: Count,
      default_owner: z.string(),
    }),
  })
  .meta({ id: 'PolicyDocument', description: 'complete: what its author left out is filled in' });
