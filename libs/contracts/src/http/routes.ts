import type { z } from 'zod';
import {
  ApprovalAnswer,
  ApprovalIdParams,
  ApprovalsAnswer,
  ApprovalsQuery,
  ConsumeAnswer,
  ConsumeBody,
  EmptyBody,
  FileRequestBody,
  QueueQuery,
  VoteAnswer,
  VoteBody,
} from './approvals.js';
import {
  CheckpointAnswer,
  CheckpointsAnswer,
  CreateExportBody,
  ExportAnswer,
  ExportIdParams,
  ExportsAnswer,
  ExportsQuery,
  JwksAnswer,
  KindParams,
  LedgerAnswer,
  LedgerQuery,
  ParityAnswer,
} from './audit.js';
import {
  DecisionAnswer,
  DecisionIdParams,
  DecisionsAnswer,
  DecisionsQuery,
  GateBody,
  PreflightAnswer,
  PreflightBody,
  ReceiptAnswer,
  VerdictAnswer,
} from './gate.js';
import { BudgetIdParams, PriceBookParams, VersionParams } from './params.js';
import {
  BudgetAnswer,
  BudgetsAnswer,
  CreateBudgetBody,
  PolicyVersionAnswer,
  PolicyVersionsAnswer,
  PriceBookAnswer,
  PriceBookBody,
  PriceBooksAnswer,
  PublishPolicyBody,
  RollBackPolicyBody,
  UpdateBudgetBody,
  ValidatePolicyAnswer,
  ValidatePolicyBody,
} from './policy.js';
import { ExceptionsAnswer, ExceptionsQuery, ReconcileAnswer, ReconcileBody, ReservationsAnswer, ReservationsQuery, ReservationAnswer } from './reservations.js';

type Role = 'member' | 'approver' | 'admin' | 'auditor' | 'operator' | 'service';
/** One route of the API: router, caller check, body limit and OpenAPI document all come from it. */
export interface RouteContract {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly roles: readonly Role[] | 'public';
  readonly status: number;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  readonly params?: z.ZodType;
  readonly response: z.ZodType | null;
  /** Problem codes beyond those that any route may answer. */
  readonly problems: readonly string[];
  readonly summary: string;
  readonly tag: string;
  readonly bodyBytesMax?: number;
  readonly idempotencyKey?: 'none' | 'optional' | 'required';
  readonly scopes?: readonly string[];
  /** The write needs the version it changes. */
  readonly ifMatch?: boolean;
  /** Media type of an answer that is not JSON. */
  readonly mediaType?: string;
}

const BASE = '/api/v1/enforcement';
/** A plan of some thousand resources; everything else is small. */
export const PLAN_BODY_BYTES_MAX = 4 * 1024 * 1024;
const READERS = ['member', 'approver', 'admin', 'auditor', 'operator'] as const;
const ADMIN_READS = ['admin', 'auditor', 'operator'] as const;
const MONEY = ['money_invalid', 'money_too_precise', 'money_not_exact', 'money_out_of_range'] as const;
const WRITE = ['outcome_unknown', 'log_unavailable', 'idempotency_conflict', 'idempotency_key_mismatch'] as const;
const GATE = [
  ...MONEY,
  'idempotency_conflict',
  'idempotency_key_mismatch',
  'fingerprint_mismatch',
  'metadata_too_large',
  'project_forbidden',
  'verdict_not_durable',
  'outcome_unknown',
] as const;

/** Every route of this release. @source contract section 4 */
export const ROUTES = {
  gateTerraform: {
    id: 'gateTerraform', method: 'POST', path: `${BASE}/gate/terraform`, roles: ['member', 'service'], scopes: ['gate'], status: 200,
    body: GateBody, response: VerdictAnswer, problems: GATE, summary: 'May this change go ahead?', tag: 'gate',
    bodyBytesMax: PLAN_BODY_BYTES_MAX, idempotencyKey: 'optional',
  },
  gatePreflight: {
    id: 'gatePreflight', method: 'POST', path: `${BASE}/gate/terraform/preflight`, roles: ['member', 'service'], scopes: ['gate'], status: 200,
    body: PreflightBody, response: PreflightAnswer, problems: GATE, summary: 'May this Terraform run go ahead?', tag: 'gate',
    bodyBytesMax: PLAN_BODY_BYTES_MAX, idempotencyKey: 'optional',
  },
  listDecisions: {
    id: 'listDecisions', method: 'GET', path: `${BASE}/decisions`, roles: [...READERS, 'service'], status: 200, query: DecisionsQuery,
    response: DecisionsAnswer, problems: ['cursor_invalid', 'read_model_behind'], summary: 'Decisions, newest first', tag: 'decisions',
  },
  getDecision: {
    id: 'getDecision', method: 'GET', path: `${BASE}/decisions/:decision_id`, roles: [...READERS, 'service'], status: 200,
    params: DecisionIdParams, response: DecisionAnswer, problems: ['not_found', 'read_model_behind'],
    summary: 'One decision as recorded, and where it stands', tag: 'decisions',
  },
  getReceipt: {
    id: 'getReceipt', method: 'GET', path: `${BASE}/decisions/:decision_id/receipt`, roles: [...READERS, 'service'], status: 200,
    params: DecisionIdParams, response: ReceiptAnswer, problems: ['not_found', 'read_model_behind'],
    summary: 'The canonical entry behind a decision', tag: 'decisions',
  },
  getPolicy: {
    id: 'getPolicy', method: 'GET', path: `${BASE}/policies`, roles: READERS, status: 200, response: PolicyVersionAnswer,
    problems: ['log_unavailable'], summary: 'The policy in force', tag: 'policy',
  },
  listPolicyVersions: {
    id: 'listPolicyVersions', method: 'GET', path: `${BASE}/policies/versions`, roles: READERS, status: 200, response: PolicyVersionsAnswer,
    problems: ['log_unavailable'], summary: 'All versions, newest first', tag: 'policy',
  },
  getPolicyVersion: {
    id: 'getPolicyVersion', method: 'GET', path: `${BASE}/policies/versions/:version`, roles: READERS, status: 200, params: VersionParams,
    response: PolicyVersionAnswer, problems: ['not_found', 'log_unavailable'], summary: 'One version with text, author and message', tag: 'policy',
  },
  publishPolicy: {
    id: 'publishPolicy', method: 'POST', path: `${BASE}/policies`, roles: ['admin'], status: 201, body: PublishPolicyBody,
    response: PolicyVersionAnswer, problems: [...WRITE, 'policy_invalid', 'precondition_required', 'version_conflict'],
    summary: 'Publish a policy version', tag: 'policy', idempotencyKey: 'optional', ifMatch: true,
  },
  validatePolicy: {
    id: 'validatePolicy', method: 'POST', path: `${BASE}/policies/validate`, roles: ['admin', 'auditor'], status: 200, body: ValidatePolicyBody,
    response: ValidatePolicyAnswer, problems: ['policy_invalid'], summary: 'Check a policy; every defect at once', tag: 'policy',
  },
  rollBackPolicy: {
    id: 'rollBackPolicy', method: 'POST', path: `${BASE}/policies/rollback`, roles: ['admin'], status: 201, body: RollBackPolicyBody,
    response: PolicyVersionAnswer, problems: [...WRITE, 'not_found', 'precondition_required', 'version_conflict'],
    summary: 'Publish the text of an older version again', tag: 'policy', idempotencyKey: 'optional', ifMatch: true,
  },
  listBudgets: {
    id: 'listBudgets', method: 'GET', path: `${BASE}/budgets`, roles: READERS, status: 200, response: BudgetsAnswer,
    problems: ['log_unavailable'], summary: 'Budgets with spent, held and headroom', tag: 'budgets',
  },
  getBudget: {
    id: 'getBudget', method: 'GET', path: `${BASE}/budgets/:budget_id`, roles: READERS, status: 200, params: BudgetIdParams,
    response: BudgetAnswer, problems: ['not_found', 'log_unavailable'], summary: 'One budget', tag: 'budgets',
  },
  createBudget: {
    id: 'createBudget', method: 'POST', path: `${BASE}/budgets`, roles: ['admin'], status: 201, body: CreateBudgetBody, response: BudgetAnswer,
    problems: [...WRITE, ...MONEY, 'quota_exceeded'], summary: 'Create a budget', tag: 'budgets', idempotencyKey: 'optional',
  },
  updateBudget: {
    id: 'updateBudget', method: 'PUT', path: `${BASE}/budgets/:budget_id`, roles: ['admin'], status: 200, params: BudgetIdParams,
    body: UpdateBudgetBody, response: BudgetAnswer,
    problems: [...WRITE, ...MONEY, 'not_found', 'precondition_required', 'version_conflict', 'limit_below_committed'],
    summary: 'Change a budget', tag: 'budgets', idempotencyKey: 'optional', ifMatch: true,
  },
  listPriceBooks: {
    id: 'listPriceBooks', method: 'GET', path: `${BASE}/price-books`, roles: READERS, status: 200, response: PriceBooksAnswer,
    problems: ['log_unavailable'], summary: 'Published price books, newest first', tag: 'price books',
  },
  getPriceBook: {
    id: 'getPriceBook', method: 'GET', path: `${BASE}/price-books/:version`, roles: READERS, status: 200, params: PriceBookParams,
    response: PriceBookAnswer, problems: ['not_found', 'log_unavailable'], summary: 'One price book with its text', tag: 'price books',
  },
  publishPriceBook: {
    id: 'publishPriceBook', method: 'POST', path: `${BASE}/price-books`, roles: ['admin'], status: 201, body: PriceBookBody,
    response: PriceBookAnswer, problems: [...WRITE, ...MONEY, 'currency_unsupported', 'quota_exceeded'],
    summary: 'Publish a price book; it never changes', tag: 'price books', bodyBytesMax: 1024 * 1024, idempotencyKey: 'optional',
  },
  fileApprovalRequest: {
    id: 'fileApprovalRequest', method: 'POST', path: `${BASE}/approvals/requests`, roles: ['member', 'service'], status: 200,
    body: FileRequestBody, response: ApprovalAnswer, problems: [...WRITE, 'decision_not_approvable'],
    summary: 'Add justification and ticket to the request of a decision', tag: 'approvals', idempotencyKey: 'optional',
  },
  listApprovals: {
    id: 'listApprovals', method: 'GET', path: `${BASE}/approvals/requests`, roles: ['member', 'approver', 'admin', 'auditor', 'service'],
    status: 200, query: ApprovalsQuery, response: ApprovalsAnswer, problems: ['cursor_invalid', 'read_model_behind'],
    summary: 'Approval requests, newest first', tag: 'approvals',
  },
  approvalQueue: {
    id: 'approvalQueue', method: 'GET', path: `${BASE}/approvals/queue`, roles: ['approver'], status: 200, query: QueueQuery,
    response: ApprovalsAnswer, problems: ['cursor_invalid', 'read_model_behind'], summary: 'What the caller may decide now, oldest first', tag: 'approvals',
  },
  getApproval: {
    id: 'getApproval', method: 'GET', path: `${BASE}/approvals/:approval_id`, roles: ['member', 'approver', 'admin', 'auditor', 'service'],
    status: 200, params: ApprovalIdParams, response: ApprovalAnswer, problems: ['not_found', 'log_unavailable'],
    summary: 'One approval request', tag: 'approvals',
  },
  approve: {
    id: 'approve', method: 'POST', path: `${BASE}/approvals/:approval_id/approve`, roles: ['approver'], status: 200, params: ApprovalIdParams,
    body: VoteBody, response: VoteAnswer,
    problems: [...WRITE, 'not_found', 'approval_not_pending', 'approval_expired', 'self_review_forbidden', 'justification_required'],
    summary: 'Agree; the completing vote gets the token, once', tag: 'approvals', idempotencyKey: 'optional',
  },
  deny: {
    id: 'deny', method: 'POST', path: `${BASE}/approvals/:approval_id/deny`, roles: ['approver'], status: 200, params: ApprovalIdParams,
    body: VoteBody, response: VoteAnswer, problems: [...WRITE, 'not_found', 'approval_not_pending', 'approval_expired', 'self_review_forbidden'],
    summary: 'Refuse; what was held is freed', tag: 'approvals', idempotencyKey: 'optional',
  },
  withdrawApproval: {
    id: 'withdrawApproval', method: 'POST', path: `${BASE}/approvals/:approval_id/withdraw`, roles: ['member', 'approver', 'admin', 'service'],
    status: 200, params: ApprovalIdParams, body: EmptyBody, response: VoteAnswer,
    problems: ['outcome_unknown', 'log_unavailable', 'not_found', 'approval_not_pending'], summary: 'Take a request back', tag: 'approvals',
  },
  reissueToken: {
    id: 'reissueToken', method: 'POST', path: `${BASE}/approvals/:approval_id/reissue-token`, roles: ['member', 'approver', 'admin', 'service'],
    status: 200, params: ApprovalIdParams, body: EmptyBody, response: VoteAnswer,
    problems: ['outcome_unknown', 'log_unavailable', 'not_found', 'approval_not_active', 'approval_expired', 'reissue_limit_reached', 'signing_key_unavailable'],
    summary: 'A new token; the old one stops working', tag: 'approvals',
  },
  consume: {
    id: 'consume', method: 'POST', path: `${BASE}/approvals/consume`, roles: ['member', 'service'], scopes: ['consume'], status: 200,
    body: ConsumeBody, response: ConsumeAnswer,
    problems: [
      ...MONEY, 'outcome_unknown', 'log_unavailable', 'token_malformed', 'token_key_unknown', 'token_signature_invalid', 'token_claims_invalid',
      'token_tenant_mismatch', 'token_expired', 'approval_not_found', 'consumer_not_permitted', 'token_superseded', 'token_replayed',
      'approval_expired', 'approval_not_active', 'binding_source_mismatch', 'binding_project_mismatch', 'binding_environment_mismatch',
      'binding_fingerprint_mismatch', 'binding_resource_mismatch', 'binding_cost_exceeded', 'idempotency_key_mismatch', 'idempotency_conflict',
    ],
    summary: 'Use an approval token, once, for exactly what was approved', tag: 'approvals', idempotencyKey: 'optional',
  },
  listActiveReservations: {
    id: 'listActiveReservations', method: 'GET', path: `${BASE}/reservations/active`, roles: ADMIN_READS, status: 200, query: ReservationsQuery,
    response: ReservationsAnswer, problems: ['cursor_invalid', 'read_model_behind'], summary: 'Holds, oldest first', tag: 'reservations',
  },
  getReservation: {
    id: 'getReservation', method: 'GET', path: `${BASE}/reservations/:decision_id`, roles: ADMIN_READS, status: 200, params: DecisionIdParams,
    response: ReservationAnswer, problems: ['not_found', 'read_model_behind'], summary: 'The hold of one decision', tag: 'reservations',
  },
  reconcile: {
    id: 'reconcile', method: 'POST', path: `${BASE}/reservations/:decision_id/reconcile`, roles: ['admin', 'service'], scopes: ['reconcile'],
    status: 200, params: DecisionIdParams, body: ReconcileBody, response: ReconcileAnswer,
    problems: [...WRITE, ...MONEY, 'not_found', 'read_model_behind', 'decision_not_reconcilable', 'reservation_pending_approval', 'reservation_already_settled'],
    summary: 'Settle a hold with what was really spent', tag: 'reservations', idempotencyKey: 'optional',
  },
  listExceptions: {
    id: 'listExceptions', method: 'GET', path: `${BASE}/reservations/reconciliation-exceptions`, roles: ADMIN_READS, status: 200,
    query: ExceptionsQuery, response: ExceptionsAnswer, problems: ['cursor_invalid', 'read_model_behind'],
    summary: 'Drift that somebody has to look at', tag: 'reservations',
  },
  createExport: {
    id: 'createExport', method: 'POST', path: `${BASE}/exports`, roles: ['admin', 'auditor'], status: 202, body: CreateExportBody,
    response: ExportAnswer, problems: ['idempotency_conflict', 'idempotency_key_mismatch', 'log_unavailable', 'rate_limited', 'quota_exceeded'],
    summary: 'Start an export with proofs', tag: 'exports', idempotencyKey: 'optional',
  },
  listExports: {
    id: 'listExports', method: 'GET', path: `${BASE}/exports`, roles: ['admin', 'auditor'], status: 200, query: ExportsQuery, response: ExportsAnswer,
    problems: ['cursor_invalid', 'log_unavailable'], summary: 'Exports, newest first', tag: 'exports',
  },
  exportParity: {
    id: 'exportParity', method: 'GET', path: `${BASE}/exports/parity`, roles: ['admin', 'auditor'], status: 200, response: ParityAnswer,
    problems: ['log_unavailable', 'read_model_behind', 'rate_limited'], summary: 'Do the read models say what the journals say?', tag: 'exports',
  },
  getExport: {
    id: 'getExport', method: 'GET', path: `${BASE}/exports/:export_id`, roles: ['admin', 'auditor'], status: 200, params: ExportIdParams,
    response: ExportAnswer, problems: ['not_found', 'log_unavailable'], summary: 'One export and its progress', tag: 'exports',
  },
  downloadExport: {
    id: 'downloadExport', method: 'GET', path: `${BASE}/exports/:export_id/download`, roles: ['admin', 'auditor'], status: 200,
    params: ExportIdParams, response: null, mediaType: 'application/zip', problems: ['not_found', 'export_not_ready', 'export_expired', 'log_unavailable'],
    summary: 'The bundle; Range requests work', tag: 'exports',
  },
  getExportParity: {
    id: 'getExportParity', method: 'GET', path: `${BASE}/exports/:export_id/parity`, roles: ['admin', 'auditor'], status: 200,
    params: ExportIdParams, response: ParityAnswer,
    problems: ['not_found', 'export_not_ready', 'export_expired', 'log_unavailable', 'read_model_behind', 'rate_limited'],
    summary: 'Journal, read model and bundle compared', tag: 'exports',
  },
  queryLedger: {
    id: 'queryLedger', method: 'GET', path: `${BASE}/ledger`, roles: ['admin', 'auditor'], status: 200, query: LedgerQuery, response: LedgerAnswer,
    problems: ['cursor_invalid', 'log_unavailable'], summary: 'Entries of a journal', tag: 'ledger',
  },
  listCheckpoints: {
    id: 'listCheckpoints', method: 'GET', path: `${BASE}/checkpoints`, roles: ['admin', 'auditor'], status: 200, response: CheckpointsAnswer,
    problems: ['log_unavailable'], summary: 'The newest signed checkpoint of every journal', tag: 'ledger',
  },
  latestCheckpoint: {
    id: 'latestCheckpoint', method: 'GET', path: `${BASE}/checkpoints/:kind/latest`, roles: ['admin', 'auditor'], status: 200, params: KindParams,
    response: CheckpointAnswer, problems: ['not_found', 'log_unavailable'], summary: 'The newest signed checkpoint of a journal', tag: 'ledger',
  },
  jwks: {
    id: 'jwks', method: 'GET', path: '/.well-known/jwks.json', roles: 'public', status: 200, response: JwksAnswer, problems: [],
    summary: 'Public keys of approval tokens', tag: 'keys',
  },
  vkeys: {
    id: 'vkeys', method: 'GET', path: '/.well-known/verdict-vkeys.txt', roles: 'public', status: 200, response: null, mediaType: 'text/plain',
    problems: ['signing_key_unavailable'], summary: 'Public keys of checkpoints and exports, as C2SP vkey lines', tag: 'keys',
  },
} as const satisfies Readonly<Record<string, RouteContract>>;

export type RouteId = keyof typeof ROUTES;
