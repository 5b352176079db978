import type { ApprovalsEntry } from '@verdict/domain';
import { z } from 'zod';
import { OutcomeText, RequesterText, SourceText, TermsText } from './decision-request.js';
import { entrySchema } from './entry-schema.js';
import { schemasOf } from './recorded.js';
import {
  ApprovalId,
  Code,
  Count,
  DecisionId,
  HourlyUsd,
  InstantText,
  Keyed,
  Ordinal,
  Sealed,
  Sha256,
  Usd,
} from './scalars.js';

const ids = { approval_id: ApprovalId, decision_id: DecisionId };

const BindingText = z.object({
  source: SourceText,
  project_id: z.string(),
  environment_label: z.string(),
  environment_class: z.string(),
  action: z.string(),
  resource_reference: z.string(),
  request_fingerprint: Sha256,
});

const ApprovalRequested = z.object({
  ...ids,
  decision: OutcomeText,
  reason_codes: z.array(Code),
  requester: RequesterText,
  binding: BindingText,
  terms: TermsText,
  monthly_delta_usd: Usd.nullable(),
  hourly_delta_usd: HourlyUsd.nullable(),
  hold_usd: Usd,
  policy_version: Ordinal,
  decision_revision: z.int().min(0).meta({ description: 'revision of the decision in its journal' }),
  justification_length: Count,
  ticket: z.string().nullable(),
  requested_at: InstantText,
  approve_by: InstantText,
});

const ApprovalRequestFiled = z.object({
  approval_id: ApprovalId,
  filed_by: z.string(),
  on_behalf_of: z.string().exactOptional().meta({ description: 'the person behind a pipeline that filed' }),
  justification: Sealed.nullable(),
  justification_length: Count,
  ticket: z.string().nullable(),
  filed_at: InstantText,
  idempotency: Keyed,
});

const VoteCast = z.object({
  approval_id: ApprovalId,
  stage_id: z.string(),
  stages: z.array(z.string()).exactOptional().meta({ description: 'stages it may count in, if more than `stage_id`' }),
  voter: z.string(),
  vote: z.enum(['approve', 'deny']),
  notes: Sealed.nullable(),
  ticket: z.string().nullable(),
  voted_at: InstantText,
  idempotency: Keyed,
});

const ApprovalGranted = z.object({ ...ids, unfunded_usd: Usd, granted_at: InstantText, use_by: InstantText });
const ApprovalDenied = z.object({ ...ids, denied_at: InstantText });
const ApprovalExpired = z.object({
  ...ids,
  cause: z.enum(['approve_by_passed', 'use_by_passed']),
  expired_at: InstantText,
});
const ApprovalWithdrawn = z.object({
  ...ids,
  withdrawn_by: z.string(),
  withdrawn_at: InstantText,
  cause: z
    .literal('superseded')
    .exactOptional()
    .meta({ description: 'a later decision took over what was held; absent: somebody took the request back' }),
  idempotency: Keyed.exactOptional(),
});

const GrantUsedUp = z.object({
  ...ids,
  uses: Ordinal,
  last_use: DecisionId.meta({ description: 'the decision that used it last' }),
  used_up_at: InstantText,
});

const TokenIssued = z.object({
  ...ids,
  jti: z.string(),
  token_sha256: Sha256,
  kid: z.string(),
  issued_to: z.string(),
  issued_at: InstantText,
  expires_at: InstantText,
  supersedes_jti: z.string().nullable(),
  idempotency: Keyed.exactOptional(),
});

const TokenConsumed = z.object({
  ...ids,
  jti: z.string(),
  idempotency: Keyed,
  consumed_by: z.string(),
  consumed_at: InstantText,
  expires_at: InstantText,
});

/** Whatever the refused token claimed to be: nothing in it was proven. */
const TokenRefused = z.object({
  approval_id: z.string().nullable(),
  decision_id: z.string().nullable(),
  jti: z.string().nullable(),
  code: Code,
  refused_to: z.string(),
  refused_at: InstantText,
});

const kind = 'approvals';
/** Entries of `approvals-<tenant>`, written by the approvals service. */
export const APPROVALS_ENTRIES = schemasOf<ApprovalsEntry>()({
  approval_requested: { 1: entrySchema({ kind, type: 'approval_requested', typeV: 1 }, ApprovalRequested) },
  approval_request_filed: { 1: entrySchema({ kind, type: 'approval_request_filed', typeV: 1 }, ApprovalRequestFiled) },
  vote_cast: { 1: entrySchema({ kind, type: 'vote_cast', typeV: 1 }, VoteCast) },
  approval_granted: { 1: entrySchema({ kind, type: 'approval_granted', typeV: 1 }, ApprovalGranted) },
  approval_denied: { 1: entrySchema({ kind, type: 'approval_denied', typeV: 1 }, ApprovalDenied) },
  approval_expired: { 1: entrySchema({ kind, type: 'approval_expired', typeV: 1 }, ApprovalExpired) },
  approval_withdrawn: { 1: entrySchema({ kind, type: 'approval_withdrawn', typeV: 1 }, ApprovalWithdrawn) },
  grant_used_up: { 1: entrySchema({ kind, type: 'grant_used_up', typeV: 1 }, GrantUsedUp) },
  token_issued: { 1: entrySchema({ kind, type: 'token_issued', typeV: 1 }, TokenIssued) },
  token_consumed: { 1: entrySchema({ kind, type: 'token_consumed', typeV: 1 }, TokenConsumed) },
  token_refused: { 1: entrySchema({ kind, type: 'token_refused', typeV: 1 }, TokenRefused) },
});
