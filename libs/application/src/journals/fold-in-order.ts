import type { Revision } from '../ports/journals.js';
import type { RecordedEntry } from './entry-log.js';
import type { JournalKind } from './kinds.js';

export type Folded = Readonly<Record<JournalKind, Revision>>;
export const NOTHING_FOLDED: Folded = { policy: -1n, decisions: -1n, approvals: -1n, reservations: -1n };

/** A state, and how far the journals had been folded for it. */
export interface FoldedState<State> {
  readonly state: State;
  readonly folded: Folded;
}

export interface Fold<State> {
  /** Journals this service writes: they pin, entry by entry, how far the others had been folded. */
  readonly own: readonly JournalKind[];
  /** All journals it folds. */
  readonly kinds: readonly JournalKind[];
  /** Those worth reading, where the heads are known; the rest is read only if an entry pins more of it. Default: all. */
  readonly waiting?: readonly JournalKind[];
  /** Fold no effect of which a cause cannot be read. Default: such an effect is folded all the same, after all else. */
  readonly needsCauses?: boolean;
  readonly evolve: (state: State, kind: JournalKind, entry: RecordedEntry) => State;
}

type Open = (kind: JournalKind, from: Revision) => AsyncIterator<RecordedEntry>;

/** An own entry observed what the log does not give: the order of the fold is not known, so nothing is folded on a guess. */
export class PinnedEntryMissing extends Error {
  override readonly name = 'PinnedEntryMissing';
  constructor(kind: JournalKind, revision: Revision) {
    super(`an entry observed ${kind} up to ${revision.toString()}, which cannot be read`);
  }
}

const observedOf = (entry: RecordedEntry, kind: JournalKind): Revision => BigInt(entry.observed[kind] ?? -1);

/** What an entry saw of these journals has been folded. */
const isReady = (entry: RecordedEntry, kinds: readonly JournalKind[], folded: Folded): boolean =>
  kinds.every((kind) => observedOf(entry, kind) <= folded[kind]);

/** One journal being read; it can be read on, for a reader may have stopped below what is there by now. */
class Cursor {
  peeked: RecordedEntry | undefined;
  private entries: AsyncIterator<RecordedEntry> | undefined;

  constructor(
    readonly kind: JournalKind,
    private readonly open: Open,
  ) {}

  /** False: there is nothing from there on. */
  async openAt(from: Revision): Promise<boolean> {
    this.entries = this.open(this.kind, from);
    await this.advance();
    return this.peeked !== undefined;
  }

  /** What is not read to its end holds on to its store. */
  async close(): Promise<void> {
    if (this.peeked !== undefined) await this.entries?.return?.();
  }

  async advance(): Promise<void> {
    const step = await this.entries?.next();
    this.peeked = step === undefined || step.done === true ? undefined : step.value;
  }
}

class Folding<State> {
  pinned: FoldedState<State> | undefined;
  private readonly own: readonly Cursor[];
  private readonly others: readonly Cursor[];
  private readonly otherKinds: readonly JournalKind[];

  constructor(
    private at: FoldedState<State>,
    private readonly fold: Fold<State>,
    open: Open,
  ) {
    const cursors = fold.kinds.map((kind) => new Cursor(kind, open));
    this.own = cursors.filter(({ kind }) => fold.own.includes(kind));
    this.others = cursors.filter(({ kind }) => !fold.own.includes(kind));
    this.otherKinds = this.others.map(({ kind }) => kind);
  }

  async run(): Promise<FoldedState<State>> {
    const { waiting = this.fold.kinds } = this.fold;
    const first = [...this.own, ...this.others].filter(({ kind }) => waiting.includes(kind));
    await Promise.all(first.map((cursor) => cursor.openAt(this.at.folded[cursor.kind] + 1n)));
    for (let next = await this.nextOwn(); next !== undefined; next = await this.nextOwn()) {
      await this.takeOthers(next.entry);
      await this.take(next.cursor, next.entry);
      this.pinned = this.at;
    }
    await this.takeOthers(undefined);
    return this.at;
  }

  async close(): Promise<void> {
    for (const cursor of [...this.own, ...this.others]) await cursor.close();
  }

  private async take(cursor: Cursor, entry: RecordedEntry): Promise<void> {
    const { state, folded } = this.at;
    this.at = {
      state: this.fold.evolve(state, cursor.kind, entry),
      folded: { ...folded, [cursor.kind]: entry.revision },
    };
    await cursor.advance();
  }

  /** The own entry whose turn it is: the one that has seen no own entry which is still to come. */
  private async nextOwn(): Promise<{ readonly cursor: Cursor; readonly entry: RecordedEntry } | undefined> {
    const first = this.waitingOwn()[0]?.entry;
    if (first === undefined) return undefined;
    const ready = (): ReturnType<Folding<State>['waitingOwn']>[number] | undefined =>
      this.waitingOwn().find(({ entry }) => isReady(entry, this.fold.own, this.at.folded));
    const found = ready();
    if (found !== undefined) return found;
    for (const cursor of this.own) await this.reach(cursor, observedOf(first, cursor.kind));
    const reached = ready();
    if (reached !== undefined) return reached;
    throw new PinnedEntryMissing(this.fold.own[0] ?? 'decisions', first.revision); // Two that have seen each other.
  }

  private waitingOwn(): readonly { readonly cursor: Cursor; readonly entry: RecordedEntry }[] {
    return this.own.flatMap((cursor) => (cursor.peeked === undefined ? [] : [{ cursor, entry: cursor.peeked }]));
  }

  /** Takes the others up to what an own entry observed, or all there is; a cause before its effect. */
  private async takeOthers(pin: RecordedEntry | undefined): Promise<void> {
    if (pin !== undefined) for (const cursor of this.others) await this.reach(cursor, observedOf(pin, cursor.kind));
    for (let next = this.nextOther(pin); next !== undefined; next = this.nextOther(pin)) {
      const { cursor, entry } = next;
      if (this.needsCauses(pin) && !next.isReady && (await this.reachCauses(entry))) continue;
      await this.take(cursor, entry);
      if (pin !== undefined) await this.reach(cursor, observedOf(pin, cursor.kind));
    }
  }

  /** One that is ready, if there is one; otherwise one that has seen more than is being read. */
  private nextOther(
    pin: RecordedEntry | undefined,
  ): { readonly cursor: Cursor; readonly entry: RecordedEntry; readonly isReady: boolean } | undefined {
    let first: Cursor | undefined;
    for (const cursor of this.others) {
      const { kind, peeked } = cursor;
      if (peeked === undefined || (pin !== undefined && peeked.revision > observedOf(pin, kind))) continue;
      if (isReady(peeked, this.otherKinds, this.at.folded)) return { cursor, entry: peeked, isReady: true };
      first ??= cursor;
    }
    return first?.peeked === undefined ? undefined : { cursor: first, entry: first.peeked, isReady: false };
  }

  private needsCauses(pin: RecordedEntry | undefined): boolean {
    return pin === undefined && this.fold.needsCauses === true;
  }

  /** What an entry has seen of the others may lie beyond what is being read. False: it is being read already. */
  private async reachCauses(effect: RecordedEntry): Promise<boolean> {
    const unread = this.others.filter(({ peeked }) => peeked === undefined);
    for (const cursor of unread) await this.reach(cursor, observedOf(effect, cursor.kind));
    return unread.some(({ peeked }) => peeked !== undefined);
  }

  /** Reads on where the reader stopped short of a revision that somebody has seen. */
  private async reach(cursor: Cursor, revision: Revision): Promise<void> {
    if (cursor.peeked !== undefined || revision <= this.at.folded[cursor.kind]) return;
    if (!(await cursor.openAt(this.at.folded[cursor.kind] + 1n))) throw new PinnedEntryMissing(cursor.kind, revision);
  }
}

/**
 * Folds several journals of one tenant in the order in which their writer had folded them: before an own entry, the others
 * up to exactly what it observed. So a restart, another replica and an auditor reach the same state as the writer did.
 *
 * @returns where it ended, and `pinned`, where it was right after the last own entry: what was folded of the others since
 * then is provisional, as another replica's next own entry may have seen less of it.
 * @throws PinnedEntryMissing when what an own entry observed cannot be read.
 * @source architecture section 2 (a decision pins what it saw)
 */
export const foldInOrder = async <State>(
  start: FoldedState<State>,
  fold: Fold<State>,
  open: Open,
): Promise<FoldedState<State> & { readonly pinned: FoldedState<State> | undefined }> => {
  const folding = new Folding(start, fold, open);
  try {
    const end = await folding.run();
    return { ...end, pinned: folding.pinned };
  } finally {
    await folding.close();
  }
};
