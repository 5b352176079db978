import { Controller, Inject } from '@nestjs/common';
import type {
  AskedReview,
  DecidedChange,
  FoundIntegration,
  ReviewAdmission,
  ReviewedAdmission,
  UseCaseResult,
} from '@verdict/application';
import {
  type AdmissionReviewAnswer,
  GateQuery,
  readAdmissionReview,
  reviewAnswer,
  reviewRefusal,
  type ReviewVerdict,
  ROUTES,
} from '@verdict/contracts';
import { type ClusterTerms, isCluster } from '@verdict/domain';
import {
  type Call,
  currentTraceparent,
  Endpoint,
  METRICS,
  type Metrics,
  problem,
  TheCall,
  withSpan,
} from '@verdict/nest-kit';
import { type AskInTime, type TimeToAnswer, timeWithin } from './ask-in-time.js';
import { countRefusal, countVerdict } from './count-verdict.js';
import { ASK_IN_TIME, REVIEW_ADMISSION } from './tokens.js';

const SOURCE = 'k8s_admission';

/** Problems after which nobody may say what was decided: the call fails, and the cluster's failurePolicy decides. */
const WITHOUT_VERDICT: ReadonlySet<string> = new Set([
  'verdict_not_durable',
  'outcome_unknown',
  'log_unavailable',
  'read_model_behind',
  'rate_limited',
  'internal_error',
]);

const clusterOf = ({ tenantId, integration }: FoundIntegration): FoundIntegration<ClusterTerms> => {
  if (!isCluster(integration)) throw problem('unauthenticated', { detail: 'This proof is of another kind.' });
  return { tenantId, integration };
};

const verdictOf = ({ decided: { recorded }, warnings }: ReviewedAdmission): ReviewVerdict => ({
  decision: recorded.decision,
  decisionId: recorded.decision_id,
  reasonCodes: recorded.reason_codes,
  policyVersion: recorded.policy_version,
  requestFingerprint: recorded.request_fingerprint,
  approvalRequestId: recorded.approval?.approval_id ?? null,
  warnings: [
    ...(recorded.would_be === null
      ? []
      : [`would be ${recorded.would_be.decision}: ${recorded.would_be.reason_codes.slice(0, 3).join(', ')}`]),
    ...warnings,
    ...recorded.warnings,
  ],
});

const notDurable = (detail: string) => problem('verdict_not_durable', { detail });

/**
 * The webhook of Kubernetes. Once the uid is read the answer is 200 with a review, or 503 where no verdict is durable (G1).
 * @source contract section 5.3, "AdmissionReview"
 */
@Controller()
export class ReviewController {
  constructor(
    @Inject(REVIEW_ADMISSION) private readonly reviewAdmission: ReviewAdmission,
    @Inject(ASK_IN_TIME) private readonly inTime: AskInTime,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Endpoint(ROUTES.reviewAdmission)
  review(@TheCall() call: Call): Promise<AdmissionReviewAnswer> {
    return this.answer(call);
  }

  @Endpoint(ROUTES.reviewAdmissionBySegment)
  reviewBySegment(@TheCall() call: Call): Promise<AdmissionReviewAnswer> {
    return this.answer(call);
  }

  private async answer(call: Call): Promise<AdmissionReviewAnswer> {
    const integration = clusterOf(call.integration);
    const { timeout } = call.query(GateQuery); // Now, since a review whose uid is read is answered with a review.
    const reading = readAdmissionReview(call.bytes);
    if (reading.kind === 'refused') {
      const { code, pointer, detail } = reading;
      throw problem(code, { errors: [{ pointer, code, detail }] });
    }
    if (call.overload !== null) {
      this.metrics.gateFailures.inc(SOURCE, 'overloaded');
      throw notDurable('the gate has more calls than it may take');
    }
    const { info } = call;
    const review = {
      request: reading.request,
      integration,
      correlationId: info.correlationId,
      traceparent: currentTraceparent() ?? info.traceparent,
    };
    const result = await this.decided(review, timeWithin(call, timeout));
    if (result.kind === 'problem') return this.refused(reading.request.uid, result.problem);
    call.answer.entry('decisions', result.value.decided.entry.revision);
    return reviewAnswer(reading.request.uid, verdictOf(result.value));
  }

  private async decided(review: AskedReview, time: TimeToAnswer): Promise<UseCaseResult<ReviewedAdmission>> {
    const started = performance.now();
    const result = await this.inTime.ask({ source: SOURCE, ...time }, (wait) =>
      withSpan('decide change', { 'verdict.source': SOURCE }, () => this.reviewAdmission({ ...review, wait })),
    );
    countVerdict(this.metrics, SOURCE, changeOf(result), (performance.now() - started) / 1000);
    return result;
  }

  private refused(uid: string, refusal: { readonly code: string; readonly detail?: string }): AdmissionReviewAnswer {
    const detail = refusal.detail ?? 'the gate does not decide about this';
    if (WITHOUT_VERDICT.has(refusal.code)) throw notDurable(detail);
    countRefusal(this.metrics, SOURCE, refusal);
    return reviewRefusal(uid, refusal.code, detail);
  }
}

const changeOf = (result: UseCaseResult<ReviewedAdmission>): UseCaseResult<DecidedChange> =>
  result.kind === 'done' ? { kind: 'done', value: result.value.decided } : result;
