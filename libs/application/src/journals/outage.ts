import { LogUnreadable } from '../ports/journals.js';
import type { LaneOutcome } from './service-definition.js';

/** What a command ends with when the state that it is decided on cannot be had. */
export const outcomeWithoutState = (error: unknown): Extract<LaneOutcome<never>, { kind: 'unavailable' | 'failed' }> =>
  error instanceof LogUnreadable ? { kind: 'unavailable' } : { kind: 'failed', error };

/**
 * For the `catch` of a question about a service's state: nothing, while the log is away.
 * @throws whatever else it was: a defect, which waiting does not mend and an operator has to hear of.
 */
export const nothingWhileAway = (error: unknown): undefined => {
  if (error instanceof LogUnreadable) return undefined;
  throw error;
};
