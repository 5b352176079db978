import type { CheckpointStore } from '../ports/audit.js';
import type { JournalName, Journals, Revision } from '../ports/journals.js';
import type { RetryTerms } from '../projections/lane.js';

export interface CopyDeps {
  readonly source: Journals;
  readonly target: Journals;
  /** Where the newest signed checkpoints are kept; absent: nothing was ever signed, or it is not at hand. */
  readonly checkpoints?: Pick<CheckpointStore, 'latestCheckpoints'>;
}

/** `checking`: what the target has already. `verifying`: what was copied now. Counts are of entries. */
export interface CopyProgress {
  readonly phase: 'checking' | 'copying' | 'verifying';
  readonly entries: number;
  readonly total: number;
}

export interface CopyOptions {
  /** Compares only: nothing is written. */
  readonly verifyOnly?: boolean;
  /** Journals under way at the same time. Default 8. */
  readonly atOnce?: number;
  /** When an append of unknown outcome is repeated, and how often before the copy gives up. */
  readonly retry?: RetryTerms;
  /** Called for every entry or batch; must be cheap and never throw. */
  readonly onProgress?: (progress: CopyProgress) => void;
  /** Ends the copy between two entries; what was copied stays. */
  readonly signal?: AbortSignal;
}

/**
 * Why a journal's two sides cannot be one log.
 *
 * - `other_entry`: both hold an entry there, and not the same bytes
 * - `surplus_entry`: the target holds an entry there, the source none
 * - `lost_entry`: a signed checkpoint covers the entry, or the target has had it, and it is gone
 * - `damaged_entry`: the source's leaf hash or id of the entry is not that of its bytes
 * - `refused_entry`: the target does not take the entry at its place
 * - `other_root`: with this entry as the last one the root is not the one that was signed
 */
export type DifferenceKind =
  'other_entry' | 'surplus_entry' | 'lost_entry' | 'damaged_entry' | 'refused_entry' | 'other_root';

export interface Difference {
  readonly kind: DifferenceKind;
  /** The first revision at which the sides differ. */
  readonly revision: Revision;
}

export interface CopiedJournal {
  readonly journal: JournalName;
  /** Entries that were read on both sides and found equal. */
  readonly entries: bigint;
  /** Entries that this run has appended to the target. */
  readonly copied: number;
  /** Entries of the source that the target lacks; 0n where the sides differ. */
  readonly left: bigint;
  /** Merkle roots of those equal entries, 32 bytes, computed from the bytes of each side. */
  readonly sourceRoot: Uint8Array;
  readonly targetRoot: Uint8Array;
  /** Size of the newest signed checkpoint, when its root was met; null: there is none, or it covers more than was compared. */
  readonly checkpoint: bigint | null;
  readonly difference: Difference | null;
}

/**
 * - `equal`: every journal of the source is in the target, and the target has nothing else
 * - `incomplete`: what the target has is right, and entries are left: the source has moved, or nothing was to be written
 * - `refused`: a journal differs, so nothing was written to any
 * - `different`: a journal differs
 */
export type CopyOutcome = 'equal' | 'incomplete' | 'refused' | 'different';

export interface CopyReport {
  readonly outcome: CopyOutcome;
  /** By name. */
  readonly journals: readonly CopiedJournal[];
}

/** The target did not say whether it has stored a batch. Copying again goes on from what it has. */
export class CopyStalled extends Error {
  override readonly name = 'CopyStalled';
}
