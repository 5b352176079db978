import { z } from 'zod';
import { TreeText } from './decision-request.js';
import { Count, Ordinal, Usd } from './scalars.js';

const Mode = z.enum(['shadow', 'soft', 'hard']);
const modes = z.record(z.string(), Mode);
const perClass = <Schema extends z.ZodType>(schema: Schema) => z.object({ prod: schema, nonprod: schema });

const Source = z.enum(['terraform', 'k8s_admission', 'cloud_event']);
const RiskClass = z.enum(['low', 'medium', 'high']);
const Names = z.array(z.string());

const RoutingMatchText = z.object({
  environments: Names.exactOptional(),
  projects: Names.exactOptional(),
  sources: z.array(Source).exactOptional(),
  action_prefixes: Names.exactOptional(),
  resource_types: Names.exactOptional(),
  monthly_delta_usd: z.object({ min: Usd.nullable(), max: Usd.nullable() }).exactOptional(),
  risk: z.array(RiskClass).exactOptional(),
  requesters: Names.exactOptional(),
});
const OverridesText = z.object({
  separation: z.boolean().exactOptional(),
  approve_by_seconds: Count.exactOptional(),
  use_by_seconds: Count.exactOptional(),
  token_ttl_seconds: Count.exactOptional(),
  justification: z
    .object({
      required: z.boolean().exactOptional(),
      min_length: Count.exactOptional(),
      ticket_pattern: z.string().nullable().exactOptional(),
    })
    .exactOptional(),
});
const routing = { id: z.string(), enabled: z.boolean(), match: RoutingMatchText, overrides: OverridesText };
const RoutingRuleText = z
  .union([
    z.object({ ...routing, effect: z.literal('waive'), require: z.null() }),
    z.object({ ...routing, effect: z.literal('require'), require: TreeText }),
  ])
  .meta({ id: 'RoutingRule', description: 'the first enabled one whose match holds says who has to agree' });
const RuleText = z
  .object({
    id: z.string(),
    enabled: z.boolean(),
    condition: z.string().meta({ description: 'a CEL expression that yields a bool' }),
    effect: z.enum(['deny', 'require_approval', 'warn', 'add_obligation']),
    message: z.string(),
    obligation: z.object({ key: z.string(), value: z.string() }).nullable(),
    cost_budget: Ordinal,
  })
  .meta({ id: 'PolicyRule' });
const FailSafe = z.record(z.string(), z.enum(['ALLOW', 'REQUIRE_APPROVAL', 'DENY']));

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
      routing: z.array(RoutingRuleText).exactOptional(),
      approve_by_seconds: Count,
      use_by_seconds: Count,
      token_ttl_seconds: Count,
      justification: z.object({
        required: perClass(z.boolean()),
        min_length: Count,
        ticket_pattern: z.string().nullable().exactOptional(),
      }),
      consumer: z.enum(['creator', 'project', 'member']),
      replan_tolerance: z.object({ percent: Count, absolute_usd: Usd }),
      grants: z.object({ max_uses: Ordinal, denied_cooldown_seconds: Count }).exactOptional(),
    }),
    entitlements: z.object({
      plan_ceiling_monthly_usd: Usd.nullable(),
      enterprise_ceiling_monthly_usd: Usd.nullable(),
      auto_approve: z.object({ below_monthly_usd: Usd, cumulative_monthly_usd: Usd }),
      hard_deny_above_monthly_usd: Usd,
      require_budget: perClass(z.boolean()),
    }),
    rules: z.array(RuleText).exactOptional(),
    pricing: z.object({
      price_book: z.string(),
      declared: perClass(z.enum(['accept', 'flag', 'refuse'])),
      unknown: perClass(z.enum(['approval', 'violation'])),
      mismatch_percent: Count,
    }),
    risk: z.object({ project_criticality: z.record(z.string(), RiskClass), high_impact_types: Names }).exactOptional(),
    context: z.object({ spike_absolute_usd: Usd, spike_percent: Count, max_data_age_days: Ordinal }).exactOptional(),
    fail_safe: z
      .object({ terraform: FailSafe, k8s_admission: FailSafe, cloud_event: FailSafe })
      .exactOptional()
      .meta({ description: 'a class that is not named follows the truth table' }),
    execution: z.object({ decision_ttl_seconds: Count, hold_overdue_seconds: Count }),
    reconciliation: z.object({
      tolerance_absolute_usd: Usd,
      tolerance_percent: Count,
      savings_exception_usd: Usd,
      exception_due_seconds: Count,
      default_owner: z.string(),
      overdue_action: z.enum(['settle', 'release']).exactOptional(),
    }),
    rate_limits: z
      .object({ gate_per_second: Ordinal.nullable(), gate_burst: Ordinal.nullable() })
      .exactOptional()
      .meta({ description: "null: the platform's quota" }),
  })
  .meta({ id: 'PolicyDocument', description: 'complete: what its author left out is filled in' });
