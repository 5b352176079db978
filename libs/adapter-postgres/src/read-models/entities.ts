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
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { parseList } from './columns.js';

const BIGINT: EntitySchemaColumnOptions = {
  type: 'bigint',
  transformer: {
    // The driver answers text, and Number() would lose digits; null comes from a join that met no row.
    from: (text: string | null) => (text === null ? null : BigInt(text)),
    to: (value: bigint | string) => value.toString(),
  },
};
const text = (name: string): EntitySchemaColumnOptions => ({ type: 'text', name });
const key = (name: string): EntitySchemaColumnOptions => ({ type: 'text', name, primary: true });
const nullable = (name: string): EntitySchemaColumnOptions => ({ type: 'text', name, nullable: true });
const list = (name: string): EntitySchemaColumnOptions => ({ type: 'text', array: true, name });
const flag = (name: string): EntitySchemaColumnOptions => ({ type: 'boolean', name });
const money = (name: string): EntitySchemaColumnOptions => ({ type: 'numeric', precision: 24, scale: 4, name });

/** A list of lists of codes. */
const lists = (name: string): EntitySchemaColumnOptions => ({
  ...list(name),
  transformer: {
    from: (texts: readonly string[] | null) => texts?.map(parseList) ?? null,
    to: (members: readonly (readonly string[])[]) => members.map((each) => JSON.stringify(each)),
  },
});

/** A decision as stored, and what the joined tables say of it. */
export interface StoredDecision extends StoredDecisionRow {
  readonly isSettled: boolean;
  /** Of the first entry that booked something for it. */
  readonly settledRevision: bigint | null;
  readonly approval?: StoredApprovalRow | null;
  /** What the approval was at the point, where it has changed since. */
  readonly approvalVersion?: ApprovalVersionRow | null;
  readonly settlement?: SettlementRow | null;
  readonly booking?: BookingRow | null;
}

export const DecisionEntity = new EntitySchema<StoredDecision>({
  name: 'decision',
  tableName: 'decisions',
  columns: {
    tenantId: key('tenant_id'),
    decisionId: key('decision_id'),
    revision: BIGINT,
    decidedAt: text('decided_at'),
    expiresAt: text('expires_at'),
    projectId: text('project_id'),
    environmentClass: text('environment_class'),
    source: text('source'),
    resourceReference: text('resource_reference'),
    decision: text('decision'),
    reasonCodes: list('reason_codes'),
    monthlyDeltaUsd: { ...money('monthly_delta_usd'), nullable: true },
    holdUsd: money('hold_usd'),
    requestFingerprint: text('request_fingerprint'),
    keyScope: text('key_scope'),
    keyText: text('key_text'),
    payloadHash: text('payload_hash'),
    approvalId: nullable('approval_id'),
    isDryRun: flag('is_dry_run'),
    holdState: text('hold_state'),
    isSettled: flag('is_settled'),
    settledRevision: { ...BIGINT, name: 'settled_revision', nullable: true },
    holdEndedRevision: { ...BIGINT, name: 'hold_ended_revision', nullable: true },
  },
});

/** An approval as stored, and what other rows say of it at a point. */
export interface StoredApproval extends StoredApprovalRow {
  readonly version?: ApprovalVersionRow | null;
  readonly lastUse?: GrantUseRow | null;
}

/** What entries change of an approval. */
const APPROVAL_STATE = {
  status: text('status'),
  excludedVoters: list('excluded_voters'),
  approvedBy: list('approved_by'),
  approvedStages: lists('approved_stages'),
  ticket: nullable('ticket'),
  filedRevision: { ...BIGINT, name: 'filed_revision', nullable: true },
  useBy: nullable('use_by'),
  sinceRevision: { ...BIGINT, name: 'since_revision' },
} as const;

export const ApprovalEntity = new EntitySchema<StoredApproval>({
  name: 'approval',
  tableName: 'approvals',
  columns: {
    tenantId: key('tenant_id'),
    approvalId: key('approval_id'),
    decisionId: text('decision_id'),
    revision: BIGINT,
    projectId: text('project_id'),
    requester: text('requester'),
    quorum: { type: 'integer' },
    requestedAt: text('requested_at'),
    approveBy: text('approve_by'),
    isSeparationRequired: flag('is_separation_required'),
    ...APPROVAL_STATE,
  },
});

export const ApprovalVersionEntity = new EntitySchema<ApprovalVersionRow>({
  name: 'approval_version',
  tableName: 'approval_versions',
  columns: {
    tenantId: key('tenant_id'),
    approvalId: text('approval_id'),
    untilRevision: { ...BIGINT, name: 'until_revision', primary: true },
    ...APPROVAL_STATE,
  },
});

export const GrantUseEntity = new EntitySchema<GrantUseRow>({
  name: 'grant_use',
  tableName: 'grant_uses',
  columns: {
    tenantId: key('tenant_id'),
    approvalId: key('approval_id'),
    revision: { ...BIGINT, primary: true },
    decisionId: text('decision_id'),
    use: { type: 'integer' },
    isLast: flag('is_last'),
  },
});

export const SettlementEntity = new EntitySchema<SettlementRow>({
  name: 'settlement',
  tableName: 'settlements',
  columns: {
    tenantId: key('tenant_id'),
    decisionId: key('decision_id'),
    revision: BIGINT,
    status: text('status'),
    expectedUsd: money('expected_usd'),
    actualUsd: money('actual_usd'),
    driftUsd: money('drift_usd'),
    overrunUsd: money('overrun_usd'),
    settledAt: text('settled_at'),
  },
});

export const BookingEntity = new EntitySchema<BookingRow>({
  name: 'booking',
  tableName: 'bookings',
  columns: {
    tenantId: key('tenant_id'),
    decisionId: key('decision_id'),
    revision: { ...BIGINT, primary: true },
    status: text('status'),
    actualUsd: money('actual_usd'),
    driftUsd: money('drift_usd'),
    overrunUsd: money('overrun_usd'),
    bookedAt: text('booked_at'),
  },
});

export const ExceptionEntity = new EntitySchema<ExceptionRow>({
  name: 'exception',
  tableName: 'exceptions',
  columns: {
    tenantId: key('tenant_id'),
    exceptionId: key('exception_id'),
    revision: BIGINT,
    kind: text('kind'),
    decisionId: text('decision_id'),
    expectedUsd: money('expected_usd'),
    actualUsd: money('actual_usd'),
    amountUsd: money('amount_usd'),
    owner: text('owner'),
    status: text('status'),
    openedAt: text('opened_at'),
    dueAt: text('due_at'),
    resolution: nullable('resolution'),
    resolvedRevision: { ...BIGINT, name: 'resolved_revision', nullable: true },
  },
});

export const PolicyChangeEntity = new EntitySchema<PolicyChangeRow>({
  name: 'policy_change',
  tableName: 'policy_changes',
  columns: {
    tenantId: key('tenant_id'),
    revision: { ...BIGINT, primary: true },
    type: text('type'),
    summaryId: text('summary_id'),
  },
});

export const IntegrationEntity = new EntitySchema<IntegrationRow>({
  name: 'integration',
  tableName: 'integrations',
  columns: {
    tenantId: key('tenant_id'),
    integrationId: key('integration_id'),
    kind: text('kind'),
    revision: BIGINT,
    createdAt: text('created_at'),
    isRevoked: flag('is_revoked'),
  },
});

export const IntegrationProofEntity = new EntitySchema<IntegrationProofRow>({
  name: 'integration_proof',
  tableName: 'integration_proofs',
  columns: {
    tenantId: key('tenant_id'),
    proofId: key('proof_id'),
    integrationId: text('integration_id'),
    way: text('way'),
    sha256: text('sha256'),
  },
});

export const KeyedAnswerEntity = new EntitySchema<KeyedAnswerRow & { readonly answerId: string }>({
  name: 'keyed_answer',
  tableName: 'keyed_answers',
  columns: {
    tenantId: key('tenant_id'),
    answerId: key('answer_id'),
    kind: text('kind'),
    revision: BIGINT,
    scope: text('scope'),
    key: text('key_text'),
    payloadHash: text('payload_hash'),
  },
});

export interface HighWaterMark {
  readonly consumer: string;
  readonly journal: string;
  readonly nextRevision: bigint;
}
export const HighWaterEntity = new EntitySchema<HighWaterMark>({
  name: 'high_water',
  tableName: 'high_water',
  columns: { consumer: key('consumer'), journal: key('journal'), nextRevision: { ...BIGINT, name: 'next_revision' } },
});

export interface ParkedRow {
  readonly consumer: string;
  readonly journal: string;
  readonly revision: bigint;
  readonly error: string;
  readonly since: string;
}
export const ParkedEntity = new EntitySchema<ParkedRow>({
  name: 'parked_journal',
  tableName: 'parked_journals',
  columns: {
    consumer: key('consumer'),
    journal: key('journal'),
    revision: BIGINT,
    error: text('error'),
    since: text('since'),
  },
});

export const READ_MODEL_ENTITIES = [
  DecisionEntity,
  ApprovalEntity,
  ApprovalVersionEntity,
  GrantUseEntity,
  SettlementEntity,
  BookingEntity,
  ExceptionEntity,
  PolicyChangeEntity,
  IntegrationEntity,
  IntegrationProofEntity,
  KeyedAnswerEntity,
  HighWaterEntity,
  ParkedEntity,
];
