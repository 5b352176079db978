/** Longest that a verdict may take, in milliseconds. @source contract section 12.1 */
export const DEADLINE_MS = 1500;
const MARGIN_MS_MIN = 200;
const MARGIN_PERCENT = 15;
const FLOOR_MS = 100;

/**
 * When an answer has to leave, in milliseconds from arrival: before the caller gives up, with a margin for the way.
 *
 * @param timeoutMs how long the caller waits; undefined: it did not say.
 * @param configuredMs most that is ever taken.
 * @returns 2 s -> 1,500; 1 s -> 800; 10 s -> 1,500; at least 100.
 * @source contract section 12.1
 */
export const answerWithinMs = (timeoutMs: number | undefined, configuredMs: number = DEADLINE_MS): number => {
  if (timeoutMs === undefined) return configuredMs;
  const margin = Math.max(MARGIN_MS_MIN, Math.ceil((timeoutMs * MARGIN_PERCENT) / 100));
  return Math.max(FLOOR_MS, Math.min(timeoutMs - margin, configuredMs));
};
