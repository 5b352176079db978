import type { GateState, RuleEngine } from '@verdict/domain';
import { gateService } from '../gate/gate-service.js';
import type { EntryLog, RecordedEntry } from '../journals/entry-log.js';
import type { FoldedState } from '../journals/fold-in-order.js';
import { journalName } from '../journals/kinds.js';
import { loadSnapshot } from '../journals/load-snapshot.js';
import { type RecordedAnswer, walkDecisions } from './walk-decisions.js';

export interface StateBeforeDeps {
  readonly log: EntryLog;
  readonly rules: RuleEngine;
}

/** The gate's snapshot, if it was taken before all that the command of this decision wrote. */
const snapshotBefore = async (
  log: EntryLog,
  tenantId: string,
  { revision, commandId }: RecordedEntry,
): Promise<FoldedState<GateState> | undefined> => {
  const kept = await loadSnapshot(log.journals, gateService, tenantId);
  if (kept === undefined || kept.folded.decisions >= revision) return undefined;
  if (kept.folded.decisions < 0n) return kept;
  for await (const last of log.read(journalName('decisions', tenantId), kept.folded.decisions, 1))
    return last.commandId === commandId ? undefined : kept;
  return undefined;
};

/** The state in front of the decision itself: the holds that it took over, or that it draws from, have ended by then. */
const inFrontOf = ({ state, entries }: RecordedAnswer): GateState =>
  entries.slice(0, -1).reduce((folded, entry) => gateService.evolve(folded, 'decisions', entry), state);

/**
 * The gate's state that one decision was made on, folded from the journals alone up to exactly what it pins: from the newest
 * snapshot where that is older, else from the first entry. What its command ended before it is over: its balances come on
 * top of what is left then.
 *
 * @param decision an entry of the decisions journal.
 * @returns undefined where the journal holds no such decision.
 * @throws LogUnreadable, JournalGap, PinnedEntryMissing.
 */
export const stateBefore = async (
  { log, rules }: StateBeforeDeps,
  tenantId: string,
  decision: RecordedEntry,
): Promise<GateState | undefined> => {
  const { revision } = decision;
  const start = await snapshotBefore(log, tenantId, decision);
  let found: GateState | undefined;
  await walkDecisions({
    source: { tenantId, read: (kind, from) => log.read(journalName(kind, tenantId), from) },
    range: { from: revision, to: revision },
    rules,
    ...(start === undefined ? {} : { start }),
    visit: (answer) => {
      found = inFrontOf(answer);
    },
  });
  return found;
};
