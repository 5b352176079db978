import type { RowChange } from '../projections/changes.js';
import type { JournalName, Revision } from './journals.js';

/** One entry as the row changes it means; none for entries that no table shows. */
export interface ProjectedEntry {
  readonly revision: Revision;
  readonly changes: readonly RowChange[];
}

/** Consecutive entries of one journal of a tenant: revisions rise by one. */
export interface ProjectedSlice {
  readonly journal: JournalName;
  readonly entries: readonly ProjectedEntry[];
}

/** A journal whose next entry could not be projected; nothing behind that entry is projected until it is resumed. */
export interface ParkedJournal {
  readonly journal: JournalName;
  /** The revision that failed. */
  readonly revision: Revision;
  readonly error: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly since: string;
}

/**
 * Where projections are kept, with the high-water mark of each journal beside them. Rows and marks change in one
 * transaction, so a crash, a second delivery or a second process changes nothing twice (G4).
 *
 * Every method rejects with ProjectionsUnavailable while the store cannot be reached or another process was in the way:
 * repeating the call is safe. Any other rejection of `apply` means that a change cannot be stored as it is.
 * @source architecture section 3, protocols section 4.3
 */
export interface ProjectionStore {
  /** The next revision each journal needs, for all journals that the store knows; others need 0. */
  marks(): Promise<ReadonlyMap<JournalName, Revision>>;
  /**
   * Applies the slices, at most one per journal, in one transaction: all or none. Of each slice, entries below the mark
   * are dropped; a slice that begins above the mark changes nothing. Answers with the marks as they are afterwards, so
   * the caller sees what the store still lacks.
   */
  apply(slices: readonly ProjectedSlice[]): Promise<ReadonlyMap<JournalName, Revision>>;
  /** Remembers that a journal is parked; parking it again replaces the reason. */
  park(parked: ParkedJournal): Promise<void>;
  /** Forgets that a journal is parked; one that is not changes nothing. */
  resume(journal: JournalName): Promise<void>;
  /** Sorted by journal. */
  parked(): Promise<readonly ParkedJournal[]>;
}

/** The store is away or busy: nothing was decided about the entries, and trying again is safe. */
export class ProjectionsUnavailable extends Error {
  override readonly name = 'ProjectionsUnavailable';
}
