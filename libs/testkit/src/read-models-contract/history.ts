import { createHash, randomUUID } from 'node:crypto';
import {
  type FreshEntry,
  type JournalKind,
  journalName,
  projectEntry,
  type ProjectedSlice,
  type RecordedEntry,
  type Revision,
} from '@verdict/application';
import type { ApprovalsEntry, DecisionsEntry, PolicyEntry, ReservationsEntry } from '@verdict/domain';
import { type JsonValue, sealEntry } from '@verdict/ledger';

type Told = DecisionsEntry | ApprovalsEntry | ReservationsEntry | PolicyEntry;

export interface DecisionTerms {
  readonly projectId?: string;
  readonly environmentClass?: string;
  readonly source?: string;
  readonly decision?: string;
  readonly holdUsd?: string;
  readonly monthlyUsd?: string | null;
  readonly key?: { readonly scope: string; readonly text: string };
  readonly needsApproval?: boolean;
  readonly resourceReference?: string;
}
export interface RequestTerms {
  readonly requester?: string;
  readonly onBehalfOf?: string | null;
  readonly isSeparationRequired?: boolean;
  readonly approveBy?: string;
  readonly projectId?: string;
  readonly quorum?: number;
}

const START_MS = Date.UTC(2026, 10, 22, 2, 13, 17);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const keyed = (text: string): { readonly key: string; readonly payload_hash: string } => ({
  key: text,
  payload_hash: hashOf(text),
});

/** Writes the journals of one made-up tenant: entries of the true shapes, in the order of the calls. */
export class History {
  readonly journals: Record<JournalKind, Told[]> = { policy: [], decisions: [], approvals: [], reservations: [] };
  private count = 0;

  constructor(readonly tenantId: string) {}

  decide(terms: DecisionTerms = {}): {
    readonly decisionId: string;
    readonly approvalId: string;
    readonly key: { readonly scope: string; readonly text: string };
  } {
    const decisionId = this.id();
    const approvalId = this.id();
    const {
      key = { scope: 'terraform:false', text: `key-${decisionId}` },
      needsApproval = false,
      holdUsd = '125.5000',
    } = terms;
    const at = this.now();
    this.tell('decisions', 'decision_recorded', {
      decision_id: decisionId,
      key: { ...key, is_derived: false, generation: 1 },
      payload_hash: hashOf(decisionId),
      request_fingerprint: hashOf(`f${decisionId}`),
      subject_hash: hashOf(`s${decisionId}`),
      request: {
        source: terms.source ?? 'terraform',
        action: 'terraform.apply',
        resource_reference: terms.resourceReference ?? 'aws_db_instance.main',
        project_id: terms.projectId ?? 'web',
        environment_class: terms.environmentClass ?? 'prod',
      },
      requester: { subject: 'ana', on_behalf_of: null },
      dry_run: false,
      decision: terms.decision ?? (needsApproval ? 'REQUIRE_APPROVAL' : 'ALLOW'),
      reason_codes: needsApproval ? ['approval_required', 'budget_exceeded'] : ['within_policy'],
      cost: { monthly_delta_usd: terms.monthlyUsd === undefined ? holdUsd : terms.monthlyUsd },
      hold: { legs: [], total_usd: holdUsd, unfunded_usd: '0.0000' },
      approval: needsApproval ? { approval_id: approvalId } : null,
      decided_at: at,
      expires_at: at.replace('2026', '2027'),
    });
    return { decisionId, approvalId, key };
  }

  void(decisionId: string, cause: 'approval_denied' | 'approval_withdrawn' | 'superseded' = 'approval_denied'): void {
    this.tell('decisions', 'hold_voided', {
      decision_id: decisionId,
      cause,
      released_usd: '125.5000',
      voided_at: this.now(),
    });
  }

  expire(decisionId: string): void {
    this.tell('decisions', 'hold_expired', {
      decision_id: decisionId,
      cause: 'use_by_passed',
      released_usd: '1.0000',
      expired_at: this.now(),
    });
  }

  request(of: { readonly decisionId: string; readonly approvalId: string }, terms: RequestTerms = {}): void {
    const at = this.now();
    this.tell('approvals', 'approval_requested', {
      approval_id: of.approvalId,
      decision_id: of.decisionId,
      requester: { subject: terms.requester ?? 'ana', on_behalf_of: terms.onBehalfOf ?? null },
      binding: { project_id: terms.projectId ?? 'web' },
      terms: { quorum: terms.quorum ?? 1, is_separation_required: terms.isSeparationRequired ?? true },
      ticket: null,
      requested_at: at,
      approve_by: terms.approveBy ?? '2026-12-01T00:00:00.000Z',
    });
  }

  file(approvalId: string, by: string, ticket: string | null = null): void {
    this.tell('approvals', 'approval_request_filed', {
      approval_id: approvalId,
      filed_by: by,
      ticket,
      filed_at: this.now(),
      idempotency: keyed(by),
    });
  }

  vote(approvalId: string, voter: string, vote: 'approve' | 'deny' = 'approve'): void {
    this.tell('approvals', 'vote_cast', {
      approval_id: approvalId,
      stage_id: 'default',
      voter,
      vote,
      voted_at: this.now(),
      idempotency: keyed(voter),
    });
  }

  grant(approvalId: string, useBy = '2026-12-24T00:00:00.000Z'): void {
    this.tell('approvals', 'approval_granted', {
      approval_id: approvalId,
      unfunded_usd: '0.0000',
      granted_at: this.now(),
      use_by: useBy,
    });
    this.tell('approvals', 'token_issued', { approval_id: approvalId, jti: this.id() });
  }

  endApproval(
    approvalId: string,
    type: 'approval_denied' | 'approval_expired' | 'approval_withdrawn' | 'token_consumed',
  ): void {
    const idempotency = { key: null, payload_hash: hashOf(approvalId) };
    this.tell('approvals', type, { approval_id: approvalId, idempotency });
  }

  settle(
    decisionId: string,
    status: 'matched' | 'overage' | 'savings' = 'savings',
    actualUsd = '110.0000',
    key: string | null = null,
  ): void {
    this.tell('reservations', 'actual_recorded', { decision_id: decisionId, actual_monthly_delta_usd: actualUsd });
    this.tell('reservations', 'reservation_settled', {
      decision_id: decisionId,
      status,
      expected_usd: '125.5000',
      actual_usd: actualUsd,
      drift_usd: '-15.5000',
      overrun_usd: '0.0000',
      settled_at: this.now(),
      idempotency: { key, payload_hash: hashOf(actualUsd) },
    });
  }

  assume(decisionId: string): void {
    this.tell('reservations', 'reservation_assumed_spent', {
      decision_id: decisionId,
      total_usd: '125.5000',
      swept_at: this.now(),
    });
  }

  release(decisionId: string): void {
    this.tell('reservations', 'reservation_released', {
      decision_id: decisionId,
      released_usd: '125.5000',
      swept_at: this.now(),
    });
  }

  correct(decisionId: string, actualUsd: string): void {
    this.tell('reservations', 'reservation_corrected', {
      decision_id: decisionId,
      cause: 'late_actual',
      status: 'overage',
      actual_usd: actualUsd,
      drift_usd: '20.0000',
      overrun_usd: '0.0000',
      corrected_at: this.now(),
      idempotency: { key: null, payload_hash: hashOf(actualUsd) },
    });
  }

  openException(decisionId: string, kind = 'overage'): string {
    const exceptionId = `${kind}:${decisionId}`;
    this.tell('reservations', 'exception_opened', {
      exception_id: exceptionId,
      kind,
      decision_id: decisionId,
      expected_usd: '125.5000',
      actual_usd: '131.0000',
      amount_usd: '5.5000',
      owner: 'finance',
      opened_at: this.now(),
      due_at: '2026-12-31T00:00:00.000Z',
    });
    return exceptionId;
  }

  resolve(exceptionId: string): void {
    this.tell('reservations', 'exception_resolved', {
      exception_id: exceptionId,
      resolution: 'accepted',
      resolved_at: this.now(),
    });
  }

  setBudget(version: number): void {
    this.tell('policy', 'budget_set', { budget_id: `b-${this.tenantId}`, version, limit_usd: '1000.0000' });
  }

  createIntegration(kind: 'k8s' | 'run_task', proofs: readonly object[] = []): string {
    const integrationId = this.id();
    this.tell('policy', 'integration_created', {
      integration_id: integrationId,
      terms: { kind },
      proofs,
      created_at: this.now(),
    });
    return integrationId;
  }

  rotateSecret(integrationId: string, proofs: readonly object[]): void {
    this.tell('policy', 'integration_secret_rotated', { integration_id: integrationId, proofs });
  }

  revokeIntegration(integrationId: string): void {
    this.tell('policy', 'integration_revoked', { integration_id: integrationId });
  }

  /** Entries of one journal as a projector gets them, the first at revision `from`. */
  recorded(kind: JournalKind, from: Revision = 0n): readonly RecordedEntry[] {
    return this.fresh(kind, from).map((entry, index) => ({ ...entry, revision: from + BigInt(index) }));
  }

  /** Sealed as the ledger seals them, ready to be appended after `from - 1`. */
  fresh(kind: JournalKind, from: Revision = 0n): readonly FreshEntry[] {
    return this.journals[kind].map(({ type, payload }, index) => {
      const draft = {
        origin: `verdict.test/${this.tenantId}/${kind}`,
        revision: from + BigInt(index),
        type,
        typeV: 1,
        commandId: `command-${String(index)}`,
        ordinal: 0,
        occurredAt: '2026-11-22T02:13:17.000Z',
        recordedAt: '2026-11-22T02:13:17.000Z',
        actor: { kind: 'system' as const, id: 'test', roles: [] },
        causes: [],
        observed: {},
        correlationId: null,
        traceparent: null,
        payload: payload as unknown as JsonValue,
      };
      const { typeV, traceparent, recordedAt, commandId, actor, causes, observed } = draft;
      return {
        ...sealEntry({ ...draft, revision: BigInt(index) }),
        payload,
        typeV,
        traceparent,
        recordedAt,
        commandId,
        actor,
        causes,
        observed,
      };
    });
  }

  /** Projected entries `[start, end)` of a journal whose first entry is at revision `base`. */
  slice(kind: JournalKind, start = 0, end = Number.MAX_SAFE_INTEGER, base: Revision = 0n): ProjectedSlice {
    const journal = { tenantId: this.tenantId, kind };
    const entries = this.recorded(kind, base).slice(start, end);
    return {
      journal: journalName(kind, this.tenantId),
      entries: entries.map((entry) => ({ revision: entry.revision, changes: projectEntry(journal, entry) })),
    };
  }

  private tell(kind: JournalKind, type: Told['type'], payload: object): void {
    this.journals[kind].push({ type, payload } as unknown as Told); // Members that no projection reads are left out.
  }

  private id(): string {
    return randomUUID();
  }

  private now(): string {
    this.count += 1;
    return new Date(START_MS + this.count * 1000).toISOString();
  }
}

/** A history of a tenant that no other test uses. */
export const freshHistory = (): History => new History(`t-${randomUUID()}`);
