import type { WireProblem } from './wire-problem.js';
import type { LaneOutcome } from '../journals/service-definition.js';

/** How a use case ends: a value, or a problem with a closed code. Unexpected errors are thrown: they are defects. */
export type UseCaseResult<Value> =
  { readonly kind: 'done'; readonly value: Value } | { readonly kind: 'problem'; readonly problem: WireProblem };

export const done = <Value>(value: Value): UseCaseResult<Value> => ({ kind: 'done', value });
export const problemOf = <Value>(code: string, more: Omit<WireProblem, 'code'> = {}): UseCaseResult<Value> => ({
  kind: 'problem',
  problem: { code, ...more },
});

/** What an identity is answered about a project that is none of its own. @source contract section 2 */
export const projectForbidden = (): Extract<UseCaseResult<never>, { kind: 'problem' }> => ({
  kind: 'problem',
  problem: { code: 'project_forbidden', detail: 'the token names other projects' },
});

/** What every writing use case answers when nothing was committed. `whenUnavailable` is 503 by the caller's own code. */
export const notCommitted = <Value>(
  outcome: Exclude<LaneOutcome<unknown>, { kind: 'committed' }>,
  whenUnavailable: 'log_unavailable' | 'verdict_not_durable' = 'log_unavailable',
): UseCaseResult<Value> => {
  switch (outcome.kind) {
    case 'unknown':
      return problemOf('outcome_unknown', {
        detail: 'the log did not say in time whether it took the entry: repeat with the same key',
      });
    case 'unavailable':
      return problemOf(whenUnavailable, { detail: 'the log cannot be reached; nothing was written' });
    case 'contended':
      return problemOf(whenUnavailable, {
        detail: 'no turn came in time, or other writers won every race for this journal; nothing was written',
      });
    case 'overloaded':
      return problemOf('rate_limited', {
        detail: 'too many commands of this tenant are waiting',
        retryAfterSeconds: 1,
      });
    case 'too_large':
      return problemOf('validation_failed', {
        detail: `the entry would be ${outcome.bytes.toString()} bytes, at most ${outcome.bytesMax.toString()} are allowed`,
      });
    case 'failed':
      throw outcome.error;
  }
};
