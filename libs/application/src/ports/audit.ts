import type { BundleInput, WrittenBundle } from '@verdict/ledger';
import type { JournalKind } from '../journals/kinds.js';
import type { JournalName, Revision } from './journals.js';

/** Leaf hashes of a journal, in revision order without gaps; every `Journals` is one. Throws JournalGap. */
export interface LeafSource {
  read(
    journal: JournalName,
    from: Revision,
    limit?: number,
  ): AsyncIterable<{ readonly revision: Revision; readonly leafHash: Uint8Array }>;
}

/** What a journal's signer has signed last, and what it needs to go on from there. */
export interface SignedHead {
  readonly journal: JournalName;
  /** Number of leaves; 0n: nothing was signed yet. */
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Serialised frontier of that size. */
  readonly frontier: Uint8Array;
  /** Leaf hash of revision `size - 1`; null at size 0. */
  readonly lastLeaf: Uint8Array | null;
  /** Why nothing more is signed for this journal; null: it is. */
  readonly refusal: string | null;
}

export interface StoredCheckpoint {
  readonly journal: JournalName;
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** C2SP signed note. */
  readonly note: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly publishedAt: string;
}
export interface NewCheckpoint extends StoredCheckpoint {
  readonly frontier: Uint8Array;
  readonly lastLeaf: Uint8Array;
}

/** What came of one journal's turn to sign. */
export type Signing =
  | { readonly kind: 'signed'; readonly checkpoint: NewCheckpoint }
  | { readonly kind: 'refused'; readonly journal: JournalName; readonly reason: string };

/**
 * Checkpoints of all journals, and what was signed last. Every method rejects with AuditStoreUnavailable while the store
 * cannot be reached; repeating the call is safe.
 * @source ledger format section 4
 */
export interface CheckpointStore {
  /** One per journal, in the order asked; size 0 for journals that were never signed. */
  signedHeads(journals: readonly JournalName[]): Promise<readonly SignedHead[]>;
  /**
   * Gives `sign` what was signed last, as no other process can change it meanwhile, and stores what it answers, all in one
   * transaction: a note can be read only after its size and root have become the last signed ones. A refusal stops the
   * journal's publishing for every process and outlives restarts. A checkpoint that does not grow its journal is rejected.
   */
  signNext(
    journals: readonly JournalName[],
    sign: (heads: ReadonlyMap<JournalName, SignedHead>) => Promise<readonly Signing[]>,
  ): Promise<void>;
  /** The newest of each journal that has one, by name. */
  latestCheckpoints(journals: readonly JournalName[]): Promise<readonly StoredCheckpoint[]>;
  /** The smallest of at least `size` leaves: the same one for ever, once it is there. */
  firstCovering(journal: JournalName, size: bigint): Promise<StoredCheckpoint | undefined>;
}

/** Half-open. */
export interface ExportRange {
  readonly from: Revision;
  readonly to: Revision;
}
export type ExportRanges = Readonly<Partial<Record<JournalKind, ExportRange>>>;
export type ExportStatus = 'queued' | 'running' | 'ready' | 'failed' | 'expired';

export interface ExportResult {
  readonly contentSha256: string;
  readonly manifestSha256: string;
  /** Bytes. */
  readonly size: number;
  /** Entries per journal kind and type. */
  readonly counts: WrittenBundle['counts'];
}

export interface ExportJob {
  readonly tenantId: string;
  readonly exportId: string;
  readonly series: string;
  readonly ranges: ExportRanges;
  readonly status: ExportStatus;
  /** Entries written so far. */
  readonly progress: number;
  readonly total: number;
  readonly result: ExportResult | null;
  readonly failure: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  readonly createdBy: string;
  /** How often somebody began it; a worker of an earlier attempt has nothing to say any more. */
  readonly attempt: number;
}
export interface ExportOrder {
  readonly job: ExportJob;
  /** Idempotency key; null: none. */
  readonly key: string | null;
  /** Canonical text of what was asked, to compare with when the key comes again. */
  readonly asked: string;
}

/** What an export of one series and range says besides its entries: fixed the first time, so that it is the same for ever. */
export interface ExportTerms {
  /** The export before it in the series; null for the first. */
  readonly previous: { readonly manifestSha256: string; readonly ranges: ExportRanges } | null;
  readonly keys: BundleInput['keys'];
  readonly jwks: BundleInput['jwks'];
  readonly generator: BundleInput['generator'];
  readonly clock: BundleInput['clock'];
  /** The key that signs the manifest: its id, and 32 raw bytes in hex. */
  readonly signer: { readonly kid: string; readonly publicKey: string };
  /** The signature once given, by the hash of the text: it is not made anew by a later key. base64. */
  readonly signature: { readonly textSha256: string; readonly bytes: string } | null;
}

export type CreateExport =
  | { readonly kind: 'created'; readonly job: ExportJob }
  /** The key was used before. */
  | { readonly kind: 'known'; readonly job: ExportJob; readonly asked: string }
  | { readonly kind: 'busy' };

export interface ExportPage {
  readonly limit: number;
  /** The last export of the page before; undefined starts. */
  readonly after: { readonly createdAt: string; readonly exportId: string } | undefined;
}

export type ExportEnd =
  | { readonly kind: 'ready'; readonly result: ExportResult; readonly endedAt: string; readonly expiresAt: string }
  | { readonly kind: 'failed'; readonly failure: string; readonly endedAt: string }
  /** Somebody takes it up again from scratch. */
  | { readonly kind: 'queued' };

/** Export jobs of all tenants. Rejects with AuditStoreUnavailable as `CheckpointStore` does. @source contract section 14.3 */
export interface ExportStore {
  /** Stores the job unless its key is known or the tenant has `runningMax` that have not ended; decides one call at a time per tenant. */
  createExport(order: ExportOrder, runningMax: number): Promise<CreateExport>;
  /** The export that this key made. */
  findExportByKey(
    tenantId: string,
    key: string,
  ): Promise<{ readonly job: ExportJob; readonly asked: string } | undefined>;
  findExport(tenantId: string, exportId: string): Promise<ExportJob | undefined>;
  /** Newest first. */
  listExports(tenantId: string, page: ExportPage): Promise<readonly ExportJob[]>;
  /** Newest first: exports of the series that were ready once and are older than the given one. */
  earlierExports(job: ExportJob, limit: number): Promise<readonly ExportJob[]>;
  /** Takes the oldest job that waits, or whose worker has let its lease run out; undefined when there is none. */
  claimExport(lease: { readonly nowMs: number; readonly untilMs: number }): Promise<ExportJob | undefined>;
  /** Prolongs the lease. False: another worker has the job. */
  keepExport(job: ExportJob, progress: number, untilMs: number): Promise<boolean>;
  /** Ends the attempt. False: another worker has the job, and nothing was changed. */
  endExport(job: ExportJob, end: ExportEnd): Promise<boolean>;
  /** Marks exports as expired whose time is over; answers with those that it marked. */
  expireExports(nowMs: number): Promise<readonly ExportJob[]>;
  findTerms(job: ExportJob): Promise<ExportTerms | undefined>;
  /** Stores the terms of the job's series and ranges; replaces those without a signature, and answers with what then holds. */
  saveTerms(job: ExportJob, terms: ExportTerms): Promise<ExportTerms>;
}

/** Everything that audit-export keeps outside the log. */
export interface AuditStore extends CheckpointStore, ExportStore {
  /** Rejects when the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The store is away: nothing was decided, and trying again is safe. */
export class AuditStoreUnavailable extends Error {
  override readonly name = 'AuditStoreUnavailable';
}

/** The bytes of a finished export. */
export interface ExportContent {
  /** Bytes. */
  readonly size: number;
  /** Bytes `from` to `to`, both inclusive. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
}

/** Where finished exports are kept. */
export interface ExportFiles {
  /** Writes the bundle; it appears whole and durable, or not at all. An attempt's leftovers are removed by the next one. */
  write(job: Pick<ExportJob, 'tenantId' | 'exportId' | 'attempt'>, input: BundleInput): Promise<WrittenBundle>;
  open(tenantId: string, exportId: string): Promise<ExportContent | undefined>;
  remove(tenantId: string, exportId: string): Promise<void>;
  /** Rejects when nothing can be written. */
  ping(): Promise<void>;
}

/** Called at moments that operators count; must be cheap and never throw. */
export interface AuditObserver {
  published(round: { readonly journals: number; readonly leaves: number; readonly seconds: number }): void;
  /** An alarm: the log contradicts what was signed. */
  refused(refusal: { readonly journal: JournalName; readonly reason: string }): void;
  /** Store, log or keys are away; the work goes on when they are back. */
  unavailable(error: unknown): void;
  exported(end: {
    readonly exportId: string;
    readonly outcome: 'success' | 'mismatch' | 'rejected_limit' | 'error';
    readonly error?: unknown;
  }): void;
  compared(outcome: 'success' | 'mismatch' | 'error'): void;
}
export const silentAuditObserver: AuditObserver = {
  published: () => undefined,
  refused: () => undefined,
  unavailable: () => undefined,
  exported: () => undefined,
  compared: () => undefined,
};
