import type { JournalName, Revision } from '../ports/journals.js';

interface Waiter {
  readonly revision: Revision;
  readonly settle: (isThere: boolean) => void;
}

/** Reads wait at most seconds, so more than these at once is a flood; the next one is told at once that it is too early. */
const WAITERS_MAX = 10_000;

/** Those who read what they have just written, until the projection has it. */
export class Waiters {
  private readonly byJournal = new Map<JournalName, Set<Waiter>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Resolves to true once `reached` passes `revision`, to false after `timeoutMs`. */
  wait(journal: JournalName, revision: Revision, timeoutMs: number): Promise<boolean> {
    if (this.count >= WAITERS_MAX) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        settle: (isThere) => {
          clearTimeout(timer);
          this.remove(journal, waiter);
          resolve(isThere);
        },
      };
      const timer = setTimeout(() => {
        waiter.settle(false);
      }, timeoutMs);
      const waiting = this.byJournal.get(journal) ?? new Set();
      this.byJournal.set(journal, waiting.add(waiter));
      this.count += 1;
    });
  }

  /** Everything below `next` is there. */
  reached(journal: JournalName, next: Revision): void {
    for (const waiter of this.byJournal.get(journal) ?? []) if (waiter.revision < next) waiter.settle(true);
  }

  /** Nobody brings this journal on for now. */
  dismiss(journal: JournalName): void {
    for (const waiter of this.byJournal.get(journal) ?? []) waiter.settle(false);
  }

  dismissAll(): void {
    for (const journal of [...this.byJournal.keys()]) this.dismiss(journal);
  }

  private remove(journal: JournalName, waiter: Waiter): void {
    const waiting = this.byJournal.get(journal);
    if (waiting?.delete(waiter) !== true) return;
    this.count -= 1;
    if (waiting.size === 0) this.byJournal.delete(journal);
  }
}
