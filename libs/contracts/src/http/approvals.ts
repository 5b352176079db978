import { z } from 'zod';
import { listOf, pageQuery } from './pages.js';
import { EntryReference } from './policy.js';
import {
  ApprovalIdText,
  DecisionIdText,
  HourlyUsd,
  HourlyUsdAnswer,
  IdempotencyKey,
  InstantAnswer,
  MonthlyUsd,
  name,
  ProjectId,
  remark,
  Sha256Text,
  Ticket,
  UsdAnswer,
  UuidText,
} from './scalars.js';

export const FileRequestBody = z
  .strictObject({
    decision_id: DecisionIdText,
    justification: remark(2000),
    ticket: Ticket,
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'ApprovalRequestInput' });
export const VoteBody = z
  .strictObject({
    notes: remark(1000),
    ticket: Ticket,
    stage_id: name(1, 64).optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'VoteInput' });
export const EmptyBody = z.strictObject({ idempotency_key: IdempotencyKey.optional() });
export const ApprovalIdParams = z.strictObject({ approval_id: ApprovalIdText });

export const Progress = z.strictObject({ stage_id: z.string(), approved: z.int(), quorum: z.int() });
export const ApprovalStatusText = z.enum(['pending', 'granted', 'denied', 'expired', 'withdrawn', 'consumed']);
export const ApprovalAnswer = z
  .strictObject({
    approval_id: UuidText,
    decision_id: UuidText,
    status: ApprovalStatusText,
    requester: z.string(),
    on_behalf_of: z.string().nullable(),
    source: z.string(),
    project_id: z.string(),
    environment: z.string(),
    environment_class: z.string(),
    action: z.string(),
    resource_reference: z.string(),
    request_fingerprint: Sha256Text,
    reason_codes: z.array(z.string()),
    monthly_delta_usd: UsdAnswer.nullable(),
    hourly_delta_usd: HourlyUsdAnswer.nullable(),
    hold_usd: UsdAnswer,
    /** What granting would let pass beyond every limit, as a named exception. */
    unfunded_usd: UsdAnswer,
    max_monthly_delta_usd: UsdAnswer,
    max_hourly_delta_usd: HourlyUsdAnswer,
    justification: z.string().nullable(),
    ticket: z.string().nullable(),
    /** `token`: consumed once. `grant`: used by later requests, of which so many are admitted until `use_by`. */
    channel: z.enum(['token', 'grant']),
    uses: z.strictObject({ used: z.int(), max: z.int() }).nullable(),
    progress: z.array(Progress),
    requested_at: InstantAnswer,
    approve_by: InstantAnswer,
    use_by: InstantAnswer.nullable(),
  })
  .meta({ id: 'Approval' });
export const ApprovalsQuery = pageQuery({ status: ApprovalStatusText.optional(), project_id: ProjectId.optional() });
export const QueueQuery = pageQuery({});
export const ApprovalsAnswer = listOf(ApprovalAnswer).meta({ id: 'Approvals' });
export const VoteAnswer = z
  .strictObject({
    status: ApprovalStatusText,
    approval_id: UuidText,
    decision_id: UuidText,
    progress: z.array(Progress),
    /** Shown once, to the completing vote; the ledger keeps its hash alone. */
    approval_token: z.string().nullable(),
    token_expires_at: InstantAnswer.nullable(),
    use_by: InstantAnswer.nullable(),
    replayed: z.boolean(),
    entry: EntryReference.nullable(),
  })
  .meta({ id: 'VoteResult' });

/** POST /approvals/consume. @source contract section 11.4 */
export const ConsumeBody = z
  .strictObject({
    approval_token: z.string().min(32).max(8192),
    expected_source: name(1, 32),
    expected_project_id: name(1, 128),
    expected_environment: name(1, 32),
    expected_request_fingerprint: z.string().length(64),
    expected_resource_reference: name(1, 512),
    estimated_monthly_delta_usd: MonthlyUsd.optional(),
    estimated_hourly_delta_usd: HourlyUsd.optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'ConsumeRequest' });
export const ConsumeAnswer = z
  .strictObject({
    status: z.literal('consumed'),
    approval_id: UuidText,
    decision_id: UuidText,
    source: z.string(),
    environment: z.string(),
    project_id: z.string(),
    action: z.string(),
    resource_reference: z.string(),
    request_fingerprint: Sha256Text,
    max_monthly_delta_usd: UsdAnswer,
    max_hourly_delta_usd: HourlyUsdAnswer,
    token_expires_at: InstantAnswer,
    consumed_at: InstantAnswer,
    consumed_by: z.string(),
    replayed: z.boolean(),
    entry: EntryReference,
  })
  .meta({ id: 'ConsumeResult' });
