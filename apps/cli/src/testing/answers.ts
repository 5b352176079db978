const HASH = 'a'.repeat(64);
export const DECISION_ID = '0193a7c4-0000-7000-8000-000000000001';
export const APPROVAL_ID = '0193a7c4-0000-7000-8000-000000000002';
export const EXPORT_ID = '0193a7c4-0000-7000-8000-000000000003';
export const BUDGET_ID = '0193a7c4-0000-7000-8000-000000000004';
const AT = '2026-11-22T10:00:00.000Z';
const ENTRY = { origin: 'verdict.local/acme/decisions', revision: 7, leaf_hash: HASH };

const COST = {
  monthly: '1098.7400',
  hourly: '1.505123',
  method: 'price_book',
  completeness: 'complete',
  priced: 8,
  unpriced: 0,
  price_book: { version: '2026-11-us-east-1', sha256: HASH },
  lines: [],
};
const CONTINUATION = {
  approval_consume_endpoint: '/api/v1/enforcement/approvals/consume',
  binding: {
    expected_source: 'terraform',
    expected_project_id: 'web',
    expected_environment: 'prod',
    expected_request_fingerprint: HASH,
    expected_resource_reference: 'stack:web',
  },
};

/** Answers that the contract allows, for tests to alter. */
export const preflightAnswer = (changes: object = {}): object => ({
  decision: 'REQUIRE_APPROVAL',
  reason_codes: ['approval_required', 'soft_mode_escalation'],
  decision_id: DECISION_ID,
  source: 'terraform',
  action: 'terraform.apply',
  resource_reference: 'stack:web',
  project_id: 'web',
  environment: 'prod',
  environment_class: 'prod',
  mode: 'soft',
  mode_scope: 'terraform:prod',
  policy_version: 3,
  policy_document_sha256: HASH,
  request_fingerprint: HASH,
  subject_hash: HASH,
  payload_hash: HASH,
  idempotency_key: 'terraform:run-1:pre_plan:6673343824cdd707',
  approval_required: true,
  approval_request_id: APPROVAL_ID,
  approval_channel: 'token',
  reservation_active: true,
  hold: {
    legs: [{ account: `budget:${BUDGET_ID}`, amount_usd: '1000.0000' }],
    total: '1000.0000',
    unfunded_usd: '98.7400',
  },
  exposure_usd: '0.0000',
  would_be: null,
  waterfall: [],
  cost: COST,
  warnings: [],
  balances_after: [],
  ttl_seconds: 900,
  decided_at: AT,
  expires_at: AT,
  expired: false,
  replayed: false,
  dry_run: false,
  supersedes: null,
  observed: { policy: 3, approvals: -1, reservations: -1 },
  entry: ENTRY,
  run_id: 'run-1',
  stage: 'pre_plan',
  continuation: CONTINUATION,
  ...changes,
});

export const voteAnswer = (changes: object = {}): object => ({
  status: 'granted',
  approval_id: APPROVAL_ID,
  decision_id: DECISION_ID,
  progress: [{ stage_id: 'default', approved: 1, quorum: 1 }],
  approval_token: 'eyJ-the-approval-token-of-32-characters',
  token_expires_at: AT,
  use_by: AT,
  replayed: false,
  entry: ENTRY,
  ...changes,
});

export const approvalAnswer = (changes: object = {}): object => ({
  approval_id: APPROVAL_ID,
  decision_id: DECISION_ID,
  status: 'pending',
  requester: 'dev-1',
  on_behalf_of: null,
  source: 'terraform',
  project_id: 'web',
  environment: 'prod',
  environment_class: 'prod',
  action: 'terraform.apply',
  resource_reference: 'stack:web',
  request_fingerprint: HASH,
  reason_codes: ['approval_required'],
  monthly_delta_usd: '1098.7400',
  hourly_delta_usd: '1.505123',
  hold_usd: '1000.0000',
  unfunded_usd: '98.7400',
  max_monthly_delta_usd: '1098.7400',
  max_hourly_delta_usd: '1.505123',
  justification: null,
  ticket: null,
  progress: [{ stage_id: 'default', approved: 0, quorum: 1 }],
  requested_at: AT,
  approve_by: AT,
  use_by: null,
  ...changes,
});

export const consumeAnswer = (): object => ({
  status: 'consumed',
  approval_id: APPROVAL_ID,
  decision_id: DECISION_ID,
  source: 'terraform',
  environment: 'prod',
  project_id: 'web',
  action: 'terraform.apply',
  resource_reference: 'stack:web',
  request_fingerprint: HASH,
  max_monthly_delta_usd: '1098.7400',
  max_hourly_delta_usd: '1.505123',
  token_expires_at: AT,
  consumed_at: AT,
  consumed_by: 'ci-1',
  replayed: false,
  entry: ENTRY,
});

export const policyAnswer = (changes: object = {}): object => ({
  version: 3,
  document: { format: 'verdict.enforcement.policy.v1' },
  document_sha256: HASH,
  message: 'first',
  author: 'admin-1',
  published_at: AT,
  effective_from: AT,
  rolled_back_to: null,
  in_force: true,
  ...changes,
});

export const budgetAnswer = (changes: object = {}): object => ({
  budget_id: BUDGET_ID,
  version: 4,
  scope: 'project:web',
  period: 'month',
  limit_usd: '1000.0000',
  effective_limit_usd: '1000.0000',
  months_charged: 1,
  owner: null,
  active: true,
  spent_usd: '0.0000',
  held_usd: '0.0000',
  headroom_usd: '1000.0000',
  set_by: 'admin-1',
  set_at: AT,
  ...changes,
});

export const exportAnswer = (changes: object = {}): object => ({
  export_id: EXPORT_ID,
  status: 'ready',
  series: 'default',
  ranges: { decisions: { from: 0, to: 8 } },
  progress: { entries: 8, total: 8 },
  content_sha256: HASH,
  manifest_sha256: HASH,
  size: 5,
  failure: null,
  created_at: AT,
  created_by: 'auditor-1',
  ...changes,
});

export const problemAnswer = (status: number, code: string, changes: object = {}): object => ({
  type: `urn:verdict:problem:${code}`,
  title: `Title of ${code}`,
  status,
  code,
  retryable: status >= 500,
  request_id: 'r-1',
  ...changes,
});
