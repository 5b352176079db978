import type { Archive } from '../archive/archive.js';
import { inspectEntry } from '../entry/check-entry.js';
import { splitEntry } from '../entry/read-entry.js';
import type { LedgerEntry } from '../entry/read-entry.js';
import { canonicalBytes } from '../json/canonical.js';
import { ENVELOPE_BYTES_MAX, leafHash, sha256Hex } from '../hash.js';
import type { RangeVerifier } from '../tree/verify-proofs.js';
import { addOne } from '../bundle/counts.js';
import { entriesFile } from '../bundle/layout.js';
import type { Lineage } from '../bundle/lineage.js';
import type { Manifest, ManifestRange } from '../bundle/manifest.js';
import { viewHeader, viewOf, viewRow } from '../bundle/views.js';
import type { View } from '../bundle/views.js';
import { publishedText } from '../bundle/write-journal.js';
import type { CauseChecker } from './check-causes.js';
import { LineDefect, entryLines } from './entry-lines.js';
import type { Findings } from './report.js';
import { asWritten, FileComparer } from './view-comparer.js';

/** What all journals of one verification share. */
export interface VerifyRun {
  readonly archive: Archive;
  readonly manifest: Manifest;
  readonly findings: Findings;
  readonly lineage: Lineage;
  readonly causes: CauseChecker;
  /** Latest `recorded_at` so far. */
  newest: string;
}

export interface JournalTotals {
  readonly entries: ReadonlyMap<string, number>;
  /** Per entry type, the rows of the view that are exactly what the entries give. */
  readonly rows: ReadonlyMap<string, number>;
  /** Root at the size that was asked for, where the range passes it. */
  readonly earlierRoot: Uint8Array | undefined;
  /** Latest `recorded_at` of this journal; empty for a journal without a sound entry. */
  readonly newest: string;
}

/** One pass over a journal: checks 4, 5, 16 here, and what 6 and 8 to 12 need. */
export class JournalPass {
  readonly #entries = new Map<string, number>();
  readonly #rows = new Map<string, number>();
  readonly #observed = new Map<string, number>();
  readonly #file: string;
  readonly #range: ManifestRange;
  #view: View | undefined;
  #comparer: FileComparer | undefined;
  #expected: bigint;
  #earlierRoot: Uint8Array | undefined;
  #newest = '';

  constructor(
    readonly run: VerifyRun,
    readonly kind: string,
    range: ManifestRange,
  ) {
    this.#file = entriesFile(kind);
    this.#range = range;
    this.#view = viewOf(kind);
    this.#expected = BigInt(range.from);
  }

  /** `rootAt`: the size of an earlier tree head whose root is wanted. */
  async check(verifier: RangeVerifier | undefined, rootAt: bigint | undefined): Promise<JournalTotals> {
    this.#checkOrigin();
    await this.#openView();
    this.#noteRoot(verifier, rootAt);
    try {
      for await (const line of entryLines(this.run.archive, this.#file)) {
        await this.#line(line, verifier);
        this.#expected += 1n;
        this.#noteRoot(verifier, rootAt);
      }
    } catch (error) {
      if (!(error instanceof LineDefect)) throw error;
      this.#fail(4, error.message);
    }
    if (this.#expected !== BigInt(this.#range.to)) {
      this.#fail(5, 'the entries end at the wrong revision', this.#range.to.toString(), this.#expected.toString());
    }
    await this.#closeView();
    return { entries: this.#entries, rows: this.#rows, earlierRoot: this.#earlierRoot, newest: this.#newest };
  }

  async #line(line: Uint8Array, verifier: RangeVerifier | undefined): Promise<void> {
    const inspected = inspectEntry(line);
    const leaf = leafOf(line);
    if (leaf !== undefined) verifier?.push(leaf);
    if (inspected.kind === 'unsound') {
      for (const { code, pointer, detail } of inspected.findings) this.#fail(4, `${code} at ${pointer}: ${detail}`);
    } else if (leaf !== undefined) {
      await this.#sound(inspected.entry, leaf);
    }
  }

  async #sound(entry: LedgerEntry, leaf: Uint8Array): Promise<void> {
    this.#checkPlace(entry);
    this.#checkObserved(entry);
    this.#checkPublished(entry);
    addOne(this.#entries, entry.envelope.type);
    if (entry.envelope.type === 'decision_recorded') this.run.lineage.push(entry.envelope.revision, entry.payload);
    if (entry.envelope.recorded_at > this.#newest) this.#newest = entry.envelope.recorded_at;
    if (this.#newest > this.run.newest) this.run.newest = this.#newest;
    await this.run.causes.add(this.#file, entry.envelope);
    await this.#compareRow(entry, leaf);
  }

  /** Check 5: the next revision, and of this journal: an entry moved here from another tenant keeps its origin. */
  #checkPlace({ envelope }: LedgerEntry): void {
    if (BigInt(envelope.revision) !== this.#expected) {
      this.#fail(5, 'not the next revision', this.#expected.toString(), envelope.revision.toString());
    }
    if (envelope.origin !== this.#range.origin) this.#fail(5, 'another origin', this.#range.origin, envelope.origin);
  }

  #checkOrigin(): void {
    const [kind, tenant] = this.#range.origin.split('/').reverse();
    const isOfTenant = this.kind === 'system' || tenant === this.run.manifest.query['tenant'];
    if (kind !== this.kind || !isOfTenant)
      this.#fail(5, `the origin ${this.#range.origin} is not of this tenant and kind`);
  }

  /** Check 16. */
  #checkObserved({ envelope }: LedgerEntry): void {
    for (const [kind, seen] of Object.entries(envelope.observed)) {
      const before = this.#observed.get(kind);
      if (before !== undefined && seen < before) {
        this.#fail(16, `observed ${kind} falls`, `at least ${before.toString()}`, seen.toString());
      }
      this.#observed.set(kind, seen);
    }
  }

  /** Check 11, for texts published within the bundle. */
  #checkPublished({ envelope, payload }: LedgerEntry): void {
    const published = publishedText(envelope.type, payload);
    if (published === undefined) return;
    const found = sha256Hex(canonicalBytes(published.text));
    if (found !== published.sha256) this.#fail(11, 'the text has another hash', published.sha256, found);
  }

  #noteRoot(verifier: RangeVerifier | undefined, rootAt: bigint | undefined): void {
    if (rootAt !== undefined && verifier?.next === rootAt) this.#earlierRoot = verifier.rootSoFar();
  }

  async #openView(): Promise<void> {
    if (this.#view === undefined || !this.#hasView(this.#view)) return;
    this.#comparer = new FileComparer(this.run.archive, this.#view.file);
    this.#view = await asWritten(this.#view, this.#comparer);
    if (!(await this.#comparer.matches(viewHeader(this.#view)))) this.#failView('the header differs');
  }

  #hasView({ file }: View): boolean {
    return this.run.archive.members.some(({ name }) => name === file);
  }

  async #compareRow(entry: LedgerEntry, leaf: Uint8Array): Promise<void> {
    if (this.#view === undefined || this.#comparer === undefined) return;
    if (await this.#comparer.matches(viewRow(this.#view, entry, leaf))) addOne(this.#rows, entry.envelope.type);
    else this.#failView('differs from the row made from the entry', this.#expected);
  }

  async #closeView(): Promise<void> {
    if (this.#comparer !== undefined && !(await this.#comparer.isAtEnd()))
      this.#failView('does not end with the last entry');
  }

  #failView(detail: string, revision?: bigint): void {
    if (this.#view === undefined || this.run.findings.hasFailedIn(10, this.#view.file)) return; // The first place says it.
    this.run.findings.fail(10, { file: this.#view.file, ...(revision === undefined ? {} : { revision }), detail });
  }

  #fail(check: 4 | 5 | 11 | 16, detail: string, expected?: string, found?: string): void {
    const numbers = { ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) };
    this.run.findings.fail(check, { file: this.#file, revision: this.#expected, ...numbers, detail });
  }
}

/** Leaf hash of whatever stands where an envelope should, so that one bad entry does not shift all the others. */
const leafOf = (line: Uint8Array): Uint8Array | undefined => {
  const envelope = splitEntry(line)?.envelopeBytes;
  return envelope === undefined || envelope.length > ENVELOPE_BYTES_MAX ? undefined : leafHash(envelope);
};
