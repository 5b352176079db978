import { toHex } from '@verdict/ledger';
import type { DecisionRecorded } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';

export interface EntryReference {
  readonly origin: string;
  readonly revision: number;
  readonly leaf_hash: string;
}
export const entryReferenceOf = (
  origin: string,
  entry: Pick<RecordedEntry, 'revision' | 'leafHash'>,
): EntryReference => ({
  origin,
  revision: Number(entry.revision),
  leaf_hash: toHex(entry.leafHash),
});

const observedOf = (entry: RecordedEntry) => ({
  policy: entry.observed['policy'] ?? -1,
  approvals: entry.observed['approvals'] ?? -1,
  reservations: entry.observed['reservations'] ?? -1,
});

/* eslint-disable max-lines-per-function, complexity -- one line per member of the answer */
/** A recorded decision as every gate answers it. @source contract section 5.3 */

export const verdictAnswer = (
  recorded: DecisionRecorded,
  at: {
    readonly origin: string;
    readonly entry: RecordedEntry;
    readonly isReplayed: boolean;
    readonly isExpired: boolean;
  },
) => {
  const { request, cost, hold, approval, would_be: wouldBe } = recorded;
  return {
    decision: recorded.decision,
    reason_codes: recorded.reason_codes,
    decision_id: recorded.decision_id,
    source: request.source,
    action: request.action,
    resource_reference: request.resource_reference,
    project_id: request.project_id,
    environment: request.environment_raw,
    environment_class: request.environment_class,
    mode: recorded.mode,
    mode_scope: recorded.mode_scope,
    policy_version: recorded.policy_version,
    policy_document_sha256: recorded.policy_document_sha256,
    request_fingerprint: recorded.request_fingerprint,
    subject_hash: recorded.subject_hash,
    payload_hash: recorded.payload_hash,
    idempotency_key: recorded.key.text,
    approval_required: recorded.decision === 'REQUIRE_APPROVAL',
    approval_request_id: approval?.approval_id ?? null,
    approval_channel: approval === null ? null : (approval.channel ?? ('token' as const)),
    reservation_active: hold.legs.length > 0,
    hold: { legs: hold.legs, total: hold.total_usd, unfunded_usd: hold.unfunded_usd },
    exposure_usd: recorded.exposure_usd,
    would_be: wouldBe === null ? null : { decision: wouldBe.decision, reason_codes: wouldBe.reason_codes },
    waterfall: recorded.waterfall,
    cost: {
      monthly: cost.monthly_delta_usd,
      hourly: cost.hourly_delta_usd,
      method: cost.method,
      completeness: cost.completeness,
      priced: cost.priced,
      unpriced: cost.unpriced,
      price_book: cost.price_book,
      lines: cost.lines,
      sources: cost.sources ?? [],
    },
    computed_context: recorded.computed_context ?? null,
    computed_context_sha256: recorded.computed_context_sha256 ?? null,
    risk: recorded.risk ?? null,
    override: null,
    warnings: recorded.warnings,
    obligations: recorded.obligations ?? [],
    rules_matched: recorded.rules_matched ?? [],
    exceptions_used: recorded.exceptions_used ?? [],
    grant_use: recorded.grant_use ?? null,
    challenger: recorded.challenger ?? null,
    failsafe: false,
    retry_idempotency_key: null,
    balances_after: recorded.balances_after,
    ttl_seconds: recorded.ttl_seconds,
    decided_at: recorded.decided_at,
    expires_at: recorded.expires_at,
    expired: at.isExpired,
    replayed: at.isReplayed,
    dry_run: recorded.dry_run,
    supersedes: recorded.supersedes,
    observed: observedOf(at.entry),
    entry: entryReferenceOf(at.origin, at.entry),
  };
};
/* eslint-enable max-lines-per-function, complexity */

/** What a Terraform pipeline needs besides, to come back with an approval. @source contract section 5.2 */
export const preflightAnswer = (recorded: DecisionRecorded, at: Parameters<typeof verdictAnswer>[1]) => ({
  ...verdictAnswer(recorded, at),
  run_id: recorded.request.run?.run_id ?? '',
  stage: recorded.request.run?.stage ?? '',
  continuation: {
    approval_consume_endpoint: '/api/v1/enforcement/approvals/consume',
    binding: {
      expected_source: recorded.request.source,
      expected_project_id: recorded.request.project_id,
      expected_environment: recorded.request.environment_raw,
      expected_request_fingerprint: recorded.request_fingerprint,
      expected_resource_reference: recorded.request.resource_reference,
    },
  },
});
