import type { Outcome } from '@verdict/domain';
import { z } from 'zod';
import { REVIEW_API_VERSION, REVIEW_KIND } from './admission-review.reader.js';

/** Keys without a slash: the API server puts the webhook's name and one slash before them. @source protocols K6 */
const AUDIT_KEYS = [
  'decision-id',
  'decision',
  'reason-codes',
  'policy-version',
  'request-fingerprint',
  'approval-required',
  'approval-request-id',
] as const;
type AuditKey = (typeof AUDIT_KEYS)[number];

/** POST /gate/k8s/admission/review: what others define is not closed. */
export const AdmissionReviewBody = z
  .looseObject({
    apiVersion: z.literal(REVIEW_API_VERSION),
    kind: z.literal(REVIEW_KIND),
    request: z.looseObject({ uid: z.string().min(1).max(256) }),
  })
  .meta({ id: 'AdmissionReviewRequest' });

const Status = z.strictObject({ code: z.literal(403), reason: z.literal('Forbidden'), message: z.string().min(1) });

/** Never a patch: this webhook validates. @source contract section 5.3 */
export const AdmissionReviewAnswer = z
  .strictObject({
    apiVersion: z.literal(REVIEW_API_VERSION),
    kind: z.literal(REVIEW_KIND),
    response: z.strictObject({
      uid: z.string(),
      allowed: z.boolean(),
      status: Status.optional(),
      warnings: z.array(z.string().max(120)).max(8).optional(),
      auditAnnotations: z.partialRecord(z.enum(AUDIT_KEYS), z.string().max(1023)).optional(),
    }),
  })
  .meta({ id: 'AdmissionReviewResponse' });
export type AdmissionReviewAnswer = z.output<typeof AdmissionReviewAnswer>;

/** A verdict as a review tells it. */
export interface ReviewVerdict {
  readonly decision: Outcome;
  readonly decisionId: string;
  readonly reasonCodes: readonly string[];
  readonly policyVersion: number;
  readonly requestFingerprint: string;
  readonly approvalRequestId: string | null;
  readonly warnings: readonly string[];
}

const WARNINGS_MAX = 8;
const WARNING_LENGTH_MAX = 120;
const REASONS_SHOWN = 3;
const VALUE_LENGTH_MAX = 1000;

// C0, C1, and the separators that end a line: the API server drops a text that has one, without a word (K5).
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const HALF_PAIR = /[\uD800-\uDBFF]$/;

const oneLine = (text: string): string => text.replace(CONTROL, ' ').trim();
const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).replace(HALF_PAIR, '')}…`;

/** At most 8 lines of at most 120 characters, each once. @source protocols K5 */
export const reviewWarnings = (warnings: readonly string[]): readonly string[] => {
  const lines = warnings.map((warning) => cut(oneLine(warning), WARNING_LENGTH_MAX)).filter((line) => line !== '');
  return [...new Set(lines)].slice(0, WARNINGS_MAX);
};

/** The decision's id comes first: of several webhooks that deny, one answer is shown (K4). */
const messageOf = ({ decision, decisionId, reasonCodes, approvalRequestId }: ReviewVerdict): string => {
  const reasons = reasonCodes.slice(0, REASONS_SHOWN).join(', ');
  const approval = approvalRequestId === null ? '' : `; approval ${approvalRequestId}`;
  return `${decisionId} ${decision}: ${reasons}${approval}`;
};

const auditOf = (verdict: ReviewVerdict): Record<AuditKey, string> => ({
  'decision-id': verdict.decisionId,
  decision: verdict.decision,
  'reason-codes': cut(verdict.reasonCodes.join(','), VALUE_LENGTH_MAX),
  'policy-version': String(verdict.policyVersion),
  'request-fingerprint': verdict.requestFingerprint,
  'approval-required': String(verdict.decision === 'REQUIRE_APPROVAL'),
  'approval-request-id': verdict.approvalRequestId ?? '',
});

const PERMITTING: ReadonlySet<Outcome> = new Set<Outcome>(['ALLOW', 'ALLOW_WITH_CREDITS']);

const answer = (response: AdmissionReviewAnswer['response']): AdmissionReviewAnswer => ({
  apiVersion: REVIEW_API_VERSION,
  kind: REVIEW_KIND,
  response,
});
const deny = (message: string) => ({ code: 403, reason: 'Forbidden', message }) as const;
const withWarnings = (warnings: readonly string[]) => {
  const lines = reviewWarnings(warnings);
  return lines.length === 0 ? {} : { warnings: [...lines] };
};

/**
 * The answer to a review.
 *
 * @param uid of the request, echoed.
 * @returns `allowed` for the two permitting outcomes alone; a denial is 403 Forbidden with a message that names the
 *   decision, its first three reasons and its approval; the seven audit keys.
 * @source contract section 5.3, "AdmissionReview"; protocols K3 to K6
 */
export const reviewAnswer = (uid: string, verdict: ReviewVerdict): AdmissionReviewAnswer => {
  const allowed = PERMITTING.has(verdict.decision);
  return answer({
    uid,
    allowed,
    ...(allowed ? {} : { status: deny(messageOf(verdict)) }),
    ...withWarnings(verdict.warnings),
    auditAnnotations: auditOf(verdict),
  });
};

/** A denial without a decision: the gate refused the question itself, such as the replay of an answer under a stop. */
export const reviewRefusal = (uid: string, code: string, detail: string): AdmissionReviewAnswer =>
  answer({ uid, allowed: false, status: deny(oneLine(`no decision: ${code}: ${detail}`)) });
