import type {
  ApprovalVersionRow,
  BookingRow,
  ExceptionRow,
  GrantUseRow,
  IntegrationProofRow,
  IntegrationRow,
  KeyedAnswerRow,
  PolicyChangeRow,
  SettlementRow,
  StoredApprovalRow,
  StoredDecisionRow,
} from '@verdict/application';
import {
  type Column,
  flag,
  integer,
  list,
  lists,
  money,
  nullable,
  optional,
  optionalRevision,
  revision,
  text,
  words,
} from './columns.js';
import type { ExceptionEnding, HoldEnding, IntegrationEnding } from './row-batch.js';

/** Of `decisions`, all columns but those that a settlement sets. */
export const DECISION_COLUMNS: readonly Column<StoredDecisionRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('decision_id', (row) => row.decisionId),
  revision('revision', (row) => row.revision),
  text('decided_at', (row) => row.decidedAt),
  text('expires_at', (row) => row.expiresAt),
  text('project_id', (row) => row.projectId),
  text('environment_class', (row) => row.environmentClass),
  text('source', (row) => row.source),
  text('resource_reference', (row) => row.resourceReference),
  text('decision', (row) => row.decision),
  words('reason_codes', (row) => row.reasonCodes),
  money('monthly_delta_usd', (row) => row.monthlyDeltaUsd),
  money('hold_usd', (row) => row.holdUsd),
  text('request_fingerprint', (row) => row.requestFingerprint),
  text('key_scope', (row) => row.keyScope),
  text('key_text', (row) => row.keyText),
  text('payload_hash', (row) => row.payloadHash),
  optional('approval_id', (row) => row.approvalId),
  flag('is_dry_run', (row) => row.isDryRun),
  text('hold_state', (row) => row.holdState),
  optionalRevision('hold_ended_revision', (row) => row.holdEndedRevision),
];

export const HOLD_ENDING_COLUMNS: readonly Column<HoldEnding>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('decision_id', (row) => row.decisionId),
  text('hold_state', (row) => row.holdState),
  revision('hold_ended_revision', (row) => row.holdEndedRevision),
];

export type Booked = Pick<SettlementRow, 'tenantId' | 'decisionId' | 'revision'>;
/** What a settlement or a sweep sets in the row of its decision. */
export const SETTLED_COLUMNS: readonly Column<Booked>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('decision_id', (row) => row.decisionId),
  flag('is_settled', () => true),
  revision('settled_revision', (row) => row.revision),
];

type ApprovalState = Omit<ApprovalVersionRow, 'untilRevision'>;
const APPROVAL_KEY: readonly Column<ApprovalState>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('approval_id', (row) => row.approvalId),
];
const APPROVAL_STATE: readonly Column<ApprovalState>[] = [
  text('status', (row) => row.status),
  list('excluded_voters', (row) => row.excludedVoters),
  list('approved_by', (row) => row.approvedBy),
  lists('approved_stages', (row) => row.approvedStages),
  nullable('ticket', (row) => row.ticket),
  optionalRevision('filed_revision', (row) => row.filedRevision),
  optional('use_by', (row) => row.useBy),
  revision('since_revision', (row) => row.sinceRevision),
];
export const APPROVAL_COLUMNS: readonly Column<StoredApprovalRow>[] = [
  ...APPROVAL_KEY,
  ...APPROVAL_STATE,
  text('decision_id', (row) => row.decisionId),
  revision('revision', (row) => row.revision),
  text('project_id', (row) => row.projectId),
  text('requester', (row) => row.requester),
  integer('quorum', (row) => row.quorum),
  text('requested_at', (row) => row.requestedAt),
  text('approve_by', (row) => row.approveBy),
  flag('is_separation_required', (row) => row.isSeparationRequired),
];
/** What later entries may change, behind the key. */
export const APPROVAL_CHANGE_COLUMNS: readonly Column<StoredApprovalRow>[] = [...APPROVAL_KEY, ...APPROVAL_STATE];

/** What an approval has been, behind the key. */
export const APPROVAL_VERSION_COLUMNS: readonly Column<ApprovalVersionRow>[] = [
  ...APPROVAL_KEY,
  ...APPROVAL_STATE,
  revision('until_revision', (row) => row.untilRevision),
];

export const GRANT_USE_COLUMNS: readonly Column<GrantUseRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('approval_id', (row) => row.approvalId),
  revision('revision', (row) => row.revision),
  text('decision_id', (row) => row.decisionId),
  integer('use', (row) => row.use),
  flag('is_last', (row) => row.isLast),
];

export const SETTLEMENT_COLUMNS: readonly Column<SettlementRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('decision_id', (row) => row.decisionId),
  revision('revision', (row) => row.revision),
  text('status', (row) => row.status),
  money('expected_usd', (row) => row.expectedUsd),
  money('actual_usd', (row) => row.actualUsd),
  money('drift_usd', (row) => row.driftUsd),
  money('overrun_usd', (row) => row.overrunUsd),
  text('settled_at', (row) => row.settledAt),
];

export const BOOKING_COLUMNS: readonly Column<BookingRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('decision_id', (row) => row.decisionId),
  revision('revision', (row) => row.revision),
  text('status', (row) => row.status),
  money('actual_usd', (row) => row.actualUsd),
  money('drift_usd', (row) => row.driftUsd),
  money('overrun_usd', (row) => row.overrunUsd),
  text('booked_at', (row) => row.bookedAt),
];

export const EXCEPTION_COLUMNS: readonly Column<ExceptionRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('exception_id', (row) => row.exceptionId),
  revision('revision', (row) => row.revision),
  text('kind', (row) => row.kind),
  text('decision_id', (row) => row.decisionId),
  money('expected_usd', (row) => row.expectedUsd),
  money('actual_usd', (row) => row.actualUsd),
  money('amount_usd', (row) => row.amountUsd),
  text('owner', (row) => row.owner),
  text('status', (row) => row.status),
  text('opened_at', (row) => row.openedAt),
  text('due_at', (row) => row.dueAt),
  optional('resolution', (row) => row.resolution),
  optionalRevision('resolved_revision', (row) => row.resolvedRevision),
];
export const EXCEPTION_ENDING_COLUMNS: readonly Column<ExceptionEnding>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('exception_id', (row) => row.exceptionId),
  text('status', (row) => row.status),
  text('resolution', (row) => row.resolution),
  revision('resolved_revision', (row) => row.resolvedRevision),
];

export const POLICY_CHANGE_COLUMNS: readonly Column<PolicyChangeRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  revision('revision', (row) => row.revision),
  text('type', (row) => row.type),
  text('summary_id', (row) => row.summaryId),
];

export const INTEGRATION_COLUMNS: readonly Column<IntegrationRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('integration_id', (row) => row.integrationId),
  text('kind', (row) => row.kind),
  revision('revision', (row) => row.revision),
  text('created_at', (row) => row.createdAt),
  flag('is_revoked', (row) => row.isRevoked),
];
export const INTEGRATION_ENDING_COLUMNS: readonly Column<IntegrationEnding>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('integration_id', (row) => row.integrationId),
  flag('is_revoked', () => true),
];
export const INTEGRATION_PROOF_COLUMNS: readonly Column<IntegrationProofRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('proof_id', (row) => row.proofId),
  text('integration_id', (row) => row.integrationId),
  text('way', (row) => row.way),
  text('sha256', (row) => row.sha256),
];
export const KEYED_ANSWER_COLUMNS: readonly Column<KeyedAnswerRow>[] = [
  text('tenant_id', (row) => row.tenantId),
  text('answer_id', (row) => `${row.kind}/${row.revision.toString()}`),
  text('kind', (row) => row.kind),
  revision('revision', (row) => row.revision),
  text('scope', (row) => row.scope),
  text('key_text', (row) => row.key),
  text('payload_hash', (row) => row.payloadHash),
];
