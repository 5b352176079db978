import type { JournalName } from '@verdict/application';

const HOT_MAX = 32;

/** Chooses which heads a poll asks for: those that moved last, and the others by turns. */
export class Rotation {
  /** Last moved comes last. */
  private readonly hot = new Set<JournalName>();
  private turns: JournalName[] = [];
  private seen = 0;

  moved(journal: JournalName): void {
    this.hot.delete(journal);
    this.hot.add(journal);
    for (const oldest of this.hot) {
      if (this.hot.size <= HOT_MAX) break;
      this.hot.delete(oldest);
    }
  }

  /**
   * At most `max` of `all`, none twice: first those that are new, then those that moved last. Every one of them comes
   * within as many calls as it takes.
   * @param all only grows, and keeps the order in which names came.
   */
  choose(all: ReadonlySet<JournalName>, max: number): readonly JournalName[] {
    const fresh = [...all].slice(this.seen, this.seen + max);
    this.seen += fresh.length;
    const chosen = new Set([...fresh, ...[...this.hot].slice(-Math.ceil(max / 2))].slice(0, max));
    if (this.turns.length === 0) this.turns = [...all];
    while (chosen.size < max) {
      const next = this.turns.pop();
      if (next === undefined) break;
      chosen.add(next);
    }
    return [...chosen];
  }
}
