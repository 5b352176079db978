import { PROBLEMS, type ProblemCode } from '../problems/problem-codes.js';
import { InstrumentMaker } from './instrument-maker.js';
import * as label from './labels.js';

type Source = label.Of<typeof label.SOURCES>;
type Kind = label.Of<typeof label.JOURNAL_KINDS>;
type Decision = label.Of<typeof label.DECISIONS>;
type Path = label.Of<typeof label.PATHS>;
type FailureType = label.Of<typeof label.FAILURE_TYPES>;
type LockEvent = label.Of<typeof label.LOCK_EVENTS>;
type LockOutcome = label.Of<typeof label.LOCK_OUTCOMES>;
type Override = label.Of<typeof label.OVERRIDES>;
type ExposureCause = label.Of<typeof label.EXPOSURE_CAUSES>;
type IdempotencyEvent = label.Of<typeof label.IDEMPOTENCY_EVENTS>;
type AppendOutcome = label.Of<typeof label.APPEND_OUTCOMES>;
type ApprovalOutcome = label.Of<typeof label.APPROVAL_OUTCOMES>;
type TokenEvent = label.Of<typeof label.TOKEN_EVENTS>;
type PolicyChange = label.Of<typeof label.POLICY_CHANGES>;
type Threshold = label.Of<typeof label.BUDGET_THRESHOLDS>;
type CreditPool = label.Of<typeof label.CREDIT_POOLS>;
type QuotaKind = label.Of<typeof label.QUOTA_KINDS>;
type WebhookWay = label.Of<typeof label.WEBHOOK_WAYS>;
type Trigger = label.Of<typeof label.RECONCILE_TRIGGERS>;
type Status = label.Of<typeof label.RECONCILE_STATUSES>;
type GrantUse = label.Of<typeof label.GRANT_USES>;
type SweepStatus = label.Of<typeof label.SWEEP_STATUSES>;
type ExceptionKind = label.Of<typeof label.EXCEPTION_KINDS>;
type CostRowStatus = label.Of<typeof label.COST_ROW_STATUSES>;
type Direction = label.Of<typeof label.DRIFT_DIRECTIONS>;
type Artifact = label.Of<typeof label.EXPORT_ARTIFACTS>;
type ExportOutcome = label.Of<typeof label.EXPORT_OUTCOMES>;

const source = label.SOURCES;
const CODES = Object.keys(PROBLEMS);

/** The metrics of contract section 15 that the services count. One registry per app; updates are cheap. */
export class Metrics extends InstrumentMaker {
  readonly gateDecisions = this.counter<[source: Source, decision: Decision, path: Path]>(
    'gate_decisions_total',
    'Verdicts given',
    { source, decision: label.DECISIONS, path: label.PATHS },
  );
  readonly gateDecisionReasons = this.counter<[source: Source, reason: string]>(
    'gate_decision_reasons_total',
    'Reasons of verdicts',
    { source, reason: this.reasonCodes },
  );
  readonly gateLatencySeconds = this.latency<[source: Source, path: Path]>(
    'gate_latency_seconds',
    'Time from arrival to verdict',
    { source, path: label.PATHS },
  );
  readonly gateFailures = this.counter<[source: Source, failureType: FailureType]>(
    'gate_failures_total',
    'Evaluations that did not finish',
    { source, failure_type: label.FAILURE_TYPES },
  );
  readonly gateLockEvents = this.aliasedCounter<[source: Source, event: LockEvent]>(
    'gate_lock_events_total',
    "Turns in the tenant's queue",
    { source, event: label.LOCK_EVENTS },
  );
  readonly gateLockWaitSeconds = this.latency<[source: Source, outcome: LockOutcome]>(
    'gate_lock_wait_seconds',
    "Wait for the turn in the tenant's queue",
    { source, outcome: label.LOCK_OUTCOMES },
  );
  readonly gateRefusals = this.counter<[source: Source, code: ProblemCode]>(
    'gate_refusals_total',
    'Gate calls answered 4xx or 5xx',
    { source, code: CODES },
  );
  readonly gateWouldBeDecisions = this.counter<[source: Source, decision: Decision, override: Override]>(
    'gate_would_be_decisions_total',
    'What enforcement would have said of what was let through',
    { source, decision: label.DECISIONS, override: label.OVERRIDES },
  );
  readonly gateExposureUsd = this.counter<[source: Source, cause: ExposureCause]>(
    'gate_exposure_usd_total',
    'USD a month let through against policy; for graphs only',
    { source, cause: label.EXPOSURE_CAUSES },
  );
  readonly gateIdempotencyEvents = this.counter<[source: Source, event: IdempotencyEvent]>(
    'gate_idempotency_events_total',
    'Repeated keys',
    { source, event: label.IDEMPOTENCY_EVENTS },
  );
  readonly gateQueueDepth = this.gauge<[]>('gate_queue_depth', 'Gate calls waiting for their turn');

  readonly journalAppendSeconds = this.latency<[kind: Kind, outcome: AppendOutcome]>(
    'journal_append_seconds',
    'Time of one append',
    { kind: null, outcome: label.APPEND_OUTCOMES },
  );
  readonly journalAppendBatchSize = this.batches<[kind: Kind]>('journal_append_batch_size', 'Entries of one append', {
    kind: null,
  });
  readonly journalAppendConflicts = this.counter<[kind: Kind]>(
    'journal_append_conflicts_total',
    'Appends that lost the race',
    { kind: label.JOURNAL_KINDS },
  );
  readonly projectionLagSeconds = this.gauge<[projection: string]>(
    'projection_lag_seconds',
    'Age of the oldest entry that a projection has not seen',
    { projection: null },
  );
  readonly relayLagSeconds = this.gauge<[kind: Kind]>(
    'relay_lag_seconds',
    'Age of the oldest entry that the relay has not published',
    { kind: null },
  );
  readonly relayedEntries = this.counter<[kind: Kind]>(
    'relay_published_total',
    'Entries that the relay of this process has published',
    { kind: label.JOURNAL_KINDS },
  );
  readonly relayLeader = this.gauge<[kind: Kind]>('relay_leader', '1 while this process relays journals of this kind', {
    kind: null,
  });
  readonly busEntryMismatches = this.counter<[]>(
    'bus_entry_mismatch_total',
    'Records of the bus that are not the entry they claim to be; the log was read instead',
    {},
  );
  readonly parkedJournals = this.gauge<[consumer: string]>(
    'parked_journals',
    'Journals that a consumer has stopped at: each waits for `verdict journals resume`',
    { consumer: null },
  );

  readonly reactionFailures = this.counter<[writer: string]>(
    'reaction_failures_total',
    'Times that what the clock or a neighbour made due could not be decided or written: a defect',
    { writer: label.WRITERS },
  );

  readonly policyChanges = this.counter<[kind: PolicyChange]>(
    'policy_changes_total',
    'Changes of policy, money and who may ask',
    { kind: label.POLICY_CHANGES },
  );
  readonly budgetAlerts = this.counter<[threshold: Threshold]>(
    'budget_alerts_total',
    'Budgets whose used part has reached a percentage that they name',
    { threshold: label.BUDGET_THRESHOLDS },
  );
  readonly creditsExpiredUsd = this.counter<[pool: CreditPool]>(
    'credits_expired_usd_total',
    'USD of credits that nobody used in time; for graphs only',
    { pool: label.CREDIT_POOLS },
  );
  readonly challengerDivergence = this.counter<[source: Source]>(
    'challenger_divergence_total',
    'Decisions that the challenger of the policy in force would have made otherwise',
    { source },
  );
  readonly webhookAuthFailures = this.counter<[way: WebhookWay]>(
    'webhook_auth_failures_total',
    'Webhook calls without a valid proof',
    { way: label.WEBHOOK_WAYS },
  );

  readonly quotaRefusals = this.counter<[kind: QuotaKind]>('quota_refusals_total', 'Calls refused for a limit', {
    kind: label.QUOTA_KINDS,
  });

  readonly crossTenantRefusals = this.counter<[]>(
    'cross_tenant_refusals_total',
    'Calls refused because they showed what belongs to another tenant',
    {},
  );

  readonly approvalRequests = this.counter<[source: Source, outcome: ApprovalOutcome]>(
    'approval_requests_total',
    'Approval requests by what became of them',
    { source, outcome: label.APPROVAL_OUTCOMES },
  );
  readonly approvalTokenEvents = this.counter<[event: TokenEvent]>(
    'approval_token_events_total',
    'What happened to approval tokens',
    { event: label.TOKEN_EVENTS },
  );
  readonly approvalQueueBacklog = this.gauge<[]>('approval_queue_backlog', 'Approvals that somebody has yet to decide');
  readonly approvalOldestPendingSeconds = this.gauge<[]>(
    'approval_oldest_pending_seconds',
    'Age of the oldest approval that nobody has decided',
  );
  readonly approvalGrantUses = this.counter<[outcome: GrantUse]>(
    'approval_grant_uses_total',
    'Uses of granted approvals that have no token, and what became of the others',
    { outcome: label.GRANT_USES },
  );
  readonly reservationReconciliations = this.counter<[trigger: Trigger, status: Status]>(
    'reservation_reconciliations_total',
    'Holds that were reconciled',
    { trigger: label.RECONCILE_TRIGGERS, status: label.RECONCILE_STATUSES },
  );
  readonly reservationDriftUsd = this.counter<[direction: Direction]>(
    'reservation_drift_usd_total',
    'USD between held and spent; for graphs only',
    { direction: label.DRIFT_DIRECTIONS },
  );
  readonly reservationsActive = this.gauge<[]>('reservations_active', 'Decisions that hold money');
  readonly reservationsOverdue = this.gauge<[]>('reservations_overdue', 'Holds that a sweep would end now');
  readonly reconciliationSweepRuns = this.counter<[status: SweepStatus]>(
    'reconciliation_sweep_runs_total',
    'Sweeps of overdue holds: those asked for, and those of the clock that found any',
    { status: label.SWEEP_STATUSES },
  );
  readonly reconciliationExceptionsOpen = this.gauge<[kind: ExceptionKind]>(
    'reconciliation_exceptions_open',
    'Exceptions that nobody has resolved',
    { kind: label.EXCEPTION_KINDS },
  );
  readonly reconciliationExceptionsPastDue = this.gauge<[kind: ExceptionKind]>(
    'reconciliation_exceptions_past_due',
    'Exceptions that nobody has resolved in the time that policy gives',
    { kind: label.EXCEPTION_KINDS },
  );
  readonly actualCostRows = this.counter<[status: CostRowStatus]>(
    'actual_cost_rows_total',
    'Rows of imported cost; a refused import takes none of its rows',
    { status: label.COST_ROW_STATUSES },
  );
  readonly exportEvents = this.counter<[artifact: Artifact, outcome: ExportOutcome]>(
    'export_events_total',
    'Exports, parity checks and proofs',
    { artifact: label.EXPORT_ARTIFACTS, outcome: label.EXPORT_OUTCOMES },
  );
  readonly checkpointAgeSeconds = this.gauge<[kind: Kind]>('checkpoint_age_seconds', 'Age of the newest checkpoint', {
    kind: null,
  });
}
