/* eslint max-lines: ['error', 350] -- a list of names */
export type {
  AppendResult,
  JournalName,
  Journals,
  Revision,
  SealedEntry,
  SeeingAppend,
  SeenHead,
  Snapshot,
  StoredEntry,
  Subscription,
} from './ports/journals.js';
export { APPEND_BYTES_MAX, APPEND_ENTRIES_MAX, InvalidAppend, JournalGap, LogUnreadable } from './ports/journals.js';
export { checkAppend, ENTRY_BYTES_MAX } from './ports/check-append.js';
export { type KeyPurpose, type KeyStore, KeyStoreUnavailable, type PublicSigningKey } from './ports/key-store.js';
export type {
  ApprovalRow,
  ApprovalRowStatus,
  DecisionFilter,
  ProjectFilter,
  DecisionRow,
  DecisionView,
  BookingRow,
  ExceptionRow,
  GrantUseRow,
  IntegrationProofRow,
  IntegrationRow,
  KeyedAnswerRow,
  PageAt,
  PageRequest,
  ReadModels,
  ReadPage,
  ReadPoint,
  SettlementRow,
} from './ports/read-models.js';
export { ReadModelsUnavailable } from './ports/read-models.js';
export type { Platform, ReadBarrier } from './ports/platform.js';
export {
  type Bus,
  type BusConsumer,
  type BusObserver,
  BusUnavailable,
  type Movement,
  type RelayedSlice,
  silentBusObserver,
} from './ports/bus.js';
export type { RelayStore } from './ports/relay-store.js';
export { type Clock, type Ids, type Observer, type Sealer, silentObserver } from './ports/system.js';
export {
  approvalsEntryOf,
  asCanonical,
  asLedgerJson,
  asJson,
  consumedToken,
  filedRequest,
  policyEntryOf,
  recordedDecision,
  requestedApproval,
  decisionsEntryOf,
  reservationsEntryOf,
} from './journals/entries.codec.js';
export { CallersWait } from './journals/callers-wait.js';
export { type AroundAppend, EntryLog, type FreshEntry, recordEntry, type RecordedEntry } from './journals/entry-log.js';
export { type Folded, foldInOrder, NOTHING_FOLDED } from './journals/fold-in-order.js';
export { PastStates } from './journals/past-states.js';
export { JOURNAL_KINDS, type JournalKind, journalName, originOf, parseJournalName } from './journals/kinds.js';
export { LogBus, type LogBusOptions } from './bus/log-bus.js';
export { type HostDeps, ServiceHost } from './journals/service-host.js';
export { decodeState, encodeState } from './journals/state-codec.js';
export type {
  CommandContext,
  CommittedEntry,
  Decided,
  DomainEntry,
  LaneOutcome,
  Reaction,
  ServiceDefinition,
} from './journals/service-definition.js';
export type { CommittedBatch, ServiceWatch, Turn } from './journals/service-watch.js';
export { type LaneDeps, TenantLane } from './journals/tenant-lane.js';
export { findDecision, type FindDecisionDeps } from './shared/find-decision.js';
export { problemOf, done, type UseCaseResult } from './shared/refusal.js';
export type { WireProblem } from './shared/wire-problem.js';
export { mayActFor, type RequestCaller, type RequestMeta } from './shared/request.js';
export { type GateAnswer, type GateCommand, gateService } from './gate/gate-service.js';
export {
  type ChangeRequest,
  createDecideChange,
  type DecideChange,
  type DecidedChange,
  type GateDeps,
  type ReviewKey,
} from './gate/decide-change.js';
export { type BatchMember, createDecideChanges, type DecideChanges, type DecidedBatch } from './gate/decide-changes.js';
export { createExplainDecision, type ExplainDecision, type Explained } from './gate/explain-decision.js';
export { pricedOnce, readEvidence, type ReadEvidence, type SentDocuments } from './gate/evidence.js';
export {
  type BudgetChange,
  BudgetsAdmin,
  type EditedBudget,
  type NewBudget,
  type ShownBudget,
} from './gate/administer-budgets.js';
export { PolicyAdmin, type ShownPolicy } from './gate/administer-policy.js';
export { MoneyAdmin, type ShownCredit } from './gate/administer-money.js';
export type { ShownException, ShownOverage, ShownWaiver } from './gate/exceptions.js';
export { type PolicyAdminDeps, PolicyWriter, type ShownPage, type Written } from './gate/policy-writer.js';
export {
  type CreateIntegrationInput,
  IntegrationsAdmin,
  type IntegrationsAdminDeps,
  type RotateIntegrationInput,
  type ShownIntegration,
  type ShownSecrets,
  type WrittenIntegration,
} from './gate/administer-integrations.js';
export {
  type AskedReview,
  createReviewAdmission,
  type ReviewAdmission,
  type ReviewedAdmission,
} from './gate/review-admission.js';
export { FindIntegrations, type FindIntegrationsDeps, type FoundIntegration } from './gate/find-integrations.js';
export { type EntryReference, entryReferenceOf, preflightAnswer, verdictAnswer } from './gate/verdict-answer.js';
export { type ApprovalsAnswer, approvalsService, type ApprovalsServiceCommand } from './approvals/approvals-service.js';
export type { ApprovalTokens, TokenOrder } from './approvals/approval-tokens.js';
export { type ApprovalChange, type ApprovalsDeps, ManageApprovals } from './approvals/manage-approvals.js';
export { ConsumeApproval, type ConsumeDeps, type Consumed, type ConsumeInput } from './approvals/consume-token.js';
export {
  type ReconciliationAnswer,
  type ReconciliationCommand,
  type ReconciliationHost,
  reconciliationService,
  SWEEPER,
} from './reconciliation/reconciliation-service.js';
export { ImportActualCosts, type ImportDeps, type ImportedCosts, type SentRow } from './reconciliation/import-costs.js';
export { type Settlement, settlementOf } from './reconciliation/settlement.js';
export { type Swept, type SweepInput, SweepReservations } from './reconciliation/sweep-overdue.js';
export {
  createResolveException,
  type Resolved,
  type ResolveExceptions,
  type ResolveInput,
} from './reconciliation/resolve-exception.js';
export {
  createReconcileReservation,
  type ReconcileDeps,
  type ReconcileReservation,
  type Settled,
} from './reconciliation/reconcile-reservation.js';
export { rememberedBooking } from './reconciliation/remembered-booking.js';
export {
  type ParkedJournal,
  type ProjectedEntry,
  type ProjectedSlice,
  type ProjectionStore,
  ProjectionsUnavailable,
} from './ports/projection-store.js';
export {
  type ApprovalRowChange,
  type ApprovalVersionRow,
  changeApproval,
  endHold,
  headlineIdOf,
  type HoldEnd,
  type PolicyChangeRow,
  type RowChange,
  type StoredApprovalRow,
  type StoredDecisionRow,
  versionOf,
} from './projections/changes.js';
export { projectApprovals } from './projections/approvals.projection.js';
export { projectDecisions } from './projections/decisions.projection.js';
export { projectPolicy } from './projections/policy.projection.js';
export { projectReservations } from './projections/reservations.projection.js';
export { projectTo, type ProjectToOptions } from './projections/project-to.js';
export { projectEntry } from './projections/project-entry.js';
export { RETRY_TERMS, type RetryTerms, SLICE_ENTRIES_MAX } from './projections/lane.js';
export { Projector } from './projections/projector.js';
export {
  type AroundApply,
  type ProjectorDeps,
  type ProjectorLag,
  type ProjectorObserver,
  type ProjectorOptions,
  silentProjectorObserver,
} from './projections/projector.types.js';
export {
  type AuditObserver,
  type AuditStore,
  AuditStoreUnavailable,
  type CheckpointStore,
  type CreateExport,
  type ExportContent,
  type ExportEnd,
  type ExportFiles,
  type ExportJob,
  type ExportOrder,
  type ExportPage,
  type ExportRange,
  type ExportRanges,
  type ExportResult,
  type ExportStatus,
  type ExportStore,
  type ExportTerms,
  type LeafSource,
  type NewCheckpoint,
  silentAuditObserver,
  type SignedHead,
  type Signing,
  type StoredCheckpoint,
} from './ports/audit.js';
export { type AuditKeys, vkeyLines } from './audit/checkpoint-keys.js';
export { CheckpointPublisher, type PublisherDeps, type PublisherOptions } from './audit/checkpoint-publisher.js';
export { CheckParity, type CheckParityDeps } from './audit/check-parity.js';
export type { Parity } from './audit/parity.js';
export type { ExportScope } from './audit/export-ranges.js';
export type { ExportStatement } from './audit/export-terms.js';
export { ExportRunner, type RunnerOptions } from './audit/export-runner.js';
export { type RunExportDeps } from './audit/run-export.js';
export {
  type CreatedExport,
  type ExportInput,
  EXPORTS_RUNNING_MAX,
  type ExportsPage,
  ManageExports,
  type ManageExportsDeps,
} from './audit/manage-exports.js';
export { type LedgerFilter, type LedgerItem, type LedgerPage, readLedger } from './audit/read-ledger.js';
export { copyJournals } from './copy/copy-journals.js';
export {
  type CopiedJournal,
  type CopyDeps,
  type CopyOptions,
  type CopyOutcome,
  type CopyProgress,
  type CopyReport,
  CopyStalled,
  type Difference,
  type DifferenceKind,
} from './copy/copy-journals.types.js';
export { Relay } from './relay/relay.js';
export {
  type RelayDeps,
  type RelayLag,
  type RelayObserver,
  type RelayOptions,
  silentRelayObserver,
} from './relay/relay.types.js';
export { PROJECTOR_GROUP } from './projections/projector.js';
export { type ReadList, readWalk, type ReadWalkDeps, type WalkedPage } from './projections/read-walk.js';
export {
  type ArrivedRunTask,
  type HeldRunTask,
  type NextAttempt,
  type RunTaskClaim,
  type RunTaskInbox,
  RunTaskInboxUnavailable,
  type RunTaskKey,
  type RunTaskLane,
} from './ports/run-task-inbox.js';
export type { PeerAddress, PeerRequest, PlanAnswer, ResultAnswer, TerraformPeer } from './ports/terraform-peer.js';
export {
  createReplayDecisions,
  type Divergence,
  DIVERGENCES_MAX,
  type ReplayDecisions,
  type ReplayReport,
} from './replay/replay-decisions.js';
export type { ReplayProgress, ReplayRange, ReplaySource } from './replay/walk-decisions.js';
export {
  createWhatIf,
  type OutcomeFlip,
  FLIPS_MAX,
  type OutcomeCount,
  supposed,
  type WhatIf,
  type WhatIfReport,
} from './replay/what-if.js';
export {
  foldedPolicy,
  type PolicyReview,
  reviewPolicy,
  type ReviewTerms,
  type RuleUse,
  type Upcoming,
} from './replay/review-policy.js';
export { AbuseTally, type CountedExcess, type Excess } from './quotas/abuse-tally.js';
export { COST_MAX } from './quotas/fair-queue.js';
export { type After, type Entrance, InFlight, type InFlightLimits } from './quotas/in-flight.js';
export { RateLimiter } from './quotas/rate-limiter.js';
export { lowerRate, type Rate } from './quotas/token-bucket.js';
export type {
  CaseExpectation,
  CaseFailure,
  CaseGiven,
  CaseQuestion,
  CaseResult,
  CasesReport,
  PolicyCase,
} from './policy-cases/policy-case.js';
export { runPolicyCases } from './policy-cases/run-policy-cases.js';
export {
  DecideRunTask,
  type DecideRunTaskDeps,
  type FetchedPlan,
  type RunTaskDecision,
} from './run-tasks/decide-run-task.js';
export { ReceiveRunTask, type ReceiveRunTaskDeps, type RunTaskIntegration } from './run-tasks/receive-run-task.js';
export type { RunStage, RunTask } from './run-tasks/run-task.js';
export { PLAN_BYTES_MAX } from './run-tasks/answer-run-task.js';
export { type RunTaskObserver, RunTaskWorker, type RunTaskWorkerDeps } from './run-tasks/run-task-worker.js';
