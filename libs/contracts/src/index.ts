export {
  DEPTH_MAX,
  FOREIGN_DEPTH_MAX,
  readJson,
  type ReadJsonOptions,
  type ReadJsonResult,
  readJsonText,
} from './json/strict-json.js';
export {
  type BodyOptions,
  parseBody,
  type Parsed,
  parseWith,
  toWire,
  type WireError,
  type WireJson,
} from './http/wire.js';
export {
  FOREIGN_MEMBERS,
  EventGateBody,
  GateBody,
  PreflightBody,
  DecisionIdParams,
  DecisionsQuery,
  VerdictAnswer,
  PreflightAnswer,
  DecisionAnswer,
  DecisionSummary,
  ReceiptAnswer,
} from './http/gate.js';
export {
  CreateBudgetBody,
  PublishPolicyBody,
  PriceBookKey,
  PublishPolicyEnvelope,
  RollBackPolicyBody,
  RolloutBody,
  CancelVersionBody,
  CloseBudgetBody,
  UpdateBudgetBody,
  ValidatePolicyBody,
  ValidatePolicyEnvelope,
} from './http/policy.js';
export { BATCH_ITEMS, BATCH_ITEMS_MAX, BatchEnvelope } from './http/batch.js';
export { CloudEventBody, isEventBatch, readCloudEvent, type ReadCloudEvent } from './http/cloud-event.js';
export {
  AnyExceptionIdParams,
  CreditIdParams,
  GrantCreditBody,
  GrantWaiverBody,
  RevokeBody,
  WaiverIdParams,
} from './http/money-admin.js';
export { completePolicy } from './http/complete-policy.js';
export { PolicyDocumentInput } from './http/policy-document.js';
export { type PolicyReading, readPolicy } from './http/read-policy.js';
export {
  ApprovalIdParams,
  ApprovalsQuery,
  ConsumeBody,
  EmptyBody,
  FileRequestBody,
  QueueQuery,
  VoteBody,
} from './http/approvals.js';
export { ImportBody } from './http/actual-costs.js';
export {
  ExceptionIdParams,
  ExceptionsQuery,
  ReconcileBody,
  ReservationsQuery,
  ResolveBody,
  SweepBody,
} from './http/reservations.js';
export { CreateExportBody, ExportIdParams, ExportsQuery, KindParams, LedgerQuery } from './http/audit.js';
export {
  CreateIntegrationBody,
  IntegrationIdParams,
  RevokeIntegrationBody,
  RotateIntegrationBody,
  RunTaskParams,
} from './http/integrations.js';
export { BudgetIdParams, PriceBookParams, VersionPairParams, VersionParams } from './http/params.js';
export { RunTaskBody, RunTaskHead, TEST_TOKEN } from './terraform/run-task.js';
export { IdempotencyKey } from './http/scalars.js';
export { GateQuery, parseTimeoutMs } from './http/timeout.js';
export { PageQuery } from './http/pages.js';
export { type RouteId, ROUTES } from './http/routes.js';
export { PLAN_BODY_BYTES_MAX } from './http/routes/gate.routes.js';
export { isTenantRead, type RouteContract } from './http/routes/route-contract.js';
export { openApiDocument, type OpenApiDocument, type OpenApiOptions } from './openapi/document.js';
export type { ProblemTable } from './openapi/problems.js';
export { ENTRY_KINDS, type EntryKind, type EntryName } from './entries/entry-schema.js';
export { EntryEnvelope } from './entries/envelope.js';
export { ENTRY_CONTRACTS, ENTRY_SCHEMAS, type EntryContract, entrySchemaOf } from './entries/registry.js';
export { ENTRY_CONTENT_TYPE, EventHeaders, TenantKey } from './kafka/headers.js';
export { eventTypeOf, TOPIC_MESSAGE_BYTES_MAX, topicOf } from './kafka/topics.js';
export { type AsyncApiDocument, asyncApiDocument, type AsyncApiOptions } from './asyncapi/document.js';
export { readAdmissionReview, type ReviewReading } from './kubernetes/admission-review.reader.js';
export {
  AdmissionReviewAnswer,
  AdmissionReviewBody,
  reviewAnswer,
  reviewRefusal,
  type ReviewVerdict,
  reviewWarnings,
} from './kubernetes/review-answer.js';
