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
  readAdmissionReview,
  reviewAnswer,
  reviewRefusal,
  type ReviewVerdict,
  ROUTES,
} from '@verdict/contracts';
import { answerWithinMs, type ClusterTerms, isCluster } from '@verdict/domain';
import {
  type Call,
  currentTraceparent,
  Endpoint,
  LOGGER,
  type Logger,
  METRICS,
  type Metrics,
  problem,
  TheCall,
  withSpan,
} from '@verdict/nest-kit';
import { countRefusal, countVerdict } from './count-verdict.js';
import { REVIEW_ADMISSION } from './tokens.js';
import { within } from './within.js';

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

const WITHOUT_VERDICT_IN_TIME = {
  timeout: 'no verdict was durable within the deadline',
  overloaded: 'the gate has more calls than it may take',
  evaluation_error: 'the review could not be decided',
} as const;

const notDurable = (detail: string) => problem('verdict_not_durable', { detail });

/**
 * The webhook of Kubernetes. Once the uid is read the answer is 200 with a review, or 503 where no verdict is durable (G1).
 * @source contract section 5.3, "AdmissionReview"
 */
@Controller()
export class ReviewController {
  constructor(
    @Inject(REVIEW_ADMISSION) private readonly reviewAdmission: ReviewAdmission,
    @Inject(METRICS) private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
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
    const reading = readAdmissionReview(call.bytes);
    if (reading.kind === 'refused') {
      const { code, pointer, detail } = reading;
      throw problem(code, { errors: [{ pointer, code, detail }] });
    }
    if (call.overload !== null) throw this.withoutVerdict('overloaded');
    const { info } = call;
    const review = {
      request: reading.request,
      integration,
      correlationId: info.correlationId,
      traceparent: currentTraceparent() ?? info.traceparent,
    };
    const result = await this.decided(review, answerWithinMs(info.deadlineMs) - call.elapsedMs);
    if (result.kind === 'problem') return this.refused(reading.request.uid, result.problem);
    call.answer.entry('decisions', result.value.decided.entry.revision);
    return reviewAnswer(reading.request.uid, verdictOf(result.value));
  }

  /** The decision, in time. A late one is committed all the same, and answers the next call of its key. */
  private async decided(review: AskedReview, milliseconds: number): Promise<UseCaseResult<ReviewedAdmission>> {
    const started = performance.now();
    const work = withSpan('decide change', { 'verdict.source': SOURCE }, () => this.reviewAdmission(review));
    try {
      const outcome = await within(work, milliseconds);
      if (outcome.kind === 'in_time') {
        countVerdict(this.metrics, SOURCE, changeOf(outcome.value), (performance.now() - started) / 1000);
        return outcome.value;
      }
      work.catch((error: unknown) => {
        this.logger.error({ err: error }, 'a review that was given up has failed');
      });
    } catch (error) {
      this.logger.error({ err: error }, 'a review could not be decided');
      throw this.withoutVerdict('evaluation_error');
    }
    throw this.withoutVerdict('timeout');
  }

  /**
   * What a review gets whose verdict is not there in time. Contract 12.2 answers with a fail-safe verdict, once that is
   * durable; without the log nothing here makes one durable, so the cluster's failurePolicy decides (G1).
   */
  private withoutVerdict(failure: keyof typeof WITHOUT_VERDICT_IN_TIME) {
    this.metrics.gateFailures.inc(SOURCE, failure);
    return notDurable(WITHOUT_VERDICT_IN_TIME[failure]);
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
