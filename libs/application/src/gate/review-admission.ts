import {
  type AdmissionChange,
  admissionChange,
  admissionEvidence,
  type AdmissionRequest,
  type ClusterTerms,
  REMOVAL_ACTION,
  sha256Hex,
  unitKey,
} from '@verdict/domain';
import type { CallersWait } from '../journals/callers-wait.js';
import { nothingWhileAway } from '../journals/outage.js';
import type { RequestMeta } from '../shared/request.js';
import { notCommitted, type UseCaseResult } from '../shared/refusal.js';
import type { ChangeRequest, DecideChange, DecidedChange, GateDeps } from './decide-change.js';
import type { FoundIntegration } from './find-integrations.js';

/** A review, and whose proof came with it. */
export interface AskedReview {
  readonly request: AdmissionRequest;
  readonly integration: FoundIntegration<ClusterTerms>;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly wait?: CallersWait | undefined;
}

/** The decision about a review, and what was odd about reading it. */
export interface ReviewedAdmission {
  readonly decided: DecidedChange;
  readonly warnings: readonly string[];
}

const SOURCE = 'k8s_admission';
const NAME_LENGTH_MAX = 256;
const NAME_KEPT = 180;
const GROUPS_MAX = 64;
/** What the API server itself calls a caller without a name. */
const NOBODY = 'system:anonymous';

const boundedName = (name: string): string =>
  name.length <= NAME_LENGTH_MAX ? name : `${name.slice(0, NAME_KEPT)}#${sha256Hex(name)}`;

/** The person or account that the API server names; its other data may hold credentials and are left out. */
const metaOf = ({ request, integration, correlationId, traceparent, wait }: AskedReview): RequestMeta => {
  const subject = request.username === '' ? NOBODY : boundedName(request.username);
  return {
    caller: {
      tenantId: integration.tenantId,
      subject,
      actor: { kind: 'service', id: subject, roles: ['cluster'] },
      groups: request.groups.filter((group) => group.length <= NAME_LENGTH_MAX).slice(0, GROUPS_MAX),
      projects: null,
      onBehalfOf: null,
    },
    key: null,
    correlationId,
    traceparent,
    wait,
  };
};

const changeRequest = (asked: AdmissionChange, clusterId: string, isDryRun: boolean): ChangeRequest => ({
  source: SOURCE,
  action: asked.action,
  resourceReference: asked.reference,
  projectId: asked.projectId,
  environment: asked.environment,
  claim: { method: 'annotation', ...asked.claim },
  metadata: asked.metadata,
  documents: {},
  evidence: admissionEvidence(asked.change),
  planSha256: null,
  channel: 'grant',
  keyFrom: { kind: 'review', clusterId, generatedName: asked.generatedName },
  run: null,
  isDryRun,
  isRemoval: asked.action === REMOVAL_ACTION,
  expectedFingerprint: null,
  justification: null,
  ticket: null,
});

/**
 * Decides about an AdmissionReview: reads what it asks by the terms of its cluster, prices it, and asks the gate.
 *
 * @returns the durable decision; or the problem of the gate, which the edge turns into a review or a 503.
 * A review that meets a pending approval sees what was said last, since the lane looks at the heads of all journals.
 *
 * @source protocols section 1.3; contract sections 6.3 (key) and 11.5
 */
export const createReviewAdmission =
  (deps: Pick<GateDeps, 'gate'>, decideChange: DecideChange) =>
  async (review: AskedReview): Promise<UseCaseResult<ReviewedAdmission>> => {
    const { request, integration } = review;
    const { tenantId } = integration;
    const { terms } = integration.integration;
    const current = await deps.gate.current(tenantId).catch(nothingWhileAway);
    if (current === undefined) return notCommitted({ kind: 'unavailable' }, 'verdict_not_durable');
    const unit = (reference: string) => current.state.units.get(unitKey(terms.cluster_id, reference)) ?? null;
    const asked = admissionChange(request, terms, unit);
    const question = changeRequest(asked, terms.cluster_id, request.isDryRun);
    const result = await decideChange(question, metaOf(review));
    return result.kind === 'done'
      ? { kind: 'done', value: { decided: result.value, warnings: asked.warnings } }
      : result;
  };
export type ReviewAdmission = ReturnType<typeof createReviewAdmission>;
