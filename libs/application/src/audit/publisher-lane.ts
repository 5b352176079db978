import type { JournalKind } from '../journals/kinds.js';
import type { SignedHead } from '../ports/audit.js';
import type { JournalName, Revision } from '../ports/journals.js';

/** How far one journal is under a checkpoint, as this process knows it. What is true is in the store. */
export interface PublisherLane {
  readonly journal: JournalName;
  readonly tenantId: string;
  readonly kind: JournalKind;
  /** The last revision that the log is said to have. */
  head: Revision;
  /** undefined: not known yet. */
  signed: SignedHead | undefined;
  /** Unix milliseconds since when an entry has been waiting for a checkpoint; undefined when none is. */
  waitingSinceMs: number | undefined;
  /** Nothing is signed for it any more. */
  isStopped: boolean;
}

/** Whether the log is said to have entries that no checkpoint covers. */
export const isBehind = ({ isStopped, signed, head }: PublisherLane): boolean =>
  !isStopped && (signed === undefined || signed.size <= head);
