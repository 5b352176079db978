/* eslint max-lines: ['error', 450] -- the one public index of the domain: names only */
export { type AdmissionChange, admissionChange, admissionEvidence } from './admission/admission-change.js';
export { unitKey } from './decisions/unit-facts.js';
export { answerWithinMs, DEADLINE_MS } from './admission/deadline.js';
export type { AdmissionOperation, AdmissionRequest } from './admission/review.js';
export type { ObjectFacts, ObjectPlace, PodFacts } from './pricing/kubernetes/facts.js';
export { type ObjectChange, priceObjectChange } from './pricing/kubernetes/price-object.js';
export type {
  ApprovalId,
  Brand,
  BudgetId,
  DecisionId,
  HourlyUsdText,
  Instant,
  Sha256Hex,
  TenantId,
  UsdText,
} from './shared/brand.js';
export type { Actor, Entry, Json, Keyed, PersonalText, Result, Sealable, Sealed } from './shared/entry.js';
export { approvalIdOf, budgetIdOf, decisionIdOf, sha256Of, usdTextOf } from './shared/brands.js';
export { charactersOf } from './shared/characters.js';
export { accepted, assertNever, refused } from './shared/entry.js';
export { instantOf, msOf, type Period, periodOf, plusSeconds } from './shared/instant.js';
export {
  addUsd,
  floorTo4,
  formatUsd4,
  formatUsd6,
  hourlyOfMonthly,
  HOURS_PER_MONTH,
  isMoney,
  max,
  type MicroUsd,
  microUsd,
  min,
  type MoneyProblem,
  NOTHING,
  parseNumberToken,
  parseUsd,
  roundHalfEven,
  roundTo4,
  subtractUsd,
  sum,
  usdOf,
} from './shared/money.js';
export { type CanonicalJson, jcsText } from './shared/jcs.js';
export { sha256Hex } from './shared/sha256.js';
export {
  isRawList,
  isRawObject,
  memberOf,
  NumberToken,
  pointerTo,
  type RawJson,
  rawJsonText,
  type RawObject,
  textMemberOf,
} from './shared/raw-json.js';
export { classOf, labelOf, normaliseEnvironment, UNSPECIFIED_ENVIRONMENT } from './shared/environment.js';
export {
  derivedKey,
  type KeySource,
  payloadHash,
  requestFingerprint,
  type SentPayload,
  subjectHash,
} from './shared/fingerprint.js';
export { BoundedMap } from './shared/bounded-map.js';
export {
  type EarlierAnswer,
  earlierKeyAnswer,
  type KeyAnswer,
  type KeyAnswers,
  keptAnswer,
  type LookedUpAnswer,
  mayBeForgotten,
  noKeyAnswers,
  NOT_LOOKED_UP,
  type ScopedKey,
  withKeyAnswer,
} from './shared/key-answers.js';
export { boundedReference } from './shared/bounded-reference.js';
export { PersistentMap } from './shared/persistent-map.js';
export {
  type AccountBalance,
  type Accounts,
  type AccountTerms,
  balanceOf,
  type Charge,
  freeHold,
  type HeldLeg,
  noAccounts,
  placeHold,
  settleHold,
  type TermsOf,
} from './accounts/accounts.js';
export { globMatches } from './shared/glob.js';
export { base32Spelling, bearerSecretOf, bearerSecretSha256, pathSecretSha256 } from './shared/webhook-secret.js';
export type {
  ClusterTerms,
  IntegrationEntry,
  IntegrationProof,
  IntegrationTerms,
  NamespaceRule,
  ProofWay,
  RunTaskTerms,
  WorkspaceRule,
} from './policy/integrations.entries.js';
export {
  DEFAULT_ANNOTATION_PREFIXES,
  DEFAULT_TRUSTED_CONTROLLERS,
  hasProof,
  type Integration,
  type Integrations,
  type IntegrationSecrets,
  isCluster,
  isRunTask,
  namespaceRuleOf,
  secretsInForce,
  workspaceRuleOf,
} from './policy/integrations.state.js';
export { INTEGRATIONS_MAX, type IntegrationsCommand } from './policy/integrations.js';
export type {
  Behaviour,
  EnvironmentClass,
  StoredPolicyDocument,
  FailSafeOutcome,
  Mode,
  PerClass,
  PolicyDocument,
  RoutingMatch,
  RoutingOverrides,
  RoutingRule,
} from './policy/policy.document.js';
export type {
  BudgetPeriod,
  BudgetScope,
  BudgetTerms,
  CreditPool,
  CreditScope,
  CreditTerms,
  PolicyEntry,
  PolicyRole,
  Rollout,
  WaiverScope,
  WaiverTerms,
} from './policy/policy.entries.js';
export { type Credit, creditAccount, creditBalance, type Credits } from './policy/credits.js';
export type { ExpectedVersion } from './policy/expected-version.js';
export type { Overage } from './policy/overages.js';
export { type Overrun, overrunsOf } from './reservations/overruns.js';
export { WAIVABLE_CODES, type Waiver, type Waivers, waiverVersion } from './policy/waivers.js';
export { CREDITS_MAX, type CreditsCommand, type GrantCredit, type RevokeCredit } from './policy/decide-credits.js';
export {
  type GrantWaiver,
  type RevokeWaiver,
  WAIVER_DAYS_MAX,
  WAIVERS_MAX,
  type WaiversCommand,
} from './policy/decide-waivers.js';
export {
  type CancelVersion,
  SCHEDULE_DAYS_MAX,
  SCHEDULED_MAX,
  type SetRollout,
  type VersionsCommand,
  type VersionStatus,
  versionStatus,
  versionTag,
} from './policy/versions.js';
export { type GateQuota, type PolicyDefect, policyDefects } from './policy/policy-defects.js';
export { type PolicyChange, type PolicyDiff, policyDiff } from './policy/policy-diff.js';
export { type Judgement, judgementAt } from './policy/policy-judges.js';
export { type PolicyWarning, policyWarnings, waiverWarnings } from './policy/policy-warnings.js';
export { matchesTicket, ticketPatternDefect } from './policy/ticket-pattern.js';
export { cohortOf } from './policy/cohort.js';
export type { Grant } from './decisions/grants.state.js';
export { isBeyondGrants } from './decisions/grant.js';
export { creditsExpired, creditsReturnedLate, type LostCredits } from './policy/lost-credits.js';
export { budgetAlerts } from './policy/budget-alerts.js';
export {
  type AdminOperation,
  askedToClose,
  BUDGET_OPERATIONS,
  INTEGRATION_OPERATIONS,
} from './policy/admin-operations.js';
export { DEFAULT_POLICY } from './policy/default-policy.js';
export {
  type Budget,
  budgetAccount,
  budgetOf,
  ENTERPRISE_CEILING,
  evolvePolicy,
  matchingBudgets,
  noPolicy,
  overageAccount,
  PLAN_CEILING,
  ALERT_PERCENTS,
  MONTHS_CHARGED,
  challengerAt,
  policyFor,
  policyInForce,
  type PolicyState,
  type PolicyVersion,
  priceBookOf,
  type PublishedPriceBook,
  termsOf,
} from './policy/policy.state.js';
export {
  BUDGETS_MAX,
  decidePolicy,
  earlierAdminAnswer,
  type PolicyCommand,
  type PolicyRefusal,
  PRICE_BOOKS_MAX,
  type PublishPolicy,
  type PublishPriceBook,
  type RollBackPolicy,
  type SetBudget,
} from './policy/policy.js';
export {
  type AskedKey,
  type AskForChange,
  type Asker,
  type Claim,
  type Evidence,
  type PricedEvidence,
  REMOVAL_ACTION,
} from './decisions/ask-for-change.js';
export type {
  ApprovalChannel,
  ApprovalTerms,
  Balance,
  BatchPlace,
  ChallengerVerdict,
  ChangeFacts,
  Completeness,
  CostEvidence,
  CostMethod,
  CostSource,
  DecisionReanswered,
  DecisionRecorded,
  DecisionsEntry,
  Finding,
  GrantUse,
  Leg,
  Outcome,
  RecordedRequest,
  RecordedRisk,
  Requester,
  Source,
  UsedException,
  WaterfallStage,
} from './decisions/decisions.entries.js';
export {
  type Answer,
  answerKey,
  type ApprovalProgress,
  type DueReaction,
  emptyGate,
  evolveGate,
  type GateObserved,
  type GateState,
} from './decisions/decisions.state.js';
export {
  decideChange,
  decideEndHold,
  decideGrantOverage,
  type EndHold,
  type GateRefusal,
  type GateResult,
  type GrantOverage,
} from './decisions/decisions.js';
export {
  type AskForChanges,
  type BatchAnswer,
  type BatchResult,
  type BatchKey,
  decideChanges,
  rolledBack,
} from './decisions/batch.js';
export { type AskedBefore, type Flip, flipsOf } from './decisions/flips.js';
export { NO_CHANGE_FACTS } from './decisions/cost.js';
export { evaluate } from './decisions/evaluate.js';
export { hardened, type SupposedPolicy, underPolicy } from './decisions/under-policy.js';
export { decideNoteRunStage, earlierOfRun, isOfSameRun, type NoteRunStage, type RunAnswer } from './decisions/runs.js';
export { recordedQuestion } from './decisions/recorded-question.js';
export { outcomeOf } from './decisions/outcome.js';
export { inAnswerOrder, REASON_CODES, type ReasonCode } from './decisions/reason-codes.js';
export {
  APPROVAL_STAGES_MAX,
  APPROVAL_TREE_DEPTH_MAX,
  type ApprovalStage,
  type ApprovalTree,
  type ApprovalTreeProblem,
  approvalTreeProblems,
  DEFAULT_STAGE,
  QUORUM_MAX,
  type Reviewer,
  routeOf,
  stagesOf,
} from './approvals/approval-tree.js';
export type { Ballot, StageProgress } from './approvals/tally.js';
export { isOwnRequest, mayReview, progressOf } from './approvals/voting.js';
export type { ApprovalBinding, ApprovalsEntry } from './approvals/approvals.entries.js';
export type { Approval, ApprovalStatus, GrantUses } from './approvals/approval.js';
export {
  type ApprovalsObserved,
  type ApprovalsState,
  bindingOf,
  evolveApprovals,
  noApprovals,
} from './approvals/approvals.state.js';
export type {
  ApprovalCaller,
  ApprovalsCommand,
  ApprovalsRefusal,
  ApprovalsResult,
  CastVote,
  FileRequest,
  ReissueToken,
  SignedToken,
  Withdraw,
} from './approvals/approvals.commands.js';
export { decideApprovals, isGrantChannel, mayHandle, REISSUES_MAX } from './approvals/approvals.js';
export { closableApprovals, hasExpiries, isSuperseded } from './approvals/ending.js';
export { approvalsAnswerOf, approvalsScopeOf, type KeyedApprovalsCommand } from './approvals/keyed-approvals.js';
export {
  type ConsumeResult,
  type ConsumeToken,
  decideConsume,
  type ExpectedBinding,
  type ReadToken,
  type TokenClaims,
} from './approvals/consume.js';
export {
  CONSUME_CODES,
  type ConsumeCode,
  type RefusedTokenEvent,
  refusedTokenEvent,
} from './approvals/consume-codes.js';
export type {
  CorrectedLeg,
  CorrectionCause,
  ExceptionKind,
  ImportedCost,
  ReservationsEntry,
  Resolution,
  SettledLeg,
  SettlementStatus,
  SettlementTrigger,
  SweepAction,
} from './reservations/reservations.entries.js';
export {
  type Booking,
  bookingOf,
  evolveReservations,
  noReservations,
  type OpenException,
  type ReservationsObserved,
  type ReservationsState,
} from './reservations/reservations.state.js';
export {
  bookingFrom,
  type BookingHistory,
  hasForgotten,
  type RememberedBooking,
} from './reservations/remembered-booking.js';
export { isReconcilable, isSweepable, type Reservation } from './reservations/reservation.js';
export { type Operation, reservationsAnswerOf } from './reservations/keyed-reservations.js';
export {
  decideReconcile,
  type Reconcile,
  type ReconcileResult,
  type ReservationsRefusal,
} from './reservations/reservations.js';
export { COST_ROWS_KEPT_MAX, COST_ROWS_MAX, decideImport, type ImportCosts } from './reservations/import.js';
export { type CellOf, type CostRowDefect, type CostRowInput, readCostRow } from './context/cost-row.js';
export {
  decideFinishSweep,
  decideResolve,
  decideSweep,
  type FinishSweep,
  countOverdue,
  overdueHolds,
  type ResolveException,
  SWEPT_AT_ONCE,
  type SweepOverdue,
  sweepTerms,
  type SweepTotals,
} from './reservations/sweep.js';
export type { Matcher, PriceBook, PriceBookEntry, PriceComponent, Quantity } from './pricing/price-book.js';
export { NO_BOOK } from './pricing/price-book.js';
export type { LineStatus, PricedLine, UnpricedReason } from './pricing/priced-line.js';
export {
  type Plan,
  PLAN_CHANGES_MAX,
  type PlanProblem,
  type PlanReading,
  readPlan,
  readResourceChanges,
} from './pricing/plan.js';
export { type ChangeCounts, pricePlan, type PricedPlan, type UsageFigures } from './pricing/pricer.js';
export {
  type InfracostEvidence,
  type InfracostProblem,
  type InfracostReading,
  readInfracost,
} from './pricing/infracost.js';
export { planMetadata } from './pricing/material-changes.js';
export { reduceInfracost } from './pricing/reduce-infracost.js';
export { reducePlan } from './pricing/reduce-plan.js';
export { type PriceBookReading, readPriceBook } from './pricing/price-book.reader.js';
export { type PriceBookProblem } from './pricing/price-book.report.js';
export {
  CONDITION_BYTES_MAX,
  type PolicyRule,
  RULE_COST_MAX,
  type RuleEffect,
  RULES_COST_MAX,
  RULES_MAX,
} from './rules/policy-rule.js';
export type { RuleError, RuleTrace } from './rules/rule-trace.js';
export type { RuleBudget, RuleContext, RuleEngine, RuleVariables } from './rules/rules.js';
export { type Day, dayOf, monthOf, plusDays } from './context/calendar.js';
export {
  COST_DAYS_KEPT,
  type CostDays,
  type CostRow,
  type CostStatus,
  foldCosts,
  noCostDays,
} from './context/cost-days.js';
export {
  type Anomaly,
  type AskForContext,
  type ComputedContext,
  computeContext,
  type ContextScope,
  type ContextSettings,
  type DataSourceMode,
  hasCostData,
  unavailableContext,
} from './context/computed-context.js';
export { type RecordedContext, recordedContext } from './context/recorded-context.js';
export { callerRiskLevel, isDestructive, type Risk, type RiskClass, type RiskFacts, riskOf } from './context/risk.js';
export { completeStored } from './policy/stored-policy.js';
