import type { AppendResult, JournalName, Revision, SealedEntry } from '@verdict/application';

export interface Batch {
  readonly journal: JournalName;
  readonly expected: Revision;
  readonly entries: readonly SealedEntry[];
}

export interface Waiting extends Batch {
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends that wait, by journal: first come, first served within one; a turn each between many. */
export class AppendQueue {
  /** In the order of their turns: journals that wait and are not busy. */
  private readonly ready = new Map<JournalName, Waiting[]>();
  private readonly busy = new Map<JournalName, Waiting[]>();
  private waitingCount = 0;

  get size(): number {
    return this.waitingCount;
  }

  add(waiting: Waiting): void {
    const line = this.busy.get(waiting.journal) ?? this.ready.get(waiting.journal);
    if (line === undefined) this.ready.set(waiting.journal, [waiting]);
    else line.push(waiting);
    this.waitingCount += 1;
  }

  /** The next append; its journal is busy until `done`, so that no two are under way in one. */
  take(): Waiting | undefined {
    for (const [journal, line] of this.ready) {
      const first = line.shift();
      this.ready.delete(journal);
      if (first === undefined) continue;
      this.busy.set(journal, line);
      this.waitingCount -= 1;
      return first;
    }
    return undefined;
  }

  done(journal: JournalName): void {
    const line = this.busy.get(journal) ?? [];
    this.busy.delete(journal);
    if (line.length > 0) this.ready.set(journal, line);
  }
}
