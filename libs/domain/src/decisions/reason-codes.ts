/** Closed list, in the order in which an answer names them. Contract section 17.1. */
export const REASON_CODES = [
  'stop_active', 'override_disabled', 'override_shadow', 'override_monitor',
  'gate_timeout', 'gate_lock_timeout', 'gate_evaluation_error', 'gate_log_unavailable', 'gate_overloaded', 'gate_override_stale',
  'shadow_mode_fail_open', 'soft_mode_fail_safe_escalation', 'hard_mode_fail_closed',
  'rule_denied', 'rule_evaluation_error', 'hard_deny_threshold_exceeded', 'plan_limit_exceeded', 'budget_exceeded',
  'forecast_exceeded', 'enterprise_ceiling_exceeded', 'budget_missing', 'cost_annotation_invalid', 'cost_unknown', 'cost_partial',
  'cost_declared_refused', 'computed_context_unavailable', 'approval_denied_recently', 'batch_rolled_back',
  'shadow_mode_override', 'soft_mode_escalation', 'hard_mode_denied', 'shadow_mode_cost_context_override',
  'soft_mode_cost_context_escalation', 'hard_mode_cost_context_closed', 'shadow_mode_approval_override',
  'approval_required', 'rule_approval_required', 'auto_approve_cap_reached', 'auto_approved_below_threshold',
  'approval_waived_by_route', 'approval_grant_used', 'exception_used',
  'credit_waterfall_used', 'reserved_credit_waterfall_used', 'emergency_credit_waterfall_used', 'no_budget_configured',
  'environment_unknown_strict', 'cost_declared_unverified', 'cost_declared_mismatch', 'risk_raised_by_caller', 'rule_warned',
  'cost_decrease', 'no_cost_change', 'dry_run', 'within_policy',
  'reservation_reconciled', 'reservation_reconciliation_drift', 'reservation_assumed_spent', 'reservation_auto_released_sla',
  'hold_voided', 'hold_expired', 'decision_reanswered',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

const RANK: ReadonlyMap<string, number> = new Map(REASON_CODES.map((code, index) => [code, index]));

/** Reasons without duplicates, in the order of the contract; never empty: a clean answer says `within_policy`. */
export const inAnswerOrder = (codes: readonly ReasonCode[]): readonly ReasonCode[] => {
  const unique = [...new Set(codes)].sort((a, b) => (RANK.get(a) ?? 0) - (RANK.get(b) ?? 0));
  return unique.length === 0 ? ['within_policy'] : unique;
};
