import type { ApprovalId, DecisionId, HourlyUsdText, Instant, Sha256Hex, UsdText } from '../shared/brand.js';
import type { Entry, Keyed, PersonalText } from '../shared/entry.js';
import type { ApprovalTerms, Outcome, Requester, Source } from '../decisions/decisions.entries.js';

/** The binding of an approval: what the token names and a consumer must repeat. */
export interface ApprovalBinding {
  readonly source: Source;
  readonly project_id: string;
  readonly environment_label: string;
  readonly environment_class: string;
  readonly action: string;
  readonly resource_reference: string;
  readonly request_fingerprint: Sha256Hex;
}

/** Entries of `approvals-<tenant>`, written by the approvals service alone. */
export type ApprovalsEntry =
  | Entry<
      'approval_requested',
      {
        readonly approval_id: ApprovalId;
        readonly decision_id: DecisionId;
        readonly decision: Outcome;
        readonly reason_codes: readonly string[];
        readonly requester: Requester;
        readonly binding: ApprovalBinding;
        readonly terms: ApprovalTerms;
        readonly monthly_delta_usd: UsdText | null;
        readonly hourly_delta_usd: HourlyUsdText | null;
        readonly hold_usd: UsdText;
        readonly policy_version: number;
        /** Revision of the decision, which has the justification given with the request, sealed. */
        readonly decision_revision: number;
        readonly justification_length: number;
        readonly ticket: string | null;
        readonly requested_at: Instant;
        readonly approve_by: Instant;
      }
    >
  | Entry<
      'approval_request_filed',
      {
        readonly approval_id: ApprovalId;
        readonly filed_by: string;
        /** The person behind it; absent: nobody, or filed before entries said so. */
        readonly on_behalf_of?: string;
        readonly justification: PersonalText | null;
        readonly justification_length: number;
        readonly ticket: string | null;
        readonly filed_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'vote_cast',
      {
        readonly approval_id: ApprovalId;
        /** The stage named, or the one in which the vote counted when it was cast. */
        readonly stage_id: string;
        /** All stages that the vote may count in, as others vote too; absent: `stage_id` alone. */
        readonly stages?: readonly string[];
        readonly voter: string;
        readonly vote: 'approve' | 'deny';
        readonly notes: PersonalText | null;
        readonly ticket: string | null;
        readonly voted_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'approval_granted',
      {
        readonly approval_id: ApprovalId;
        readonly decision_id: DecisionId;
        readonly unfunded_usd: UsdText;
        readonly granted_at: Instant;
        readonly use_by: Instant;
      }
    >
  | Entry<
      'approval_denied',
      { readonly approval_id: ApprovalId; readonly decision_id: DecisionId; readonly denied_at: Instant }
    >
  | Entry<
      'approval_expired',
      {
        readonly approval_id: ApprovalId;
        readonly decision_id: DecisionId;
        readonly cause: 'approve_by_passed' | 'use_by_passed';
        readonly expired_at: Instant;
      }
    >
  | Entry<
      'approval_withdrawn',
      {
        readonly approval_id: ApprovalId;
        readonly decision_id: DecisionId;
        readonly withdrawn_by: string;
        readonly withdrawn_at: Instant;
        /** Nobody took it back: a later decision took over what was held. Absent: somebody did. */
        readonly cause?: 'superseded';
        /** Absent: nobody's command, or withdrawn before such commands took a key. */
        readonly idempotency?: Keyed;
      }
    >
  /** The last use that a grant had is gone; the uses themselves are decisions of the gate. */
  | Entry<
      'grant_used_up',
      {
        readonly approval_id: ApprovalId;
        readonly decision_id: DecisionId;
        readonly uses: number;
        readonly last_use: DecisionId;
        readonly used_up_at: Instant;
      }
    >
  | Entry<
      'token_issued',
      {
        readonly approval_id: ApprovalId;
        readonly decision_id: DecisionId;
        readonly jti: string;
        /** The ledger keeps the token's hash, never the token. */
        readonly token_sha256: Sha256Hex;
        readonly kid: string;
        readonly issued_to: string;
        readonly issued_at: Instant;
        readonly expires_at: Instant;
        readonly supersedes_jti: string | null;
        /** Of a reissue; the key of the vote that completes an approval is in the vote. */
        readonly idempotency?: Keyed;
      }
    >
  | Entry<
      'token_consumed',
      {
        readonly approval_id: ApprovalId;
        readonly decision_id: DecisionId;
        readonly jti: string;
        readonly idempotency: Keyed;
        readonly consumed_by: string;
        readonly consumed_at: Instant;
        readonly expires_at: Instant;
      }
    >
  | Entry<
      'token_refused',
      {
        readonly approval_id: string | null;
        readonly decision_id: string | null;
        readonly jti: string | null;
        /** The code of contract section 11.4 that answered. */
        readonly code: string;
        readonly refused_to: string;
        readonly refused_at: Instant;
      }
    >;
