import {
  type ApprovalTree,
  type Behaviour,
  DEFAULT_POLICY,
  formatUsd4,
  type MicroUsd,
  type Mode,
  normaliseEnvironment,
  type PolicyDocument,
  type PolicyRule,
  type RoutingMatch,
  type RoutingOverrides,
  type RoutingRule,
} from '@verdict/domain';
import type { z } from 'zod';
import type { PolicyDocumentInput } from './policy-document.js';

type Input = z.output<typeof PolicyDocumentInput>;
const usd = (amount: MicroUsd | undefined, otherwise: PolicyDocument['entitlements']['hard_deny_above_monthly_usd']) =>
  amount === undefined ? otherwise : formatUsd4(amount);
const ceiling = (amount: MicroUsd | null | undefined) =>
  amount === undefined || amount === null ? null : formatUsd4(amount);
const classes = <Value>(
  given: { readonly prod?: Value | undefined; readonly nonprod?: Value | undefined } | undefined,
  otherwise: { readonly prod: Value; readonly nonprod: Value },
) => ({
  prod: given?.prod ?? otherwise.prod,
  nonprod: given?.nonprod ?? otherwise.nonprod,
});

const D = DEFAULT_POLICY;

const environmentsOf = (given: Input['environments']): PolicyDocument['environments'] => {
  const named = Object.entries(given?.classes ?? {}).map(([key, { aliases, behaves_as }]) => {
    const behaves: Behaviour = behaves_as ?? (key === 'nonprod' ? 'nonprod' : 'prod');
    return [key, { aliases: [...new Set((aliases ?? []).map(normaliseEnvironment))], behaves_as: behaves }] as const;
  });
  return { classes: { ...D.environments.classes, ...Object.fromEntries(named) } };
};

type RoutingInput = NonNullable<NonNullable<Input['approval']>['routing']>[number];
type RuleInput = NonNullable<Input['rules']>[number];

/** Members that were left out stay out: an absent condition is one that always holds. */
const given = <Value extends object>(value: Value): Given<Value> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Given<Value>;
type Given<Value> = { readonly [Member in keyof Value]: Exclude<Value[Member], undefined> };

const bound = (amount: MicroUsd | null | undefined) =>
  amount === undefined || amount === null ? null : formatUsd4(amount);

const matchOf = ({ monthly_delta_usd: range, ...match }: RoutingInput['match']): RoutingMatch => ({
  ...given(match),
  ...(range === undefined ? {} : { monthly_delta_usd: { min: bound(range.min), max: bound(range.max) } }),
});

const overridesOf = ({ justification, ...overrides }: RoutingInput['overrides']): RoutingOverrides => ({
  ...given(overrides),
  ...(justification === undefined ? {} : { justification: given(justification) }),
});

const NOBODY: ApprovalTree = { any: [] };
const routingRuleOf = ({ id, enabled, match, effect, require, overrides }: RoutingInput): RoutingRule => {
  const rule = { id, enabled, match: matchOf(match), overrides: overridesOf(overrides) };
  // A rule that requires nobody in particular is a defect, see policyDefects.
  return effect === 'waive' ? { ...rule, effect, require: null } : { ...rule, effect, require: require ?? NOBODY };
};

const ruleOf = ({ obligation, ...rule }: RuleInput): PolicyRule => ({ ...rule, obligation: obligation ?? null });

const modesOf = (given: Readonly<Record<string, Mode>> | undefined): Readonly<Record<string, Mode>> => ({
  default: 'soft',
  ...given,
});

// eslint-disable-next-line complexity -- one default per member: splitting would hide which is whose
const approvalOf = (given: Input['approval']): PolicyDocument['approval'] => ({
  required: classes(given?.required, D.approval.required),
  separation: classes(given?.separation, D.approval.separation),
  approve_by_seconds: given?.approve_by_seconds ?? D.approval.approve_by_seconds,
  use_by_seconds: given?.use_by_seconds ?? D.approval.use_by_seconds,
  token_ttl_seconds: given?.token_ttl_seconds ?? D.approval.token_ttl_seconds,
  justification: {
    required: classes(given?.justification?.required, D.approval.justification.required),
    min_length: given?.justification?.min_length ?? D.approval.justification.min_length,
    ticket_pattern: given?.justification?.ticket_pattern ?? null,
  },
  consumer: given?.consumer ?? D.approval.consumer,
  routing: (given?.routing ?? []).map(routingRuleOf),
  grants: {
    max_uses: given?.grants?.max_uses ?? D.approval.grants.max_uses,
    denied_cooldown_seconds: given?.grants?.denied_cooldown_seconds ?? D.approval.grants.denied_cooldown_seconds,
  },
  replan_tolerance: {
    percent: given?.replan_tolerance?.percent ?? D.approval.replan_tolerance.percent,
    absolute_usd: usd(given?.replan_tolerance?.absolute_usd, D.approval.replan_tolerance.absolute_usd),
  },
});

const entitlementsOf = (given: Input['entitlements']): PolicyDocument['entitlements'] => ({
  plan_ceiling_monthly_usd: ceiling(given?.plan_ceiling_monthly_usd),
  enterprise_ceiling_monthly_usd: ceiling(given?.enterprise_ceiling_monthly_usd),
  auto_approve: {
    below_monthly_usd: usd(given?.auto_approve?.below_monthly_usd, D.entitlements.auto_approve.below_monthly_usd),
    cumulative_monthly_usd: usd(
      given?.auto_approve?.cumulative_monthly_usd,
      D.entitlements.auto_approve.cumulative_monthly_usd,
    ),
  },
  hard_deny_above_monthly_usd: usd(given?.hard_deny_above_monthly_usd, D.entitlements.hard_deny_above_monthly_usd),
  require_budget: classes(given?.require_budget, D.entitlements.require_budget),
});

/** The complete text that is stored: defaults filled in, amounts as 4-place text, so that equal policies are equal bytes. */
// eslint-disable-next-line complexity -- one default per member: splitting would hide which is whose
export const completePolicy = (input: Input): PolicyDocument => ({
  format: 'verdict.enforcement.policy.v1',
  mode_matrix: {
    terraform: modesOf(input.mode_matrix?.terraform),
    k8s_admission: modesOf(input.mode_matrix?.k8s_admission),
    cloud_event: modesOf(input.mode_matrix?.cloud_event),
  },
  environments: environmentsOf(input.environments),
  approval: approvalOf(input.approval),
  entitlements: entitlementsOf(input.entitlements),
  rules: (input.rules ?? []).map(ruleOf),
  pricing: {
    price_book: input.pricing?.price_book ?? D.pricing.price_book,
    declared: classes(input.pricing?.declared, D.pricing.declared),
    unknown: classes(input.pricing?.unknown, D.pricing.unknown),
    mismatch_percent: input.pricing?.mismatch_percent ?? D.pricing.mismatch_percent,
  },
  risk: {
    project_criticality: input.risk?.project_criticality ?? {},
    high_impact_types: [...new Set(input.risk?.high_impact_types)].sort(),
  },
  context: {
    spike_absolute_usd: usd(input.context?.spike_absolute_usd, D.context.spike_absolute_usd),
    spike_percent: input.context?.spike_percent ?? D.context.spike_percent,
    max_data_age_days: input.context?.max_data_age_days ?? D.context.max_data_age_days,
  },
  fail_safe: {
    terraform: input.fail_safe?.terraform ?? {},
    k8s_admission: input.fail_safe?.k8s_admission ?? {},
    cloud_event: input.fail_safe?.cloud_event ?? {},
  },
  execution: {
    decision_ttl_seconds: input.execution?.decision_ttl_seconds ?? D.execution.decision_ttl_seconds,
    hold_overdue_seconds: input.execution?.hold_overdue_seconds ?? D.execution.hold_overdue_seconds,
  },
  reconciliation: {
    tolerance_absolute_usd: usd(input.reconciliation?.tolerance_absolute_usd, D.reconciliation.tolerance_absolute_usd),
    tolerance_percent: input.reconciliation?.tolerance_percent ?? D.reconciliation.tolerance_percent,
    savings_exception_usd: usd(input.reconciliation?.savings_exception_usd, D.reconciliation.savings_exception_usd),
    exception_due_seconds: input.reconciliation?.exception_due_seconds ?? D.reconciliation.exception_due_seconds,
    default_owner: input.reconciliation?.default_owner ?? D.reconciliation.default_owner,
    overdue_action: input.reconciliation?.overdue_action ?? D.reconciliation.overdue_action,
  },
  rate_limits: {
    gate_per_second: input.rate_limits?.gate_per_second ?? null,
    gate_burst: input.rate_limits?.gate_burst ?? null,
  },
});
