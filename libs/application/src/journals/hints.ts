import type { Revision } from '../ports/journals.js';
import type { Folded } from './fold-in-order.js';
import type { JournalKind } from './kinds.js';

/**
 * What a lane was told of the heads of its journals, and whether that is enough to go by. It is not while an append has an
 * unknown outcome, or what was told could not be read: then only the log itself can say what it holds.
 */
export class Hints {
  private told: Partial<Folded> = {};
  private inDoubt = true;
  private due = true;

  /** Whether there may be something to fold, or to do. */
  get areDue(): boolean {
    return this.due;
  }

  get areInDoubt(): boolean {
    return this.inDoubt;
  }

  /** False when it is no news to who has folded so far. */
  add(kind: JournalKind, head: Revision, folded: Folded): boolean {
    if (head <= (this.told[kind] ?? folded[kind])) return false;
    this.told = { ...this.told, [kind]: head };
    this.due = true;
    return true;
  }

  /** A turn is due though nothing has moved: the clock wants one. */
  stir(): void {
    this.due = true;
  }

  /** Read back before anything else is appended. */
  doubt(): void {
    this.inDoubt = true;
    this.due = true;
  }

  /** What was told, for a catch-up that begins: what is told from now on is for the next one. */
  take(): Partial<Folded> {
    const { told } = this;
    this.told = {};
    this.inDoubt = false;
    this.due = false;
    return told;
  }

  /** That catch-up failed. The next turn asks the log, and nobody takes that turn for this alone. */
  fail(): void {
    this.inDoubt = true;
  }
}
