import type { RecordedEntry } from '../journals/entry-log.js';
import type { JournalName, Revision } from '../ports/journals.js';

/** Entries kept for one journal; a journal that waits longer is read from the log. */
const JOURNAL_ENTRIES_MAX = 1_000;
const ENTRIES_MAX = 20_000;

/**
 * Entries that the bus has carried, until they are projected: they spare a read of the log, and nothing else rests on
 * them. Bounded: what does not fit is read from the log.
 */
export class Carried {
  private readonly byJournal = new Map<JournalName, RecordedEntry[]>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Keeps consecutive entries; those that do not follow what is kept replace it. */
  put(journal: JournalName, entries: readonly RecordedEntry[]): void {
    const kept = this.byJournal.get(journal) ?? [];
    const next = (kept.at(-1)?.revision ?? -2n) + 1n;
    const news = entries.filter(({ revision }) => revision >= next);
    const first = news[0];
    if (first === undefined) return;
    const base = first.revision === next ? kept : [];
    this.keep(journal, [...base, ...news].slice(-JOURNAL_ENTRIES_MAX));
  }

  /** Takes entries from `from` on, at most `limit`, and forgets what lies below; empty when `from` is not kept. */
  take(journal: JournalName, from: Revision, limit: number): readonly RecordedEntry[] {
    const kept = this.byJournal.get(journal);
    const first = kept?.[0];
    if (kept === undefined || first === undefined) return [];
    if (from < first.revision) return []; // A gap: the log has it.
    const start = Number(from - first.revision);
    this.keep(journal, kept.slice(start + limit));
    return kept.slice(start, start + limit);
  }

  forget(journal: JournalName): void {
    this.keep(journal, []);
  }

  private keep(journal: JournalName, entries: RecordedEntry[]): void {
    this.count += entries.length - (this.byJournal.get(journal)?.length ?? 0);
    if (entries.length === 0) this.byJournal.delete(journal);
    else this.byJournal.set(journal, entries);
    if (this.count > ENTRIES_MAX && entries.length > 0) this.forget(journal);
  }
}
