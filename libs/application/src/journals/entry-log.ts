import type { Actor } from '@verdict/domain';
import { type Cause, readEntry } from '@verdict/ledger';
import {
  type AppendResult,
  JournalGap,
  type JournalName,
  type Journals,
  LogUnreadable,
  type Revision,
  type SeeingAppend,
  type SeenHead,
  type StoredEntry,
} from '../ports/journals.js';

/** An entry with its payload read once for all that fold or project it in this process. */
export interface RecordedEntry extends StoredEntry {
  /** The envelope's id, which also binds sealed text to its entry. */
  readonly id: string;
  readonly payload: unknown;
  readonly typeV: number;
  readonly commandId: string;
  /** W3C trace context of the command that caused it. */
  readonly traceparent: string | null;
  readonly recordedAt: string;
  readonly actor: Actor;
  readonly observed: Readonly<Record<string, number>>;
  readonly causes: readonly Cause[];
}

/** What the writer of an entry knows of it already, so that nobody in this process parses it again. */
export type FreshEntry = Omit<RecordedEntry, 'revision'>;

/**
 * Reads an entry's bytes once for all who fold, project or relay it.
 * @throws SyntaxError when the bytes are not an entry.
 */
export const recordEntry = (stored: StoredEntry): RecordedEntry => {
  const { envelope, payload } = readEntry(stored.bytes);
  return {
    ...stored,
    id: envelope.id,
    payload,
    typeV: envelope.type_v,
    commandId: envelope.command_id,
    traceparent: envelope.traceparent,
    recordedAt: envelope.recorded_at,
    actor: envelope.actor,
    observed: envelope.observed,
    causes: envelope.causes,
  };
};

/** A hole and damaged bytes are what the log says; whatever else a store fails to read for, it is away. */
export const unreadable = (what: string, error: unknown): Error =>
  error instanceof JournalGap || error instanceof SyntaxError || error instanceof LogUnreadable
    ? error
    : new LogUnreadable(`${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });

/** Runs around an append, for instance as spans of the traces that its entries belong to. */
export type AroundAppend = (
  batch: { readonly journal: JournalName; readonly entries: readonly FreshEntry[] },
  append: () => Promise<AppendResult>,
) => Promise<AppendResult>;

/** Entries kept of one journal, up to twice that between two cuts, and of all journals together. */
const TAIL_ENTRIES_MAX = 256;
const ENTRIES_MAX = 8_192;
/** Followers read within a tenth of a second; what is kept for longer outlives the young generation, and is dear to collect. */
const KEPT_MS = 150;

/** The newest entries of one journal, contiguous, ending at `next - 1`. */
interface Tail {
  readonly entries: RecordedEntry[];
  /** When each was appended, in ms of the monotonic clock. */
  readonly since: number[];
  next: Revision;
}

/** How many of the oldest a tail lets go now. */
const surplusOf = ({ entries, since }: Tail, now: number): number => {
  const excess = entries.length > TAIL_ENTRIES_MAX * 2 ? entries.length - TAIL_ENTRIES_MAX : 0;
  return Math.max(
    excess,
    since.findIndex((at) => now - at <= KEPT_MS),
  );
};

/**
 * The log as services use it: appends sealed entries, reads them parsed, and keeps the newest of each journal in memory,
 * since every service of a process reads what one of them has just written.
 */
export class EntryLog {
  private readonly tails = new Map<JournalName, Tail>();
  private kept = 0;

  constructor(
    readonly journals: Journals,
    private readonly around: AroundAppend = (_batch, append) => append(),
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether `append` can take `seen`. */
  get canAppendSeeing(): boolean {
    return this.journals.appendSeeing !== undefined;
  }

  /** `seen`: conflict also when one of these journals has moved on. */
  async append(
    journal: JournalName,
    expected: Revision,
    entries: readonly FreshEntry[],
    seen?: readonly SeenHead[],
  ): Promise<AppendResult> {
    const result = await this.around({ journal, entries }, () => this.store({ journal, expected, entries, seen }));
    if (result.kind === 'appended') {
      this.keep(
        journal,
        entries.map((entry, index) => ({ revision: expected + 1n + BigInt(index), ...entry })),
      );
    }
    return result;
  }

  private store({ seen, ...append }: Omit<SeeingAppend, 'seen'> & { readonly seen: SeeingAppend['seen'] | undefined }) {
    if (seen === undefined) return this.journals.append(append.journal, append.expected, append.entries);
    if (this.journals.appendSeeing === undefined) throw new Error('this log cannot look at other journals');
    return this.journals.appendSeeing({ ...append, seen });
  }

  /** @throws LogUnreadable while the store is away. */
  async heads(journals: readonly JournalName[]): Promise<readonly Revision[]> {
    try {
      return await this.journals.heads(journals);
    } catch (error) {
      throw unreadable('heads', error);
    }
  }

  /**
   * Yields entries from `from` to the head, parsed, in order and without gaps.
   * @throws LogUnreadable while the store is away, JournalGap, SyntaxError when bytes are not an entry.
   */
  async *read(journal: JournalName, from: Revision, limit?: number): AsyncGenerator<RecordedEntry> {
    let left = limit ?? Number.MAX_SAFE_INTEGER;
    let next = from;
    for (const entry of this.tailFrom(journal, from)) {
      if (left <= 0) return;
      yield entry;
      left -= 1;
      next = entry.revision + 1n;
    }
    if (next > from) return; // The tail ends at the newest append that this process knows of; a hint brings the rest.
    try {
      for await (const stored of this.journals.read(journal, from, limit)) yield recordEntry(stored);
    } catch (error) {
      throw unreadable(journal, error);
    }
  }

  private tailFrom(journal: JournalName, from: Revision): readonly RecordedEntry[] {
    const tail = this.tails.get(journal);
    if (tail === undefined) return [];
    const first = tail.next - BigInt(tail.entries.length);
    return from < first || from >= tail.next ? [] : tail.entries.slice(Number(from - first));
  }

  private keep(journal: JournalName, entries: readonly RecordedEntry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const known = this.tails.get(journal);
    const tail = known?.next === first.revision ? known : { entries: [], since: [], next: first.revision };
    const now = this.now();
    if (known !== undefined) this.kept -= known.entries.length;
    tail.entries.push(...entries);
    tail.since.push(...entries.map(() => now));
    tail.next = first.revision + BigInt(entries.length);
    const surplus = surplusOf(tail, now);
    tail.entries.splice(0, surplus);
    tail.since.splice(0, surplus);
    this.kept += tail.entries.length;
    this.tails.delete(journal); // The newest goes last, so the first is the one that was idle longest.
    this.tails.set(journal, tail);
    while (this.kept > ENTRIES_MAX && this.tails.size > 1) this.dropIdle();
  }

  private dropIdle(): void {
    for (const [journal, { entries }] of this.tails) {
      this.tails.delete(journal);
      this.kept -= entries.length;
      return;
    }
  }
}
