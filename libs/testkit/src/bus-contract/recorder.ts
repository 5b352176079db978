import type { JournalName, Movement, RecordedEntry, Revision } from '@verdict/application';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Rules of a single movement that it breaks. */
const faultsOf = ({ journal, kind, tenantId, head, entries }: Movement): readonly string[] => {
  const isRun = entries.every(({ revision }, index) => revision === head - BigInt(entries.length - 1 - index));
  return [
    ...(isRun ? [] : [`${journal}: the entries do not run up to revision ${head.toString()}`]),
    ...(journal === `${kind}-${tenantId}` ? [] : [`${journal} is not the ${kind} journal of ${tenantId}`]),
    ...(head >= 0n ? [] : [`${journal}: told of before it has an entry`]),
  ];
};

/** A consumer that notes what it was told, and every way in which the bus broke its word. */
export class Recorder {
  /** Highest revision of each journal in calls that this consumer has dealt with. */
  readonly heads = new Map<JournalName, Revision>();
  readonly carried = new Map<JournalName, Map<Revision, RecordedEntry>>();
  readonly faults: string[] = [];
  rejections = 0;
  private readonly busy = new Set<JournalName>();
  private rejecting = 0;
  private workMs = 0;

  /** The next `count` calls are rejected. */
  rejectNext(count: number): void {
    this.rejecting += count;
  }

  /** Calls take this long from now on. */
  takeLong(ms: number): void {
    this.workMs = ms;
  }

  isTold(): boolean {
    return this.heads.size > 0;
  }

  get isBusy(): boolean {
    return this.busy.size > 0;
  }

  hasReached(journal: JournalName, head: Revision): boolean {
    return (this.heads.get(journal) ?? -1n) >= head;
  }

  /** Tells everything so far from what comes. */
  forget(): void {
    this.heads.clear();
    this.carried.clear();
  }

  readonly deliver = async (movements: readonly Movement[]): Promise<void> => {
    const journals = new Set(movements.map(({ journal }) => journal));
    for (const journal of journals) {
      if (this.busy.has(journal)) this.faults.push(`two calls at once for ${journal}`);
      this.busy.add(journal);
    }
    await this.work();
    for (const journal of journals) this.busy.delete(journal);
    if (this.rejecting > 0) {
      this.rejecting -= 1;
      this.rejections += 1;
      throw new Error('this consumer rejects the call');
    }
    for (const movement of movements) this.note(movement);
  };

  private async work(): Promise<void> {
    await turn();
    if (this.workMs > 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, this.workMs);
      });
    }
  }

  private note(movement: Movement): void {
    const { journal, head, entries } = movement;
    this.faults.push(...faultsOf(movement));
    if (!this.hasReached(journal, head)) this.heads.set(journal, head);
    const known = this.carried.get(journal) ?? new Map<Revision, RecordedEntry>();
    this.carried.set(journal, known);
    for (const entry of entries) known.set(entry.revision, entry);
  }
}
