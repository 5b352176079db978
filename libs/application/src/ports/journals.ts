/** Position in a journal, 0-based; -1n means "before the first entry". */
export type Revision = bigint;
/** `policy-acme`, `decisions-acme`, `approvals-acme`, `reservations-acme`, `system`. */
export type JournalName = string;

/** One entry with its bytes made once: what is appended is what is hashed, relayed, exported and verified. */
export interface SealedEntry {
  readonly type: string;
  /** UUID made from the first 16 bytes of the leaf hash (version bits 8): "already there" always means these bytes. */
  readonly storeId: string;
  /** 32 raw bytes. */
  readonly leafHash: Uint8Array;
  /** Canonical bytes of `{"envelope":...,"payload":...}`, UTF-8. */
  readonly bytes: Uint8Array;
}
export interface StoredEntry extends SealedEntry {
  readonly revision: Revision;
}

export type AppendResult =
  /** Durable. `revision` is that of the last entry. A repeated batch of the same bytes answers like the first time. */
  | { readonly kind: 'appended'; readonly revision: Revision }
  /** Somebody else wrote there: catch up and decide again. */
  | { readonly kind: 'conflict' }
  /** In or not in: repeat the same bytes, or read back. Never guess. */
  | { readonly kind: 'unknown' };

/** How far its writer has folded a journal. */
export interface SeenHead {
  readonly journal: JournalName;
  readonly head: Revision;
}

/** An append that holds only as long as other journals have not moved on. */
export interface SeeingAppend {
  readonly journal: JournalName;
  readonly expected: Revision;
  readonly entries: readonly SealedEntry[];
  readonly seen: readonly SeenHead[];
}

/** A cache of folded state; one that does not match the journal is dropped and rebuilt. */
export interface Snapshot {
  readonly revision: Revision;
  /** Leaf hash of the entry at `revision`. */
  readonly leafHash: Uint8Array;
  readonly schemaVersion: number;
  readonly state: Uint8Array;
}

export interface Subscription {
  close(): Promise<void>;
}

/**
 * The append-only log. Limits: one append holds 1 to 500 entries and at most 900 KiB; `InvalidAppend` beyond them.
 * @source architecture sections 2 and 6, protocols sections 5 and 7
 */
export interface Journals {
  /** Appends all entries or none. `expected`: the last revision the caller folded; -1n for an empty journal. */
  append(journal: JournalName, expected: Revision, entries: readonly SealedEntry[]): Promise<AppendResult>;
  /**
   * As `append`, unless a journal of `seen` has moved beyond the given head: then `conflict`, and nothing is stored. The
   * heads are those of one moment after the call, so `appended` also says that the writer had seen everything that was
   * acknowledged before it. Absent where the store cannot do this: the caller then reads the heads before it decides.
   */
  appendSeeing?(append: SeeingAppend): Promise<AppendResult>;
  /**
   * Yields entries from `from` (inclusive) to the head at some moment after the call, in revision order without gaps;
   * an unknown journal yields nothing. Throws JournalGap when the store has lost an entry.
   */
  read(journal: JournalName, from: Revision, limit?: number): AsyncIterable<StoredEntry>;
  /** Last revisions, -1n for an empty or unknown journal, in the order asked. Linearizable: sees every acknowledged append. */
  heads(journals: readonly JournalName[]): Promise<readonly Revision[]>;
  /** Names of all journals that hold at least one entry, sorted. */
  list(): Promise<readonly JournalName[]>;
  /**
   * Calls `onMoved` for every journal with entries once after start, and again after each append, by whomever; calls may
   * be merged, repeated or early by nothing. It is a hint that costs a read: truth is the revision.
   */
  subscribe(onMoved: (journal: JournalName, head: Revision) => void): Promise<Subscription>;
  /** Keeps the newest snapshot per (journal, owner); an older one never replaces a newer one. */
  saveSnapshot(journal: JournalName, owner: string, snapshot: Snapshot): Promise<void>;
  loadSnapshot(journal: JournalName, owner: string): Promise<Snapshot | undefined>;
  close(): Promise<void>;
}

/** A batch outside the limits of the port: a bug of the caller, so it is not a refusal. */
export class InvalidAppend extends Error {
  override readonly name = 'InvalidAppend';
}
/** The heads or entries of journals cannot be had: the store is away. Reading again later is safe. */
export class LogUnreadable extends Error {
  override readonly name = 'LogUnreadable';
}
/** The store holds revision n+2 after n: reading stops, nothing is skipped (G4). */
export class JournalGap extends Error {
  override readonly name = 'JournalGap';
}

export const APPEND_ENTRIES_MAX = 500;
export const APPEND_BYTES_MAX = 900 * 1024;
