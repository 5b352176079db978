import { usdTextOf } from '../shared/brands.js';
import type { PolicyDocument } from './policy.document.js';

const usd = usdTextOf;

/** Version 1 of every tenant: what a document omits is what stands here. Contract section 8.2. */
export const DEFAULT_POLICY: PolicyDocument = {
  format: 'verdict.enforcement.policy.v1',
  mode_matrix: { terraform: { default: 'soft' }, k8s_admission: { default: 'soft' }, cloud_event: { default: 'soft' } },
  environments: {
    classes: { prod: { aliases: [], behaves_as: 'prod' }, nonprod: { aliases: [], behaves_as: 'nonprod' } },
  },
  approval: {
    required: { prod: true, nonprod: false },
    separation: { prod: true, nonprod: false },
    routing: [],
    approve_by_seconds: 86_400,
    use_by_seconds: 14_400,
    token_ttl_seconds: 900,
    justification: { required: { prod: true, nonprod: false }, min_length: 10, ticket_pattern: null },
    consumer: 'project',
    replan_tolerance: { percent: 0, absolute_usd: usd('0.0000') },
    grants: { max_uses: 1, denied_cooldown_seconds: 3600 },
  },
  entitlements: {
    plan_ceiling_monthly_usd: null,
    enterprise_ceiling_monthly_usd: null,
    auto_approve: { below_monthly_usd: usd('25.0000'), cumulative_monthly_usd: usd('100.0000') },
    hard_deny_above_monthly_usd: usd('5000.0000'),
    require_budget: { prod: false, nonprod: false },
  },
  rules: [],
  pricing: {
    price_book: 'latest',
    declared: { prod: 'flag', nonprod: 'accept' },
    unknown: { prod: 'approval', nonprod: 'approval' },
    mismatch_percent: 5,
  },
  risk: { project_criticality: {}, high_impact_types: [] },
  context: { spike_absolute_usd: usd('100.0000'), spike_percent: 30, max_data_age_days: 3 },
  fail_safe: { terraform: {}, k8s_admission: {}, cloud_event: {} },
  execution: { decision_ttl_seconds: 900, hold_overdue_seconds: 86_400 },
  reconciliation: {
    tolerance_absolute_usd: usd('1.0000'),
    tolerance_percent: 2,
    savings_exception_usd: usd('100.0000'),
    exception_due_seconds: 604_800,
    default_owner: 'finops',
    overdue_action: 'settle',
  },
  rate_limits: { gate_per_second: null, gate_burst: null },
};
