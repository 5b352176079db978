import { type JournalKind, parseJournalName } from '../journals/kinds.js';
import type { JournalName, Revision } from '../ports/journals.js';

/** One journal on its way to the bus. */
export interface Track {
  readonly journal: JournalName;
  readonly tenantId: string;
  /** The next revision to publish. */
  next: Revision;
  /** The last revision that the log is known to have. */
  head: Revision;
  /** Unix milliseconds since when entries have been waiting; undefined when none is. */
  behindSinceMs: number | undefined;
}

export interface Turn {
  readonly track: Track;
  /** Entries to publish at most. */
  readonly limit: number;
}

/** The journals of one kind, and which of them have something to publish: the longest waiting first. */
export class Tracks {
  private readonly all = new Map<JournalName, Track>();
  private readonly behind = new Set<Track>();

  constructor(
    private readonly kind: JournalKind,
    private readonly nowMs: () => number,
  ) {}

  get isBehind(): boolean {
    return this.behind.size > 0;
  }

  get lag(): { readonly entries: number; readonly oldestMs: number } {
    const now = this.nowMs();
    let entries = 0;
    let oldest = now;
    for (const { next, head, behindSinceMs } of this.behind) {
      entries += Number(head - next) + 1;
      oldest = Math.min(oldest, behindSinceMs ?? now);
    }
    return { entries, oldestMs: now - oldest };
  }

  /** The log has at least `head`. False for journals of other kinds. */
  moved(journal: JournalName, head: Revision): boolean {
    const parsed = parseJournalName(journal);
    if (parsed?.kind !== this.kind) return false;
    const { tenantId } = parsed;
    const track = this.all.get(journal) ?? { journal, tenantId, next: 0n, head: -1n, behindSinceMs: undefined };
    this.all.set(journal, track);
    if (head > track.head) track.head = head;
    this.place(track);
    return true;
  }

  /** The bus has everything below `next`. */
  published(journal: JournalName, next: Revision): void {
    const track = this.all.get(journal);
    if (track === undefined) return;
    track.next = next;
    this.place(track);
  }

  /** A turn for each journal before a busy one gets its second. */
  take(entriesMax: number, journalsMax: number): readonly Turn[] {
    const turns: Turn[] = [];
    let left = entriesMax;
    for (const track of this.behind) {
      if (left <= 0 || turns.length >= journalsMax) break;
      const limit = Math.min(left, Number(track.head - track.next) + 1);
      turns.push({ track, limit });
      left -= limit;
    }
    for (const { track } of turns) {
      this.behind.delete(track);
      this.behind.add(track);
    }
    return turns;
  }

  private place(track: Track): void {
    if (track.next > track.head) {
      track.behindSinceMs = undefined;
      this.behind.delete(track);
    } else {
      track.behindSinceMs ??= this.nowMs();
      this.behind.add(track);
    }
  }
}
