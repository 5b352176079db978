import type { JournalKind } from '../journals/kinds.js';
import type { JournalName, Revision } from './journals.js';

/**
 * What relays share: who publishes a kind of journal now, and how far each journal has been published. Every method
 * rejects with ProjectionsUnavailable while the store cannot be reached; repeating the call is safe.
 * @source architecture section 3, protocols section 6
 */
export interface RelayStore {
  /**
   * Takes the lease of a kind, or prolongs it, for `ttlMs` by the store's own clock. False: another holder has it. Two
   * holders at once cost duplicates, never a loss, so a lease needs no fence.
   */
  lease(kind: JournalKind, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives the lease back; one that another holds is left alone. */
  release(kind: JournalKind, holder: string): Promise<void>;
  /** The next revision to publish, of every journal of the kind that has a mark; others need 0. */
  marks(kind: JournalKind): Promise<ReadonlyMap<JournalName, Revision>>;
  /** Moves marks on; a mark never falls. */
  advance(marks: ReadonlyMap<JournalName, Revision>): Promise<void>;
}
