import { LogUnreadable } from '../ports/journals.js';

/**
 * For the `catch` of a question about a service's state: nothing, while the log is away.
 * @throws whatever else it was: a defect, which waiting does not mend and an operator has to hear of.
 */
export const nothingWhileAway = (error: unknown): undefined => {
  if (error instanceof LogUnreadable) return undefined;
  throw error;
};
