import type { JournalName, Revision, Snapshot, StoredEntry } from '@verdict/application';

/** What would be on disk: it outlives the clients, as a server outlives its connections. */
export class MemoryStore {
  readonly journals = new Map<JournalName, StoredEntry[]>();
  /** Kept apart from the entries, as a real store does: a lost last entry is then seen too. */
  readonly heads = new Map<JournalName, Revision>();
  readonly storeIds = new Set<string>();
  readonly snapshots = new Map<string, Snapshot>();
  /** Called after every commit, by whichever client. */
  readonly watchers = new Set<(journal: JournalName, head: Revision) => void>();

  head(journal: JournalName): Revision {
    return this.heads.get(journal) ?? -1n;
  }

  commit(journal: JournalName, entries: readonly StoredEntry[]): void {
    const stored = this.journals.get(journal) ?? [];
    this.journals.set(journal, stored);
    for (const entry of entries) {
      stored.push(entry);
      this.storeIds.add(entry.storeId);
    }
    const head = this.head(journal) + BigInt(entries.length);
    this.heads.set(journal, head);
    for (const watch of this.watchers) watch(journal, head);
  }
}
