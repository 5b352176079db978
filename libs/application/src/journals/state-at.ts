import { breathing } from '../shared/breathe.js';
import type { EntryLog, RecordedEntry } from './entry-log.js';
import { type Folded, type FoldedState, foldInOrder, NOTHING_FOLDED, PinnedEntryMissing } from './fold-in-order.js';
import { type JournalKind, journalName } from './kinds.js';
import { loadSnapshot } from './load-snapshot.js';
import type { ServiceDefinition } from './service-definition.js';

type Folding<State> = Pick<
  ServiceDefinition<State, never, unknown>,
  'name' | 'own' | 'kinds' | 'initial' | 'stateVersion' | 'evolve'
>;

const startOf = async <State>(
  log: EntryLog,
  service: Folding<State>,
  tenantId: string,
  to: Folded,
): Promise<FoldedState<State>> => {
  const kept = await loadSnapshot(log.journals, service, tenantId);
  return kept !== undefined && service.kinds.every((kind) => kept.folded[kind] <= to[kind])
    ? kept
    : { state: service.initial, folded: NOTHING_FOLDED };
};

/**
 * The state of a service after exactly these revisions of a tenant's journals, folded from the newest snapshot that is not
 * beyond them, else from the first entries.
 *
 * @param to a point that the service has been at: in front of none of what its own entries observed.
 * @returns undefined where there is no such point.
 * @throws LogUnreadable, JournalGap.
 */
export const stateAt = async <State>(
  log: EntryLog,
  service: Folding<State>,
  tenantId: string,
  to: Folded,
): Promise<State | undefined> => {
  const read = async function* (kind: JournalKind, from: bigint): AsyncGenerator<RecordedEntry> {
    const count = Number(to[kind] - from) + 1;
    if (count > 0) yield* breathing(log.read(journalName(kind, tenantId), from, count));
  };
  const isThere = ({ folded }: FoldedState<State>): boolean => service.kinds.every((kind) => folded[kind] === to[kind]);
  let at = await startOf(log, service, tenantId, to);
  while (!isThere(at)) {
    const next = await foldInOrder(at, service, read).catch((error: unknown) => {
      if (error instanceof PinnedEntryMissing) return undefined;
      throw error;
    });
    if (next === undefined || service.kinds.every((kind) => next.folded[kind] === at.folded[kind])) return undefined;
    at = next; // What this process has in memory may have ended before the journal does.
  }
  return at.state;
};
