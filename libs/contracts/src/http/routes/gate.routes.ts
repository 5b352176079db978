import { AdmissionReviewAnswer, AdmissionReviewBody } from '../../kubernetes/review-answer.js';
import { RunTaskBody } from '../../terraform/run-task.js';
import { BatchAnswer, BatchBody } from '../batch.js';
import { CloudEventBody } from '../cloud-event.js';
import { GateBody, PreflightAnswer, PreflightBody, VerdictAnswer } from '../gate.js';
import { RunTaskParams } from '../integrations.js';
import { SegmentParams } from '../params.js';
import { GateQuery } from '../timeout.js';
import { BASE, MONEY, type RouteContract } from './route-contract.js';

/** A plan of some thousand resources, where pipelines ask about Terraform; everything else is small (ADR 17). */
export const PLAN_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** An UPDATE carries two objects. A setting may raise it. @source contract section 16 */
const REVIEW_BODY_BYTES_MAX = 3 * 1024 * 1024;
/** Before a uid is read; after it a review is always answered with a review, or not at all. */
const REVIEW = ['unauthenticated', 'review_without_uid', 'verdict_not_durable'] as const;

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

const RUN_TASK = ['signature_invalid', 'rate_limited', 'log_unavailable', 'read_model_behind'] as const;

export const GATE_ROUTES = {
  gateTerraform: {
    id: 'gateTerraform',
    method: 'POST',
    path: `${BASE}/gate/terraform`,
    roles: ['member', 'service'],
    scopes: ['gate'],
    status: 200,
    query: GateQuery,
    body: GateBody,
    response: VerdictAnswer,
    problems: GATE,
    summary: 'May this change go ahead?',
    tag: 'gate',
    bodyBytesMax: PLAN_BODY_BYTES_MAX,
    idempotencyKey: 'optional',
  },
  gatePreflight: {
    id: 'gatePreflight',
    method: 'POST',
    path: `${BASE}/gate/terraform/preflight`,
    roles: ['member', 'service'],
    scopes: ['gate'],
    status: 200,
    query: GateQuery,
    body: PreflightBody,
    response: PreflightAnswer,
    problems: GATE,
    summary: 'May this Terraform run go ahead?',
    tag: 'gate',
    bodyBytesMax: PLAN_BODY_BYTES_MAX,
    idempotencyKey: 'optional',
  },
  reviewAdmission: {
    id: 'reviewAdmission',
    method: 'POST',
    path: `${BASE}/gate/k8s/admission/review`,
    roles: 'public',
    webhook: true,
    answersOverload: true,
    status: 200,
    query: GateQuery,
    body: AdmissionReviewBody,
    response: AdmissionReviewAnswer,
    problems: REVIEW,
    summary: 'Admission review of a Kubernetes API server, with a client certificate or a bearer secret',
    tag: 'gate',
    bodyBytesMax: REVIEW_BODY_BYTES_MAX,
  },
  reviewAdmissionBySegment: {
    id: 'reviewAdmissionBySegment',
    method: 'POST',
    path: `${BASE}/gate/k8s/admission/review/t/:segment`,
    roles: 'public',
    webhook: true,
    answersOverload: true,
    status: 200,
    params: SegmentParams,
    query: GateQuery,
    body: AdmissionReviewBody,
    response: AdmissionReviewAnswer,
    problems: REVIEW,
    summary: 'The same, with a path secret: for control planes that can show nothing else',
    tag: 'gate',
    bodyBytesMax: REVIEW_BODY_BYTES_MAX,
  },
  gateAdmission: {
    id: 'gateAdmission',
    method: 'POST',
    path: `${BASE}/gate/k8s/admission`,
    roles: ['member', 'service'],
    scopes: ['gate'],
    status: 200,
    query: GateQuery,
    body: GateBody,
    response: VerdictAnswer,
    problems: GATE,
    summary: 'May this change of a cluster go ahead? For callers that are no API server',
    tag: 'gate',
    idempotencyKey: 'optional',
  },
  gateCloudEvent: {
    id: 'gateCloudEvent',
    method: 'POST',
    path: `${BASE}/gate/cloud-event`,
    roles: ['member', 'service'],
    scopes: ['gate'],
    status: 200,
    query: GateQuery,
    body: CloudEventBody,
    response: VerdictAnswer,
    problems: [...GATE, 'media_type_unsupported'],
    summary: 'May the change go ahead that this event asks for? Structured and binary mode too',
    tag: 'gate',
    idempotencyKey: 'optional',
  },
  gateBatch: {
    id: 'gateBatch',
    method: 'POST',
    path: `${BASE}/gate/batch`,
    roles: ['member', 'service'],
    scopes: ['gate'],
    status: 200,
    query: GateQuery,
    body: BatchBody,
    response: BatchAnswer,
    problems: GATE,
    summary: 'May these changes go ahead? Decided in order, or all of them or none',
    tag: 'gate',
    bodyBytesMax: PLAN_BODY_BYTES_MAX,
    idempotencyKey: 'optional',
  },
  runTask: {
    id: 'runTask',
    method: 'POST',
    path: `${BASE}/gate/terraform/run-task`,
    roles: 'public',
    status: 200,
    body: RunTaskBody,
    response: null,
    problems: RUN_TASK,
    summary: 'A run task of the only Terraform installation there is; signed, answered by callback',
    tag: 'gate',
  },
  runTaskOfIntegration: {
    id: 'runTaskOfIntegration',
    method: 'POST',
    path: `${BASE}/gate/terraform/run-task/:integration_id`,
    roles: 'public',
    status: 200,
    params: RunTaskParams,
    body: RunTaskBody,
    response: null,
    problems: RUN_TASK,
    summary: 'A run task of one Terraform installation; signed, answered by callback',
    tag: 'gate',
  },
} as const satisfies Readonly<Record<string, RouteContract>>;
