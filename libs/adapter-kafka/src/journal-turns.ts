import type { JournalName } from '@verdict/application';

/**
 * One at a time per journal. Kafka promises that per partition only, and a journal has two of them for a while: after
 * partitions were added, and while a group is dealt out anew.
 */
export class JournalTurns {
  private readonly busy = new Map<JournalName, Promise<void>>();

  /** Resolves with the release once none of the journals is taken; takes all of them at once, so that nobody waits in a ring. */
  async take(journals: readonly JournalName[]): Promise<() => void> {
    for (let other = this.taken(journals); other !== undefined; other = this.taken(journals)) await other;
    let finish = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      finish = resolve;
    });
    for (const journal of journals) this.busy.set(journal, turn);
    return () => {
      for (const journal of journals) this.busy.delete(journal);
      finish();
    };
  }

  private taken(journals: readonly JournalName[]): Promise<void> | undefined {
    for (const journal of journals) {
      const turn = this.busy.get(journal);
      if (turn !== undefined) return turn;
    }
    return undefined;
  }
}
