import type { EntryLog, RecordedEntry } from '../journals/entry-log.js';
import { JournalGap } from '../ports/journals.js';
import type { ProjectedEntry, ProjectedSlice } from '../ports/projection-store.js';
import type { Carried } from './carried.js';
import type { Lane } from './lane.js';
import { projectEntry } from './project-entry.js';

export type SliceReading =
  | { readonly kind: 'slice'; readonly slice: ProjectedSlice; readonly traceparents: readonly (string | null)[] }
  /** The log has nothing from there on. */
  | { readonly kind: 'nothing' }
  /** The entry at the lane's `next` cannot be projected, or the log has lost it. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The log cannot be read. */
  | { readonly kind: 'unavailable'; readonly error: unknown };

interface Collected {
  readonly entries: readonly ProjectedEntry[];
  readonly failure: { readonly error: unknown } | undefined;
}

/** Projects entry by entry up to the first that fails, so that those before it are not held up. */
const projectAll = (lane: Lane, recorded: readonly RecordedEntry[]): Collected => {
  const entries: ProjectedEntry[] = [];
  try {
    for (const entry of recorded) {
      const expected = lane.next + BigInt(entries.length);
      if (entry.revision !== expected) {
        throw new JournalGap(
          `${lane.journal} answers revision ${entry.revision.toString()} where ${expected.toString()} was asked`,
        );
      }
      entries.push({ revision: entry.revision, changes: projectEntry(lane, entry) });
    }
    return { entries, failure: undefined };
  } catch (error) {
    return { entries, failure: { error } };
  }
};

/** What the lane needs next, at most `lane.limit` entries: as the bus carried them, else from the log. */
const nextEntries = (
  log: EntryLog,
  lane: Lane,
  carried?: Carried,
): AsyncIterable<RecordedEntry> | Iterable<RecordedEntry> => {
  const entries = carried?.take(lane.journal, lane.next, lane.limit) ?? [];
  return entries.length > 0 ? entries : log.read(lane.journal, lane.next, lane.limit);
};

/** Reads and projects what the lane needs next. */
export const readSlice = async (log: EntryLog, lane: Lane, carried?: Carried): Promise<SliceReading> => {
  const recorded: RecordedEntry[] = [];
  try {
    for await (const entry of nextEntries(log, lane, carried)) recorded.push(entry);
  } catch (error) {
    // Entries before a hole or damaged bytes are good; those that follow are the failure of a later slice.
    const isDefinite = error instanceof JournalGap || error instanceof SyntaxError;
    if (!isDefinite) return { kind: 'unavailable', error };
    if (recorded.length === 0) return { kind: 'failed', error };
  }
  const { entries, failure } = projectAll(lane, recorded);
  if (entries.length > 0) {
    const traceparents = recorded.slice(0, entries.length).map(({ traceparent }) => traceparent);
    return { kind: 'slice', slice: { journal: lane.journal, entries }, traceparents };
  }
  return failure === undefined ? { kind: 'nothing' } : { kind: 'failed', error: failure.error };
};
