import type { ChangeRequest, DecidedChange, UseCaseResult } from '@verdict/application';
import { isProblemCode, type Metrics } from '@verdict/nest-kit';

type Source = ChangeRequest['source'];
type Refused = Extract<UseCaseResult<DecidedChange>, { kind: 'problem' }>['problem'];

/** Counts one question by what came of it. A refusal that is answered as a problem is counted where that is sent. */
export const countVerdict = (
  metrics: Metrics,
  source: Source,
  result: UseCaseResult<DecidedChange>,
  seconds: number,
): void => {
  if (result.kind === 'problem') {
    const { code } = result.problem;
    if (code === 'idempotency_conflict') metrics.gateIdempotencyEvents.inc(source, 'conflict');
    if (code === 'rate_limited') metrics.gateFailures.inc(source, 'overloaded');
    return;
  }
  const { recorded, isReplayed, isExpired } = result.value;
  const path = isReplayed ? 'replay' : 'normal';
  metrics.gateDecisions.inc(source, recorded.decision, path);
  metrics.gateLatencySeconds.observe(seconds, source, path);
  if (isReplayed) metrics.gateIdempotencyEvents.inc(source, isExpired ? 'expired' : 'replay');
  else for (const reason of recorded.reason_codes) metrics.gateDecisionReasons.inc(source, reason);
};

/** A refusal inside an answer that is none: of a member, or of a review. */
export const countRefusal = (metrics: Metrics, source: Source, { code }: Pick<Refused, 'code'>): void => {
  if (isProblemCode(code)) metrics.gateRefusals.inc(source, code);
};
