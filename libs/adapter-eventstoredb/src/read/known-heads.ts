import type { JournalName, Revision } from '@verdict/application';

const JOURNALS_MAX = 100_000;

/**
 * The highest revision of each journal that this process has seen stored. A store that shows less is stale or has lost
 * entries; forgetting one only makes a loss harder to notice.
 */
export class KnownHeads {
  private readonly heads = new Map<JournalName, Revision>();

  of(journal: JournalName): Revision {
    return this.heads.get(journal) ?? -1n;
  }

  raise(journal: JournalName, revision: Revision): void {
    if (revision <= this.of(journal)) return;
    if (this.heads.size >= JOURNALS_MAX) this.heads.clear();
    this.heads.set(journal, revision);
  }
}
