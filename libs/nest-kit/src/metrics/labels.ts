import { CONSUME_CODES, type RefusedTokenEvent, refusedTokenEvent } from '@verdict/domain';

/** The closed label values of contract section 15. */
export const SOURCES = ['terraform', 'k8s_admission', 'cloud_event'] as const;
export const DECISIONS = ['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY'] as const;
export const PATHS = ['normal', 'failsafe', 'replay'] as const;
export const FAILURE_TYPES = [
  'timeout',
  'lock_timeout',
  'evaluation_error',
  'log_unavailable',
  'overloaded',
  'override_stale',
] as const;
export const LOCK_EVENTS = ['acquired', 'contended', 'timeout', 'error'] as const;
export const LOCK_OUTCOMES = ['acquired', 'timeout'] as const;
/** The values of an override; `enforce` where none lowers or stops what policy says. */
export const OVERRIDES = ['enforce', 'monitor', 'shadow', 'disabled', 'stop'] as const;
/** Why a change was let through that enforcement had not. */
export const EXPOSURE_CAUSES = ['override', 'mode', 'failsafe'] as const;
export const IDEMPOTENCY_EVENTS = ['replay', 'conflict', 'expired'] as const;
export const APPEND_OUTCOMES = ['appended', 'conflict', 'unknown'] as const;
/** Services that write journals; `service` is the label of a process. */
export const WRITERS = ['gate', 'approvals', 'reconciliation'] as const;
export const JOURNAL_KINDS = ['policy', 'decisions', 'approvals', 'reservations', 'operations', 'system'] as const;
export const POLICY_CHANGES = [
  'published',
  'scheduled',
  'rolled_back',
  'rollout',
  'budget',
  'credit',
  'price_book',
  'exception',
  'integration',
] as const;
/** Percents of a budget that are used; `other` is what a budget names besides. */
export const BUDGET_THRESHOLDS = ['50', '80', '100', 'other'] as const;
export const CREDIT_POOLS = ['reserved', 'emergency'] as const;
/** How a webhook's caller proves who it is; `none` brought no proof at all. */
export const WEBHOOK_WAYS = ['mtls', 'bearer', 'path', 'hmac', 'none'] as const;
/** The limits of contract section 16; `kept` is what a tenant may keep, `running` what may run at the same time. */
export const QUOTA_KINDS = [
  'gate',
  'consume',
  'admin_writes',
  'writes',
  'reads',
  'in_flight',
  'kept',
  'running',
] as const;
export const APPROVAL_OUTCOMES = ['opened', 'granted', 'denied', 'expired', 'withdrawn'] as const;
/** What becomes of an approval token; `stop_active` is the last row of section 11.4. */
export const TOKEN_EVENTS: readonly ('issued' | 'reissued' | 'consumed' | RefusedTokenEvent | 'stop_active')[] = [
  'issued',
  'reissued',
  'consumed',
  ...new Set(CONSUME_CODES.map(refusedTokenEvent)),
  'stop_active',
];
export const RECONCILE_TRIGGERS = ['manual', 'replay', 'overdue', 'import', 'correction'] as const;
export const RECONCILE_STATUSES = ['matched', 'overage', 'savings', 'assumed', 'released', 'late_actual'] as const;
export const GRANT_USES = ['used', 'cap_exceeded', 'expired'] as const;
export const SWEEP_STATUSES = ['ok', 'error'] as const;
export const EXCEPTION_KINDS = ['overage', 'savings', 'overrun', 'late_actual', 'unreconciled'] as const;
export const COST_ROW_STATUSES = ['accepted', 'replaced', 'refused'] as const;
export const DRIFT_DIRECTIONS = ['overage', 'savings'] as const;
export const EXPORT_ARTIFACTS = ['bundle', 'parity', 'proof'] as const;
export const EXPORT_OUTCOMES = ['success', 'mismatch', 'rejected_limit', 'error'] as const;

export type Of<List extends readonly string[]> = List[number];
