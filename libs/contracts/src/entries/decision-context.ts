import { z } from 'zod';
import { Code, Count, DecisionId, ApprovalId, Ordinal, Usd } from './scalars.js';
import { OutcomeText } from './decision-request.js';

const RiskClass = z.enum(['low', 'medium', 'high']);
export const RiskText = z.object({ score: Count, class: RiskClass });

const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
/** Actual cost and forecast as a decision saw them. @source contract section 10 */
export const ContextText = z
  .object({
    version: z.literal('verdict.computed_context.v1'),
    month_start: Day,
    month_end: Day,
    elapsed_days: Count,
    total_days: Count,
    observed_cost_days: Count,
    latest_cost_date: Day.nullable(),
    data_source_mode: z.enum(['final', 'mixed', 'preliminary', 'none', 'unavailable']),
    stale: z.boolean(),
    mtd_spend_usd: Usd,
    burn_rate_daily_usd: Usd,
    forecast_eom_usd: Usd,
    anomaly: z.enum(['spike', 'new_spend', 'insufficient_data', 'none']),
    risk_score: Count,
    risk_class: RiskClass,
  })
  .meta({ id: 'ComputedContext' });

const RULE_ERRORS = [
  'cost_budget_spent',
  'total_budget_spent',
  'condition_invalid',
  'no_such_key',
  'no_such_overload',
  'index_out_of_range',
  'division_by_zero',
  'integer_overflow',
  'evaluation_failed',
] as const;

/** What became of one rule. */
export const RuleTraceText = z
  .object({ id: z.string(), matched: z.boolean(), cost_used: Count, error: z.enum(RULE_ERRORS).nullable() })
  .meta({ id: 'RuleTrace' });
export const ObligationText = z.object({ key: z.string(), value: z.string() });
export const UsedExceptionText = z.object({
  counts: z.literal(false).exactOptional().meta({
    description:
      'false: none of its `max_uses`, since the change may not go ahead by it, or was counted when it was first decided',
  }),
  exception_id: z.string(),
  waived: z.array(z.string()),
});

const ClearedByApproval = z
  .literal(true)
  .exactOptional()
  .meta({ description: 'true: neither auto-approval nor a waiver was used for what somebody had agreed to' });

/** The use of a granted approval by a later request. */
export const GrantUseText = z
  .object({
    approval_id: ApprovalId,
    cleared_by_approval: ClearedByApproval,
    decision_id: DecisionId,
    use: Ordinal,
    is_last: z.boolean(),
  })
  .meta({ id: 'GrantUse' });

/** What another policy would have said; it decides nothing. */
export const ChallengerText = z
  .object({
    version: Ordinal,
    evaluated: z
      .boolean()
      .meta({ description: 'false: half of the time for the answer was gone before it was decided' }),
    decision: OutcomeText.nullable(),
    reason_codes: z.array(Code),
    grant_used: z.literal(true).exactOptional(),
    cleared_by_approval: ClearedByApproval,
  })
  .meta({ id: 'Challenger' });
