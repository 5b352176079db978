import type { ChangeRequest, DecidedChange, UseCaseResult } from '@verdict/application';
import { isProblemCode, type Metrics } from '@verdict/nest-kit';

/** Counts one call of a gate by what came of it. */
export const countVerdict = (
  metrics: Metrics,
  source: ChangeRequest['source'],
  result: UseCaseResult<DecidedChange>,
  seconds: number,
): void => {
  if (result.kind === 'problem') {
    const { code } = result.problem;
    if (isProblemCode(code)) metrics.gateRefusals.inc(source, code);
    if (code === 'idempotency_conflict') metrics.gateIdempotencyEvents.inc(source, 'conflict');
    if (code === 'verdict_not_durable') metrics.gateFailures.inc(source, 'log_unavailable');
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
