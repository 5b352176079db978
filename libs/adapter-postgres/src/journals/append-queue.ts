import type { AppendResult, JournalName } from '@verdict/application';
import type { Batch } from './statements.js';

export interface Waiting extends Batch {
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** Appends that wait, by journal: first come, first served within one; a turn each between many. */
export class AppendQueue {
  private readonly byJournal = new Map<JournalName, Waiting[]>();
  private readonly busy = new Set<JournalName>();
  private waitingCount = 0;

  get size(): number {
    return this.waitingCount;
  }

  add(waiting: Waiting): void {
    const line = this.byJournal.get(waiting.journal);
    if (line === undefined) this.byJournal.set(waiting.journal, [waiting]);
    else line.push(waiting);
    this.waitingCount += 1;
  }

  /**
   * Takes at most one append per journal, up to the limits (a single one may exceed them), and sorts them by name.
   * Journals stay busy until `done`: a second append would only wait for the lock of the first, and others with it.
   */
  take({ entries, bytes }: GroupLimits): readonly Waiting[] {
    const group: Waiting[] = [];
    let entryCount = 0;
    let byteCount = 0;
    for (const [journal, line] of this.byJournal) {
      const first = line[0];
      if (first === undefined || this.busy.has(journal)) continue;
      entryCount += first.entries.length;
      byteCount += first.bytes;
      if (group.length > 0 && (entryCount > entries || byteCount > bytes)) break;
      group.push(first);
    }
    for (const { journal } of group) this.remove(journal);
    return group.sort((a, b) => (a.journal < b.journal ? -1 : 1)); // Code units: the "C" order of ASCII names.
  }

  done(group: readonly Waiting[]): void {
    for (const { journal } of group) this.busy.delete(journal);
  }

  private remove(journal: JournalName): void {
    const line = this.byJournal.get(journal) ?? [];
    line.shift();
    this.byJournal.delete(journal);
    if (line.length > 0) this.byJournal.set(journal, line); // To the end: others come first.
    this.busy.add(journal);
    this.waitingCount -= 1;
  }
}
