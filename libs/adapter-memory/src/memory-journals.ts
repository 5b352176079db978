import { JournalGap } from '@verdict/application';
import type {
  AppendResult,
  JournalName,
  Journals,
  Revision,
  SealedEntry,
  SeeingAppend,
  Snapshot,
  StoredEntry,
  Subscription,
} from '@verdict/application';
import { Faults } from './faults.js';
import { checkAppend } from '@verdict/application';
import { MemoryStore } from './memory-store.js';

type OnMoved = (journal: JournalName, head: Revision) => void;

export interface MemoryJournalsOptions {
  /** Shared by several clients, as replicas share a server. Default: a store of its own. */
  readonly store?: MemoryStore;
  /** Runs `work` later; a simulator passes its own scheduler. Default: the next turn of the event loop. */
  readonly schedule?: (work: () => void) => void;
}

const DELAY_TURNS = 3;
const UNKNOWN: AppendResult = { kind: 'unknown' };
const CONFLICT: AppendResult = { kind: 'conflict' };
/** Not `slice`: a Buffer's shares the memory. */
const copyOf = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const snapshotKey = (journal: JournalName, owner: string): string => `${journal}\u0000${owner}`;

/** The Journals port in memory: the same rules as a real store, no clock, no random, faults on demand. */
export class MemoryJournals implements Journals {
  readonly faults = new Faults();
  readonly store: MemoryStore;
  private readonly schedule: (work: () => void) => void;
  private readonly listeners = new Set<OnMoved>();
  private readonly owed = new Map<JournalName, Revision>();
  /** Grows with every crash: an append that began in an earlier life is never answered with more than `unknown`. */
  private life = 0;
  private isClosed = false;

  constructor({ store, schedule }: MemoryJournalsOptions = {}) {
    this.store = store ?? new MemoryStore();
    this.schedule = schedule ?? ((work) => void setImmediate(work));
    this.store.watchers.add(this.notice);
  }

  append(journal: JournalName, expected: Revision, entries: readonly SealedEntry[]): Promise<AppendResult> {
    return this.appendSeeing({ journal, expected, entries, seen: [] });
  }

  async appendSeeing(append: SeeingAppend): Promise<AppendResult> {
    const { journal, expected, entries } = append;
    if (this.isClosed) throw new Error('the journals are closed');
    checkAppend(journal, expected, entries);
    const life = this.life;
    await this.turns(this.faults.strikes('delay') ? DELAY_TURNS : 1);
    if (life !== this.life || this.faults.strikes('crash_before_commit')) return UNKNOWN;
    if (this.faults.strikes('conflict')) return CONFLICT;
    const result = this.commit(append);
    return result.kind === 'appended' && this.faults.strikes('crash_after_commit') ? UNKNOWN : result;
  }

  async *read(journal: JournalName, from: Revision, limit = Number.MAX_SAFE_INTEGER): AsyncIterable<StoredEntry> {
    await this.turns(1);
    const start = from < 0n ? 0 : Number(from);
    const head = this.store.head(journal);
    const found = (this.store.journals.get(journal) ?? []).filter(({ revision }) => revision >= from).slice(0, limit);
    let next = BigInt(start);
    const isLost = (entry: StoredEntry): boolean => entry.revision !== next || this.faults.strikes('gap');
    while (next <= head && next < BigInt(start) + BigInt(limit)) {
      const entry = found[Number(next) - start];
      if (entry === undefined || isLost(entry)) {
        throw new JournalGap(
          `${journal} has lost the entry at revision ${next.toString()}; its head is ${head.toString()}`,
        );
      }
      yield entry;
      next += 1n;
    }
  }

  async heads(journals: readonly JournalName[]): Promise<readonly Revision[]> {
    await this.turns(1);
    return journals.map((journal) => this.store.head(journal));
  }

  async list(): Promise<readonly JournalName[]> {
    await this.turns(1);
    return [...this.store.journals.keys()].sort();
  }

  async subscribe(onMoved: OnMoved): Promise<Subscription> {
    this.listeners.add(onMoved);
    this.schedule(() => {
      this.tellEverything(onMoved);
    });
    await this.turns(1);
    return {
      close: () => {
        this.listeners.delete(onMoved);
        return Promise.resolve();
      },
    };
  }

  async saveSnapshot(journal: JournalName, owner: string, snapshot: Snapshot): Promise<void> {
    await this.turns(1);
    const kept = this.store.snapshots.get(snapshotKey(journal, owner));
    if (kept !== undefined && kept.revision > snapshot.revision) return;
    const { leafHash, state } = snapshot;
    this.store.snapshots.set(snapshotKey(journal, owner), {
      ...snapshot,
      leafHash: leafHash.slice(),
      state: state.slice(),
    });
  }

  async loadSnapshot(journal: JournalName, owner: string): Promise<Snapshot | undefined> {
    await this.turns(1);
    return this.store.snapshots.get(snapshotKey(journal, owner));
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.listeners.clear();
    this.store.watchers.delete(this.notice);
    return Promise.resolve();
  }

  /** The connection dies and is made anew: what was acknowledged stays, what was under way becomes `unknown`. */
  crash(): void {
    this.life += 1;
    this.owed.clear();
    for (const listener of this.listeners) {
      this.schedule(() => {
        this.tellEverything(listener);
      });
    }
  }

  /** Repeats the notices that were lost, as the regular poll of a real store does. */
  poll(): void {
    const owed = [...this.owed];
    this.owed.clear();
    for (const [journal, head] of owed) this.tell(journal, head);
  }

  private commit({ journal, expected, entries, seen }: SeeingAppend): AppendResult {
    const revision = expected + BigInt(entries.length);
    const stored = this.store.journals.get(journal) ?? [];
    if (this.store.head(journal) !== expected) {
      const there = stored.slice(Number(expected + 1n), Number(revision + 1n));
      const isRepeat =
        there.length === entries.length &&
        there.every(({ leafHash }, index) => sameBytes(leafHash, entries[index]?.leafHash ?? new Uint8Array()));
      return isRepeat ? { kind: 'appended', revision } : CONFLICT;
    }
    if (seen.some(({ journal: other, head }) => this.store.head(other) > head)) return CONFLICT;
    const ids = new Set(entries.map(({ storeId }) => storeId));
    const isElsewhere = ids.size < entries.length || entries.some(({ storeId }) => this.store.storeIds.has(storeId));
    if (isElsewhere) return CONFLICT; // These bytes are in this log already, at another place.
    const copies = entries.map(({ type, storeId, leafHash, bytes }, index) => ({
      ...{ type, storeId, leafHash: copyOf(leafHash), bytes: copyOf(bytes) },
      revision: expected + 1n + BigInt(index),
    }));
    this.store.commit(journal, copies);
    return { kind: 'appended', revision };
  }

  private readonly notice: OnMoved = (journal, head) => {
    if (this.listeners.size === 0) return;
    if (this.faults.strikes('lost_notice')) {
      this.owed.set(journal, head);
      return;
    }
    this.poll();
    if (this.faults.strikes('duplicate_notice')) this.tell(journal, head);
    if (this.faults.strikes('late_notice')) {
      void this.turns(DELAY_TURNS).then(() => {
        this.tell(journal, head);
      });
    } else this.tell(journal, head);
  };

  private tell(journal: JournalName, head: Revision): void {
    for (const listener of this.listeners) {
      this.schedule(() => {
        if (this.listeners.has(listener)) listener(journal, head);
      });
    }
  }

  private tellEverything(listener: OnMoved): void {
    for (const journal of this.store.journals.keys()) {
      if (this.listeners.has(listener)) listener(journal, this.store.head(journal));
    }
  }

  private async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) {
      await new Promise<void>((resolve) => {
        this.schedule(resolve);
      });
    }
  }
}
