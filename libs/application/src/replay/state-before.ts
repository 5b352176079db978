import type { GateState } from '@verdict/domain';
import { gateService } from '../gate/gate-service.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import { foldInOrder, NOTHING_FOLDED } from '../journals/fold-in-order.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Revision } from '../ports/journals.js';
import { breathing } from '../shared/breathe.js';
import type { ReplaySource } from './replay-decisions.js';

/** Ends a fold early; nothing has failed. */
class Found extends Error {
  override readonly name = 'Found';
}

/**
 * The gate's state in front of what one command wrote, folded from the journals alone up to exactly what it pins.
 *
 * @param revision of an entry of the decisions journal.
 * @returns undefined where there is no such entry.
 * @throws LogUnreadable, JournalGap, PinnedEntryMissing.
 */
export const stateBefore = async (source: ReplaySource, revision: Revision): Promise<GateState | undefined> => {
  let command: { readonly id: string; readonly state: GateState } | undefined;
  let found: GateState | undefined;
  const evolve = (state: GateState, kind: JournalKind, entry: RecordedEntry): GateState => {
    if (kind === 'decisions') {
      if (command?.id !== entry.commandId) command = { id: entry.commandId, state };
      if (entry.revision === revision) {
        found = command.state;
        throw new Found();
      }
    }
    return gateService.evolve(state, kind, entry);
  };
  const opened: AsyncGenerator<RecordedEntry>[] = [];
  const open = (kind: JournalKind, from: Revision): AsyncGenerator<RecordedEntry> => {
    const entries = breathing(source.read(kind, from));
    opened.push(entries);
    return entries;
  };
  try {
    const fold = { own: gateService.own, kinds: gateService.kinds, evolve };
    await foldInOrder({ state: gateService.initial, folded: NOTHING_FOLDED }, fold, open);
  } catch (error) {
    if (!(error instanceof Found)) throw error;
  } finally {
    for (const entries of opened) await entries.return(undefined);
  }
  return found;
};
