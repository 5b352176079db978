import type { AppendResult, SeenHead } from '../ports/journals.js';
import type { EntryLog, FreshEntry } from './entry-log.js';
import type { Folded } from './fold-in-order.js';
import { type JournalKind, journalName } from './kinds.js';

/** The journals of one tenant, as one service writes and folds them. */
export class LaneLog {
  constructor(
    private readonly log: EntryLog,
    private readonly tenantId: string,
    private readonly kinds: readonly JournalKind[],
  ) {}

  /** Whether an append can look at the other journals. */
  get canSee(): boolean {
    return this.log.canAppendSeeing;
  }

  /**
   * Appends what was decided on `folded`. `isSeeing`: it holds only if nothing else was acknowledged meanwhile. Otherwise it
   * follows a look at the heads that is younger than the batch: asking for more would let busy neighbours starve it.
   */
  async append(
    kind: JournalKind,
    fresh: readonly FreshEntry[],
    { folded, isSeeing }: { readonly folded: Folded; readonly isSeeing: boolean },
  ): Promise<AppendResult> {
    const revision = folded[kind];
    const seen = isSeeing ? this.seen(kind, folded) : undefined;
    if (fresh.length > 0) return this.log.append(this.nameOf(kind), revision, fresh, seen);
    // Answers without entries rest on what was seen all the same.
    return !isSeeing || (await this.isAtHeads(folded)) ? { kind: 'appended', revision } : { kind: 'conflict' };
  }

  private seen(writing: JournalKind, folded: Folded): readonly SeenHead[] {
    return this.kinds
      .filter((kind) => kind !== writing)
      .map((kind) => ({ journal: this.nameOf(kind), head: folded[kind] }));
  }

  /** False also when the heads cannot be read: the catch-up that follows says so to those who wait. */
  private async isAtHeads(folded: Folded): Promise<boolean> {
    try {
      const heads = await this.log.heads(this.kinds.map((kind) => this.nameOf(kind)));
      return this.kinds.every((kind, index) => (heads[index] ?? -1n) <= folded[kind]);
    } catch {
      return false;
    }
  }

  private nameOf(kind: JournalKind): string {
    return journalName(kind, this.tenantId);
  }
}
