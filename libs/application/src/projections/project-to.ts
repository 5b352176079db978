import type { EntryLog } from '../journals/entry-log.js';
import type { JournalName, Revision } from '../ports/journals.js';
import type { ProjectedSlice, ProjectionStore } from '../ports/projection-store.js';
import { Lane, SLICE_ENTRIES_MAX } from './lane.js';
import { readSlice } from './read-slice.js';

const ROUND_ENTRIES_MAX = 2_000;

export interface ProjectToOptions {
  /** Called after each transaction with the entries applied so far by this call. */
  readonly onProgress?: (entries: number) => void;
}

/** The next slices of the lanes that are behind: as many as make one good transaction. */
const gather = async (log: EntryLog, lanes: Iterable<Lane>): Promise<readonly ProjectedSlice[]> => {
  const slices: ProjectedSlice[] = [];
  let entries = 0;
  for (const lane of lanes) {
    if (entries >= ROUND_ENTRIES_MAX) break;
    lane.limit = Math.min(SLICE_ENTRIES_MAX, lane.behindCount);
    const reading = await readSlice(log, lane);
    if (reading.kind === 'nothing')
      throw new RangeError(`${lane.journal} has no revision ${lane.next.toString()} in the log`);
    if (reading.kind !== 'slice') throw reading.error;
    slices.push(reading.slice);
    entries += reading.slice.entries.length;
  }
  return slices;
};

/** Lanes that are not at their target yet, by name. */
const lanesBehind = (
  marks: ReadonlyMap<JournalName, Revision>,
  targets: ReadonlyMap<JournalName, Revision>,
): Map<JournalName, Lane> => {
  const behind = new Map<JournalName, Lane>();
  for (const [journal, target] of [...targets].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const lane = Lane.of(journal);
    if (lane === undefined) continue;
    lane.next = marks.get(journal) ?? 0n;
    lane.head = target - 1n;
    if (lane.isBehind) behind.set(journal, lane);
  }
  return behind;
};

/**
 * Brings a store to exactly the given marks, without waiting for more: the way to rebuild.
 *
 * @param targets the next revision that each journal shall need afterwards; journals that are there already stay.
 * @returns the number of entries applied.
 * @throws whatever made an entry impossible to read, project or store; what was applied before stays applied.
 * @source architecture guarantee G8
 */
export const projectTo = async (
  log: EntryLog,
  store: ProjectionStore,
  targets: ReadonlyMap<JournalName, Revision>,
  { onProgress = () => undefined }: ProjectToOptions = {},
): Promise<number> => {
  const behind = lanesBehind(await store.marks(), targets);
  let applied = 0;
  while (behind.size > 0) {
    const slices = await gather(log, behind.values());
    const reached = await store.apply(slices);
    for (const { journal, entries } of slices) {
      applied += entries.length;
      const lane = behind.get(journal);
      lane?.moveTo(reached.get(journal) ?? 0n);
      if (lane?.isBehind === false) behind.delete(journal);
    }
    onProgress(applied);
  }
  return applied;
};
