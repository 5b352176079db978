import { type JournalKind, parseJournalName } from '../journals/kinds.js';
import type { JournalName, Revision } from '../ports/journals.js';

export const SLICE_ENTRIES_MAX = 200;

/** When a failing journal is tried again: `firstMs`, doubled with each try, at most `longestMs`; parked after `triesMax`. */
export interface RetryTerms {
  readonly triesMax: number;
  readonly firstMs: number;
  readonly longestMs: number;
}
/** @source protocols section 4.3 */
export const RETRY_TERMS: RetryTerms = { triesMax: 8, firstMs: 100, longestMs: 30_000 };

/** Milliseconds to wait after the `tries`-th failure in a row, counted from 1. */
export const backoffMs = ({ firstMs, longestMs }: RetryTerms, tries: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(tries - 1, 30));

/**
 * - `following`: read and apply whatever the log has
 * - `waiting`: failed; a timer tries it again
 * - `parked`: failed too often; waits for `resume`
 */
export type LaneStatus = 'following' | 'waiting' | 'parked';

/** How far one journal has been projected, as this process knows it. The mark in the store is the truth. */
export class Lane {
  /** The next revision the store needs. */
  next: Revision = 0n;
  /** The last revision that the log is known or said to have. */
  head: Revision = -1n;
  status: LaneStatus = 'following';
  /** Failures in a row at `next`. */
  tries = 0;
  /** Reads in a row that the log did not answer. */
  outages = 0;
  /** Entries of the next slice: one at a time after a failure, so that the one to blame is found and no other waits. */
  limit = SLICE_ENTRIES_MAX;
  /** Unix milliseconds since when entries have been waiting; undefined when none is. */
  behindSinceMs: number | undefined;

  private constructor(
    readonly journal: JournalName,
    readonly tenantId: string,
    readonly kind: JournalKind,
  ) {}

  /** undefined for journals that belong to no tenant: nothing of them is projected. */
  static of(journal: JournalName): Lane | undefined {
    const parsed = parseJournalName(journal);
    return parsed === undefined ? undefined : new Lane(journal, parsed.tenantId, parsed.kind);
  }

  get isBehind(): boolean {
    return this.next <= this.head;
  }

  /** A suspect is applied in a transaction of its own. */
  get isSuspect(): boolean {
    return this.tries > 0 || this.limit < SLICE_ENTRIES_MAX;
  }

  /** A whole slice is waiting already. */
  get hasFullSlice(): boolean {
    return this.behindCount >= SLICE_ENTRIES_MAX;
  }

  get behindCount(): number {
    return this.isBehind ? Number(this.head - this.next) + 1 : 0;
  }

  /** The store has everything below `next`. */
  moveTo(next: Revision): void {
    if (next > this.next) {
      this.tries = 0;
      this.outages = 0;
      this.limit = Math.min(SLICE_ENTRIES_MAX, this.limit * 2);
    }
    this.next = next;
    if (!this.isBehind) this.behindSinceMs = undefined;
  }
}
