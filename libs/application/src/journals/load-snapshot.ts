import { toHex } from '@verdict/ledger';
import type { Journals } from '../ports/journals.js';
import { unreadable } from './entry-log.js';
import type { FoldedState } from './fold-in-order.js';
import { type JournalKind, journalName } from './kinds.js';
import type { ServiceDefinition } from './service-definition.js';
import { readSnapshot } from './snapshot.codec.js';

type Snapshotted<State> = Pick<ServiceDefinition<State, never, unknown>, 'name' | 'own' | 'initial' | 'stateVersion'>;

/** The journal that a service keeps its snapshots beside. */
export const anchorOf = ({ own }: Snapshotted<unknown>): JournalKind => own[0] ?? 'decisions';

/**
 * The newest snapshot of a tenant's state. It is a cache: of another state version, or of a journal that says otherwise, it
 * is left alone.
 *
 * @returns undefined where there is none that can be used.
 * @throws LogUnreadable, JournalGap.
 */
export const loadSnapshot = async <State>(
  journals: Journals,
  service: Snapshotted<State>,
  tenantId: string,
): Promise<FoldedState<State> | undefined> => {
  const name = journalName(anchorOf(service), tenantId);
  try {
    const kept = await journals.loadSnapshot(name, service.name);
    if (kept === undefined || kept.schemaVersion !== service.stateVersion) return undefined;
    for await (const entry of journals.read(name, kept.revision, 1)) {
      if (entry.revision !== kept.revision || toHex(entry.leafHash) !== toHex(kept.leafHash)) return undefined;
      return readSnapshot<State>(kept.state);
    }
    return undefined;
  } catch (error) {
    throw unreadable(`the snapshot of ${tenantId}`, error);
  }
};
