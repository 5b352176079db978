import { type ApprovalTree, CONDITION_BYTES_MAX, RULE_COST_MAX, RULES_MAX } from '@verdict/domain';
import { z } from 'zod';
import { MonthlyUsd, name, PositiveUsd, ProjectId, text } from './scalars.js';

const ModeText = z.enum(['shadow', 'soft', 'hard']);
const perClass = <Schema extends z.ZodType>(schema: Schema) =>
  z.strictObject({ prod: schema.optional(), nonprod: schema.optional() }).optional();
const seconds = (min: number, max: number) => z.int().min(min).max(max).optional();
const ClassName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a class is named by lower-case letters, digits, - and _');
const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);
/** A map by names; zod leaves a member `__proto__` out without a word, which would be a policy that nobody wrote. */
const mapOf = <Name extends z.ZodType<string, string>, Schema extends z.ZodType>(names: Name, schema: Schema) =>
  z.preprocess(
    (value, context) => {
      if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
        context.addIssue({ code: 'custom', message: 'not a name', path: ['__proto__'] });
      return value;
    },
    z.record(names, schema),
  );
const classMap = <Schema extends z.ZodType>(schema: Schema) =>
  mapOf(
    ClassName.refine((value) => !PROTOTYPE_NAMES.has(value), 'not a name'),
    schema,
  );

const Globs = z.array(name(1, 256)).max(200);
const RuleId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits and ._- (at most 64)');
const SourceText = z.enum(['terraform', 'k8s_admission', 'cloud_event']);
const RiskClassText = z.enum(['low', 'medium', 'high']);
const TicketPattern = z.union([z.null(), z.string().min(1).max(200)]);

const StageInput = z.strictObject({
  id: RuleId,
  quorum: z.int().min(1).max(5).default(1),
  roles: z.array(name(1, 128)).max(20).default([]),
  groups: z.array(name(1, 128)).max(20).default([]),
  subjects: z.array(name(1, 256)).max(50).default([]),
  deny_quorum: z.int().min(1).max(5).default(1),
});
/** A tree nests at most three deep, so its schema need not refer to itself. */
const treeOf = <Branch extends z.ZodType>(branch: Branch) =>
  z.union([
    StageInput,
    z.strictObject({ all: z.array(branch).min(1).max(10) }),
    z.strictObject({ any: z.array(branch).min(1).max(10) }),
  ]);
const TreeInput: z.ZodType<ApprovalTree> = treeOf(treeOf(StageInput)).meta({ id: 'ApprovalTreeInput' });

const justificationInput = {
  min_length: z.int().min(0).max(2000).optional(),
  ticket_pattern: TicketPattern.optional(),
};
const RoutingRuleInput = z.strictObject({
  id: RuleId,
  enabled: z.boolean().default(true),
  match: z
    .strictObject({
      environments: z.array(ClassName).max(32).optional(),
      projects: Globs.optional(),
      sources: z.array(SourceText).optional(),
      action_prefixes: z.array(name(1, 64)).max(64).optional(),
      resource_types: z.array(name(1, 128)).max(200).optional(),
      monthly_delta_usd: z
        .strictObject({ min: MonthlyUsd.nullish(), max: MonthlyUsd.nullish() })
        .optional()
        .meta({ description: 'inclusive; an end that is left out is open', examples: [{ min: '1000' }] }),
      risk: z.array(RiskClassText).optional(),
      requesters: Globs.optional(),
    })
    .default({}),
  effect: z.enum(['require', 'waive']),
  require: TreeInput.nullish(),
  overrides: z
    .strictObject({
      separation: z.boolean().optional(),
      approve_by_seconds: seconds(300, 2_592_000),
      use_by_seconds: seconds(60, 604_800),
      token_ttl_seconds: seconds(60, 86_400),
      justification: z.strictObject({ required: z.boolean().optional(), ...justificationInput }).optional(),
    })
    .default({}),
});
const bytesOf = (value: string): number => new TextEncoder().encode(value).length;
const PolicyRuleInput = z.strictObject({
  id: RuleId,
  enabled: z.boolean().default(true),
  condition: z
    .string()
    .min(1)
    .refine((value) => bytesOf(value) <= CONDITION_BYTES_MAX, 'a condition is at most 4 KiB'),
  effect: z.enum(['deny', 'require_approval', 'warn', 'add_obligation']),
  message: text(0, 256).default(''),
  obligation: z.strictObject({ key: name(1, 64), value: text(0, 256) }).nullish(),
  cost_budget: z.int().min(1).max(RULE_COST_MAX).default(RULE_COST_MAX),
});
const failSafeMap = classMap(z.enum(['ALLOW', 'REQUIRE_APPROVAL', 'DENY'])).optional();

/** `verdict.enforcement.policy.v1` as an author writes it: what is omitted is the default. @source contract section 8.2 */
export const PolicyDocumentInput = z
  .strictObject({
    format: z.literal('verdict.enforcement.policy.v1').optional(),
    mode_matrix: z
      .strictObject({
        terraform: classMap(ModeText).optional(),
        k8s_admission: classMap(ModeText).optional(),
        cloud_event: classMap(ModeText).optional(),
      })
      .optional(),
    environments: z
      .strictObject({
        classes: classMap(
          z.strictObject({
            aliases: z.array(name(1, 32)).max(64).optional(),
            behaves_as: z.enum(['prod', 'nonprod']).optional(),
          }),
        ).optional(),
      })
      .optional(),
    approval: z
      .strictObject({
        required: perClass(z.boolean()),
        separation: perClass(z.boolean()),
        routing: z.array(RoutingRuleInput).max(64).optional(),
        approve_by_seconds: seconds(300, 2_592_000),
        use_by_seconds: seconds(60, 604_800),
        token_ttl_seconds: seconds(60, 86_400),
        justification: z.strictObject({ required: perClass(z.boolean()), ...justificationInput }).optional(),
        consumer: z.enum(['creator', 'project', 'member']).optional(),
        replan_tolerance: z
          .strictObject({ percent: z.int().min(0).max(50).optional(), absolute_usd: PositiveUsd.optional() })
          .optional(),
        grants: z
          .strictObject({
            max_uses: z.int().min(1).max(50).optional(),
            denied_cooldown_seconds: z.int().min(0).max(86_400).optional(),
          })
          .optional(),
      })
      .optional(),
    entitlements: z
      .strictObject({
        plan_ceiling_monthly_usd: z.union([z.null(), PositiveUsd]).optional(),
        enterprise_ceiling_monthly_usd: z.union([z.null(), PositiveUsd]).optional(),
        auto_approve: z
          .strictObject({ below_monthly_usd: PositiveUsd.optional(), cumulative_monthly_usd: PositiveUsd.optional() })
          .optional(),
        hard_deny_above_monthly_usd: PositiveUsd.optional(),
        require_budget: perClass(z.boolean()),
      })
      .optional(),
    rules: z.array(PolicyRuleInput).max(RULES_MAX).optional(),
    pricing: z
      .strictObject({
        price_book: name(1, 64).optional(),
        declared: perClass(z.enum(['accept', 'flag', 'refuse'])),
        unknown: perClass(z.enum(['approval', 'violation'])),
        mismatch_percent: z.int().min(0).max(100).optional(),
      })
      .optional(),
    risk: z
      .strictObject({
        project_criticality: mapOf(ProjectId, RiskClassText).optional(),
        high_impact_types: z.array(name(1, 128)).max(200).optional(),
      })
      .optional(),
    context: z
      .strictObject({
        spike_absolute_usd: PositiveUsd.optional(),
        spike_percent: z.int().min(0).max(10_000).optional(),
        max_data_age_days: z.int().min(1).max(30).optional(),
      })
      .optional(),
    fail_safe: z
      .strictObject({ terraform: failSafeMap, k8s_admission: failSafeMap, cloud_event: failSafeMap })
      .optional(),
    execution: z
      .strictObject({ decision_ttl_seconds: seconds(60, 86_400), hold_overdue_seconds: seconds(60, 604_800) })
      .optional(),
    reconciliation: z
      .strictObject({
        tolerance_absolute_usd: PositiveUsd.optional(),
        tolerance_percent: z.int().min(0).max(100).optional(),
        savings_exception_usd: PositiveUsd.optional(),
        exception_due_seconds: seconds(60, 31_536_000),
        default_owner: name(1, 128).optional(),
        overdue_action: z.enum(['settle', 'release']).optional(),
      })
      .optional(),
    rate_limits: z
      .strictObject({
        gate_per_second: z.int().min(1).max(100_000).nullish(),
        gate_burst: z.int().min(1).max(100_000).nullish(),
      })
      .optional(),
  })
  .meta({ id: 'PolicyDocumentInput' });
