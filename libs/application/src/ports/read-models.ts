import type { Revision } from './journals.js';

/** Columns of a list, a filter or a join; what else a decision says is read from its entry in the log. */
export interface DecisionRow {
  readonly tenantId: string;
  readonly decisionId: string;
  readonly revision: Revision;
  readonly decidedAt: string;
  readonly expiresAt: string;
  readonly projectId: string;
  readonly environmentClass: string;
  readonly source: string;
  readonly resourceReference: string;
  readonly decision: string;
  readonly reasonCodes: readonly string[];
  readonly monthlyDeltaUsd: string | null;
  readonly holdUsd: string;
  readonly requestFingerprint: string;
  readonly keyScope: string;
  readonly keyText: string;
  readonly payloadHash: string;
  readonly approvalId: string | null;
  readonly isDryRun: boolean;
  /** none: it never held anything. Settlement is in `settlements`, which another journal tells. */
  readonly holdState: 'none' | 'held' | 'voided' | 'expired' | 'superseded';
}

export type ApprovalRowStatus = 'pending' | 'granted' | 'denied' | 'expired' | 'withdrawn' | 'consumed';
export interface ApprovalRow {
  readonly tenantId: string;
  readonly approvalId: string;
  readonly decisionId: string;
  /** Revision of `approval_requested`, whose payload has the request's terms. */
  readonly revision: Revision;
  readonly status: ApprovalRowStatus;
  readonly projectId: string;
  readonly requester: string;
  /** Who may not vote where duties are separated; empty where they are not. */
  readonly excludedVoters: readonly string[];
  readonly approvedBy: readonly string[];
  readonly quorum: number;
  readonly ticket: string | null;
  readonly requestedAt: string;
  readonly approveBy: string;
  readonly useBy: string | null;
}

export interface SettlementRow {
  readonly tenantId: string;
  readonly decisionId: string;
  readonly revision: Revision;
  readonly status: 'matched' | 'overage' | 'savings';
  readonly expectedUsd: string;
  readonly actualUsd: string;
  readonly driftUsd: string;
  readonly overrunUsd: string;
  readonly settledAt: string;
}

/** What is booked for a decision instead of, or after, a settlement; the newest of a decision counts. */
export interface BookingRow {
  readonly tenantId: string;
  readonly decisionId: string;
  readonly revision: Revision;
  readonly status: 'assumed' | 'released' | 'matched' | 'overage' | 'savings';
  readonly actualUsd: string;
  readonly driftUsd: string;
  readonly overrunUsd: string;
  readonly bookedAt: string;
}

export interface ExceptionRow {
  readonly tenantId: string;
  readonly exceptionId: string;
  readonly kind: string;
  readonly decisionId: string;
  readonly expectedUsd: string;
  readonly actualUsd: string;
  readonly amountUsd: string;
  readonly owner: string;
  readonly status: 'open' | 'resolved';
  readonly openedAt: string;
  readonly dueAt: string;
  readonly revision: Revision;
  readonly resolution: string | null;
  /** Revision of the entry that resolved it, which has the notes. */
  readonly resolvedRevision: Revision | null;
}

/** An integration of any tenant, as far as is needed to find it: what it may do is in its policy journal. */
export interface IntegrationRow {
  readonly tenantId: string;
  readonly integrationId: string;
  readonly kind: 'k8s' | 'run_task';
  /** Revision of its creation. */
  readonly revision: Revision;
  readonly createdAt: string;
  readonly isRevoked: boolean;
}

/** A proof that an integration brought in at some time; whether it is still valid, the policy journal says. */
export interface IntegrationProofRow {
  readonly tenantId: string;
  /** `<revision>/<way>`: unique in the tenant's policy journal. */
  readonly proofId: string;
  readonly integrationId: string;
  readonly way: string;
  readonly sha256: string;
}

/** The entry that answered an explicit key; `scope` as in the state of the service whose journal it is in. */
export interface KeyedAnswerRow {
  readonly tenantId: string;
  readonly kind: 'approvals' | 'reservations';
  readonly revision: Revision;
  readonly scope: string;
  readonly key: string;
  readonly payloadHash: string;
}

/** One walk over a list: `cursor` is opaque, bound to tenant, filters and order; `undefined` starts. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | undefined;
}
export type Page<Row> =
  | { readonly kind: 'page'; readonly rows: readonly Row[]; readonly nextCursor: string | null }
  | { readonly kind: 'cursor_invalid' };

/** Of one project, or of any of several; none of these: of all. */
export interface ProjectFilter {
  readonly projectId?: string | readonly string[] | undefined;
}

export interface DecisionFilter extends ProjectFilter {
  readonly environmentClass?: string | undefined;
  readonly decision?: string | undefined;
  readonly source?: string | undefined;
}
/** A decision with what the other journals say of it. */
export interface DecisionView {
  readonly row: DecisionRow;
  readonly approvalStatus: ApprovalRowStatus | null;
  readonly settlement: SettlementRow | null;
  /** What a sweep or a correction made of it since. */
  readonly booking: BookingRow | null;
}

/**
 * Read models: projections of the journals, rebuilt from them at will. All queries are of one tenant.
 * @source architecture section 3, contract section 1 (pages)
 */
/** The store of the read models is away: asking again later is safe. */
export class ReadModelsUnavailable extends Error {
  override readonly name = 'ReadModelsUnavailable';
}

export interface ReadModels {
  /** Newest first. */
  listDecisions(tenantId: string, filter: DecisionFilter, page: PageRequest): Promise<Page<DecisionView>>;
  findDecision(tenantId: string, decisionId: string): Promise<DecisionView | undefined>;
  /** Revisions of the entries of the reservations journal that booked something for a decision, in order. */
  bookingRevisions(tenantId: string, decisionId: string): Promise<readonly Revision[]>;
  /** The newest answer each key got; keys that got none are missing. */
  findAnswers(
    tenantId: string,
    keys: readonly { readonly scope: string; readonly text: string }[],
  ): Promise<readonly DecisionRow[]>;
  /** The newest entry of a journal that answered a key; undefined: none that was projected did. */
  findKeyedAnswer(
    tenantId: string,
    asked: Pick<KeyedAnswerRow, 'kind' | 'scope' | 'key'>,
  ): Promise<Pick<KeyedAnswerRow, 'revision' | 'payloadHash'> | undefined>;
  /** Newest first. */
  listApprovals(
    tenantId: string,
    filter: ProjectFilter & { readonly status?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ApprovalRow>>;
  findApproval(tenantId: string, approvalId: string): Promise<ApprovalRow | undefined>;
  /** Money held now: held and not settled; oldest first. */
  listActiveReservations(tenantId: string, filter: ProjectFilter, page: PageRequest): Promise<Page<DecisionView>>;
  listExceptions(
    tenantId: string,
    filter: { readonly kind?: string | undefined; readonly status?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ExceptionRow>>;
  /**
   * Integrations **of any tenant** that are not revoked and once had this proof, the oldest first, at most 10: a webhook
   * has no tenant until its proof is known.
   */
  findIntegrationsByProof(way: string, sha256: string): Promise<readonly IntegrationRow[]>;
  /** The integration with this id, **of any tenant**, revoked or not. */
  findIntegration(integrationId: string): Promise<IntegrationRow | undefined>;
  /** Integrations **of all tenants** of one kind that are not revoked, the oldest first, at most `limit`. */
  listActiveIntegrations(kind: IntegrationRow['kind'], limit: number): Promise<readonly IntegrationRow[]>;
  /** Last revision that is in the read models, per journal kind; -1n where none is. */
  highWater(
    tenantId: string,
  ): Promise<Readonly<Record<'policy' | 'decisions' | 'approvals' | 'reservations', Revision>>>;
  /** Sorted ids of one kind's main rows (decision, approval, settlement, policy entry) at revisions `from` to `to - 1`. */
  idsInRange(
    tenantId: string,
    kind: 'policy' | 'decisions' | 'approvals' | 'reservations',
    from: Revision,
    to: Revision,
  ): AsyncIterable<string>;
}
