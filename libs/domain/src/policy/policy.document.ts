import type { UsdText } from '../shared/brand.js';

export type Mode = 'shadow' | 'soft' | 'hard';
/** `prod` and `nonprod` always exist; a policy may name more, each behaving as one of the two. */
export type EnvironmentClass = string;
export type Behaviour = 'prod' | 'nonprod';
export type PerClass<Value> = { readonly prod: Value; readonly nonprod: Value };
type SourceName = 'terraform' | 'k8s_admission' | 'cloud_event';

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
    readonly approve_by_seconds: number;
    readonly use_by_seconds: number;
    readonly token_ttl_seconds: number;
    readonly justification: { readonly required: PerClass<boolean>; readonly min_length: number };
    readonly consumer: 'creator' | 'project' | 'member';
    readonly replan_tolerance: { readonly percent: number; readonly absolute_usd: UsdText };
  };
  readonly entitlements: {
    /** null: no ceiling. "0.0000": nothing passes. */
    readonly plan_ceiling_monthly_usd: UsdText | null;
    readonly enterprise_ceiling_monthly_usd: UsdText | null;
    readonly auto_approve: { readonly below_monthly_usd: UsdText; readonly cumulative_monthly_usd: UsdText };
    readonly hard_deny_above_monthly_usd: UsdText;
    readonly require_budget: PerClass<boolean>;
  };
  readonly pricing: {
    readonly price_book: string;
    readonly declared: PerClass<'accept' | 'flag' | 'refuse'>;
    readonly unknown: PerClass<'approval' | 'violation'>;
    readonly mismatch_percent: number;
  };
  readonly execution: { readonly decision_ttl_seconds: number; readonly hold_overdue_seconds: number };
  readonly reconciliation: {
    readonly tolerance_absolute_usd: UsdText;
    readonly tolerance_percent: number;
    readonly savings_exception_usd: UsdText;
    readonly exception_due_seconds: number;
    readonly default_owner: string;
  };
}
