import type { Revision } from '../ports/journals.js';
import type { RecordedEntry } from './entry-log.js';
import type { JournalKind } from './kinds.js';

export type Folded = Readonly<Record<JournalKind, Revision>>;
export const NOTHING_FOLDED: Folded = { policy: -1n, decisions: -1n, approvals: -1n, reservations: -1n };

export interface Fold<State> {
  /** Journals this service writes: they pin, entry by entry, how far the others had been folded. */
  readonly own: readonly JournalKind[];
  /** All journals it folds. */
  readonly kinds: readonly JournalKind[];
  readonly evolve: (state: State, kind: JournalKind, entry: RecordedEntry) => State;
}

interface Cursor {
  readonly kind: JournalKind;
  readonly entries: AsyncIterator<RecordedEntry>;
  peeked: RecordedEntry | undefined;
}

const advance = async (cursor: Cursor): Promise<void> => {
  const step = await cursor.entries.next();
  cursor.peeked = step.done === true ? undefined : step.value;
};

const observedOf = (entry: RecordedEntry, kind: JournalKind): Revision => BigInt(entry.observed[kind] ?? -1);

/** What an entry saw of these journals has been folded. */
const isReady = (entry: RecordedEntry, kinds: readonly JournalKind[], folded: Folded): boolean =>
  kinds.every((kind) => observedOf(entry, kind) <= folded[kind]);

/**
 * Folds several journals of one tenant in the order in which their writer had folded them: before an own entry, the others
 * up to exactly what it observed. So a restart, another replica and an auditor reach the same state as the writer did.
 */
export const foldInOrder = async <State>(
  start: { readonly state: State; readonly folded: Folded },
  fold: Fold<State>,
  open: (kind: JournalKind, from: Revision) => AsyncIterator<RecordedEntry>,
): Promise<{ readonly state: State; readonly folded: Folded }> => {
  let { state, folded } = start;
  const cursors = fold.kinds.map((kind): Cursor => ({
    kind,
    entries: open(kind, folded[kind] + 1n),
    peeked: undefined,
  }));
  await Promise.all(cursors.map(advance));
  const ownCursors = cursors.filter(({ kind }) => fold.own.includes(kind));
  const others = cursors.filter(({ kind }) => !fold.own.includes(kind));

  const take = async (cursor: Cursor, entry: RecordedEntry): Promise<void> => {
    state = fold.evolve(state, cursor.kind, entry);
    folded = { ...folded, [cursor.kind]: entry.revision };
    await advance(cursor);
  };
  /** Takes others up to `limit` of each, a cause before its effect. */
  const takeOthers = async (limit: (kind: JournalKind) => Revision): Promise<void> => {
    const kinds = others.map(({ kind }) => kind);
    for (;;) {
      const within = others.filter(({ kind, peeked }) => peeked !== undefined && peeked.revision <= limit(kind));
      const chosen = within.find(({ peeked }) => peeked !== undefined && isReady(peeked, kinds, folded)) ?? within[0];
      if (chosen?.peeked === undefined) return;
      await take(chosen, chosen.peeked);
    }
  };
  for (;;) {
    const waiting = ownCursors.filter(({ peeked }) => peeked !== undefined);
    const chosen =
      waiting.find(({ peeked }) => peeked !== undefined && isReady(peeked, fold.own, folded)) ?? waiting[0];
    const entry = chosen?.peeked;
    if (chosen === undefined || entry === undefined) break;
    await takeOthers((kind) => observedOf(entry, kind));
    await take(chosen, entry);
  }
  await takeOthers(() => BigInt(Number.MAX_SAFE_INTEGER));
  return { state, folded };
};
