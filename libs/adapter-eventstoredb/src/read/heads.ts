import { JournalGap } from '@verdict/application';
import type { JournalName, Revision } from '@verdict/application';
import { createLimit } from '../driver/limit.js';
import type { Patience } from '../driver/patience.js';
import { pauseBefore } from '../driver/patience.js';
import { shareTrips } from '../driver/share-trips.js';
import type { EventReader } from '../streams/event-reader.js';
import type { KnownHeads } from './known-heads.js';

export type ReadHeads = (journals: readonly JournalName[]) => Promise<readonly Revision[]>;

export interface HeadsOptions {
  readonly reader: EventReader;
  readonly known: KnownHeads;
  readonly patience: Patience;
  /** Reads under way at the same time. */
  readonly inFlightMax: number;
}

const SHARED_MAX = 10_000;

/** The leader's last revision. Below what it has acknowledged to us it is a stale leader for a moment, or a loss. */
const createReadHead =
  ({ reader, known, patience }: HeadsOptions) =>
  async (journal: JournalName): Promise<Revision> => {
    for (let repeat = 0; ; repeat += 1) {
      const wanted = known.of(journal);
      const head = (await reader.last(journal))?.revision ?? -1n;
      known.raise(journal, head);
      if (head >= wanted) return head;
      if (repeat >= patience.repeats) {
        throw new JournalGap(`${journal} ends at ${head.toString()}; ${wanted.toString()} was stored before`);
      }
      await pauseBefore(patience, repeat);
    }
  };

/** Heads of many callers; who asks for a journal at the same moment shares a read that begins after the question. */
export const createHeads = (options: HeadsOptions): ReadHeads => {
  const limit = createLimit(options.inFlightMax);
  const readHead = createReadHead(options);
  const shared = new Map<JournalName, () => Promise<Revision>>();
  const headOf = (journal: JournalName): Promise<Revision> => {
    let read = shared.get(journal);
    if (read === undefined) {
      if (shared.size >= SHARED_MAX) shared.clear(); // Costs a shared trip, nothing else.
      read = shareTrips(() => limit(() => readHead(journal)));
      shared.set(journal, read);
    }
    return read();
  };
  return (journals) => Promise.all(journals.map(headOf));
};
