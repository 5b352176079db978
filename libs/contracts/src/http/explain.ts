import { z } from 'zod';
import { RuleTraceText } from '../entries/decision-context.js';
import { TreeText } from '../entries/decision-request.js';
import { BalanceAnswer, DecisionAnswer } from './gate.js';
import { HourlyUsdAnswer, UsdAnswer } from './scalars.js';

/** The way from the environment's name to the mode that decided. */
const ModePath = z.strictObject({
  environment_raw: z.string(),
  environment_label: z.string(),
  environment_class: z.string(),
  mode: z.enum(['shadow', 'soft', 'hard']),
  mode_scope: z.string(),
});

const Routing = z
  .strictObject({
    rule: z.string().nullable().meta({ description: 'the routing rule that decided who has to agree' }),
    require: TreeText.nullable().meta({ description: 'null: one approver' }),
    channel: z.enum(['token', 'grant']),
    is_separation_required: z.boolean(),
    approve_by_seconds: z.int(),
    use_by_seconds: z.int(),
  })
  .nullable();

const Flip = z.strictObject({
  variable: z.string().meta({ description: '`delta`, `budget:<id>`, `credit`, `waiver`, `approval`' }),
  from: z.string().nullable(),
  to: z.string(),
  verified: z.literal(true).meta({ description: 'it was evaluated on the state of the decision' }),
});

/** GET /decisions/{id}/explain. @source contract section 14.2 */
export const ExplainAnswer = z
  .strictObject({
    decision: DecisionAnswer,
    input: z.strictObject({
      action: z.string(),
      resource_reference: z.string(),
      project_id: z.string(),
      metadata: z.string().meta({ description: 'RFC 8785 text' }),
      declared_monthly_delta_usd: UsdAnswer.nullable(),
      declared_hourly_delta_usd: HourlyUsdAnswer.nullable(),
      options: z.record(z.string(), z.union([z.string(), z.boolean()])),
    }),
    mode_path: ModePath,
    rules: z.array(RuleTraceText),
    routing: Routing,
    balances_before: z.array(BalanceAnswer),
    flips: z
      .array(Flip)
      .meta({ description: 'for each variable the smallest single change that would have let it pass' }),
    reevaluated: z.boolean().meta({ description: 'false: the entry does not hold enough to be decided again' }),
  })
  .meta({ id: 'Explanation' });
