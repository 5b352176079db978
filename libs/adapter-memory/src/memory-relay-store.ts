import {
  type JournalKind,
  type JournalName,
  parseJournalName,
  type RelayStore,
  type Revision,
} from '@verdict/application';

export interface MemoryRelayStoreOptions {
  /** Unix milliseconds; a test passes its own clock. */
  readonly nowMs: () => number;
}

/** The RelayStore port in memory, shared by all relays that it is given to. */
export class MemoryRelayStore implements RelayStore {
  private readonly leases = new Map<JournalKind, { readonly holder: string; readonly untilMs: number }>();
  private readonly kept = new Map<JournalName, Revision>();

  constructor(private readonly options: MemoryRelayStoreOptions) {}

  lease(kind: JournalKind, holder: string, ttlMs: number): Promise<boolean> {
    const held = this.leases.get(kind);
    const now = this.options.nowMs();
    const isFree = held === undefined || held.holder === holder || held.untilMs < now;
    if (isFree) this.leases.set(kind, { holder, untilMs: now + ttlMs });
    return Promise.resolve(isFree);
  }

  release(kind: JournalKind, holder: string): Promise<void> {
    if (this.leases.get(kind)?.holder === holder) this.leases.delete(kind);
    return Promise.resolve();
  }

  marks(kind: JournalKind): Promise<ReadonlyMap<JournalName, Revision>> {
    return Promise.resolve(new Map([...this.kept].filter(([journal]) => parseJournalName(journal)?.kind === kind)));
  }

  advance(marks: ReadonlyMap<JournalName, Revision>): Promise<void> {
    for (const [journal, next] of marks) if (next > (this.kept.get(journal) ?? 0n)) this.kept.set(journal, next);
    return Promise.resolve();
  }
}
