import type { ApprovalTree } from '../approvals/approval-tree.js';
import type { RiskClass } from '../context/risk.js';
import type { PolicyRule } from '../rules/policy-rule.js';
import type { UsdText } from '../shared/brand.js';

export type Mode = 'shadow' | 'soft' | 'hard';
/** `prod` and `nonprod` always exist; a policy may name more, each behaving as one of the two. */
export type EnvironmentClass = string;
export type Behaviour = 'prod' | 'nonprod';
export type PerClass<Value> = { readonly prod: Value; readonly nonprod: Value };
type SourceName = 'terraform' | 'k8s_admission' | 'cloud_event';
/** What a fail-safe answer may say; contract section 7.2 says what it says where a policy is silent. */
export type FailSafeOutcome = 'ALLOW' | 'REQUIRE_APPROVAL' | 'DENY';

/** Conditions of a routing rule; all that are given must hold. Contract section 8.3. */
export interface RoutingMatch {
  /** Environment classes. */
  readonly environments?: readonly string[];
  /** Globs: `*` is any text. */
  readonly projects?: readonly string[];
  readonly sources?: readonly SourceName[];
  readonly action_prefixes?: readonly string[];
  /** Holds if the change has any resource of one of these types. */
  readonly resource_types?: readonly string[];
  /** Inclusive; null: open at that end. A cost that is not known at all is in no range. */
  readonly monthly_delta_usd?: { readonly min: UsdText | null; readonly max: UsdText | null };
  readonly risk?: readonly RiskClass[];
  /** Globs over the person behind a pipeline, else the subject. */
  readonly requesters?: readonly string[];
}

/** What a routing rule says otherwise than the document around it. */
export interface RoutingOverrides {
  readonly separation?: boolean;
  readonly approve_by_seconds?: number;
  readonly use_by_seconds?: number;
  readonly token_ttl_seconds?: number;
  readonly justification?: {
    readonly required?: boolean;
    readonly min_length?: number;
    readonly ticket_pattern?: string | null;
  };
}

export type RoutingRule = {
  readonly id: string;
  readonly enabled: boolean;
  readonly match: RoutingMatch;
  readonly overrides: RoutingOverrides;
} & (
  { readonly effect: 'waive'; readonly require: null } | { readonly effect: 'require'; readonly require: ApprovalTree }
);

/** Stored policy text: complete, amounts as 4-place text, so that equal policies are equal bytes. Contract section 8.2. */
export interface PolicyDocument {
  readonly format: 'verdict.enforcement.policy.v1';
  readonly mode_matrix: { readonly [Name in SourceName]: { readonly [environmentClass: string]: Mode } };
  readonly environments: {
    readonly classes: {
      readonly [name: string]: { readonly aliases: readonly string[]; readonly behaves_as: Behaviour };
    };
  };
  readonly approval: {
    readonly required: PerClass<boolean>;
    readonly separation: PerClass<boolean>;
    readonly routing: readonly RoutingRule[];
    readonly approve_by_seconds: number;
    readonly use_by_seconds: number;
    readonly token_ttl_seconds: number;
    readonly justification: {
      readonly required: PerClass<boolean>;
      readonly min_length: number;
      readonly ticket_pattern: string | null;
    };
    readonly consumer: 'creator' | 'project' | 'member';
    readonly replan_tolerance: { readonly percent: number; readonly absolute_usd: UsdText };
    readonly grants: { readonly max_uses: number; readonly denied_cooldown_seconds: number };
  };
  readonly entitlements: {
    /** null: no ceiling. "0.0000": nothing passes. */
    readonly plan_ceiling_monthly_usd: UsdText | null;
    readonly enterprise_ceiling_monthly_usd: UsdText | null;
    readonly auto_approve: { readonly below_monthly_usd: UsdText; readonly cumulative_monthly_usd: UsdText };
    readonly hard_deny_above_monthly_usd: UsdText;
    readonly require_budget: PerClass<boolean>;
  };
  readonly rules: readonly PolicyRule[];
  readonly pricing: {
    readonly price_book: string;
    readonly declared: PerClass<'accept' | 'flag' | 'refuse'>;
    readonly unknown: PerClass<'approval' | 'violation'>;
    readonly mismatch_percent: number;
  };
  readonly risk: {
    readonly project_criticality: { readonly [projectId: string]: RiskClass };
    readonly high_impact_types: readonly string[];
  };
  readonly context: {
    readonly spike_absolute_usd: UsdText;
    readonly spike_percent: number;
    readonly max_data_age_days: number;
  };
  /** A class that is not named follows contract section 7.2. */
  readonly fail_safe: { readonly [Name in SourceName]: { readonly [environmentClass: string]: FailSafeOutcome } };
  readonly execution: { readonly decision_ttl_seconds: number; readonly hold_overdue_seconds: number };
  readonly reconciliation: {
    readonly tolerance_absolute_usd: UsdText;
    readonly tolerance_percent: number;
    readonly savings_exception_usd: UsdText;
    readonly exception_due_seconds: number;
    readonly default_owner: string;
    readonly overdue_action: 'settle' | 'release';
  };
  /** null: the platform's own quota. */
  readonly rate_limits: { readonly gate_per_second: number | null; readonly gate_burst: number | null };
}

type Optional<Whole, Member extends keyof Whole> = Omit<Whole, Member> & Partial<Pick<Whole, Member>>;
type Approval = PolicyDocument['approval'];

/** A text as an entry has it: one of an earlier release lacks the members that came later. */
export type StoredPolicyDocument = Omit<
  Optional<PolicyDocument, 'rules' | 'risk' | 'context' | 'fail_safe' | 'rate_limits'>,
  'approval' | 'reconciliation'
> & {
  readonly approval: Omit<Optional<Approval, 'routing' | 'grants'>, 'justification'> & {
    readonly justification: Optional<Approval['justification'], 'ticket_pattern'>;
  };
  readonly reconciliation: Optional<PolicyDocument['reconciliation'], 'overdue_action'>;
};
