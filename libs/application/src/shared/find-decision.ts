import type { EntryLog } from '../journals/entry-log.js';
import { journalName } from '../journals/kinds.js';
import type { ReadBarrier } from '../ports/platform.js';
import type { DecisionView, ReadModels } from '../ports/read-models.js';

export interface FindDecisionDeps {
  readonly readModels: Pick<ReadModels, 'findDecision'>;
  readonly barrier: ReadBarrier;
  readonly log: EntryLog;
}

const TIP_WAIT_MS = 2_000;

/**
 * Finds a decision, or says that there is none: an unknown id may be a moment old, so the journal is read to its tip
 * before it is called unknown. @source contract section 1, "read your writes"
 */
export const findDecision = async (
  { readModels, barrier, log }: FindDecisionDeps,
  tenantId: string,
  decisionId: string,
): Promise<DecisionView | undefined> => {
  const known = await readModels.findDecision(tenantId, decisionId);
  if (known !== undefined) return known;
  const [head] = await log.heads([journalName('decisions', tenantId)]);
  if (head === undefined || head < 0n) return undefined;
  await barrier.waitFor(tenantId, 'decisions', head, TIP_WAIT_MS);
  return readModels.findDecision(tenantId, decisionId);
};
