import { JournalGap } from '@verdict/application';
import type { JournalName, Revision, StoredEntry } from '@verdict/application';
import type { Patience } from '../driver/patience.js';
import { pauseBefore } from '../driver/patience.js';
import type { EventReader } from '../streams/event-reader.js';
import type { ReadHeads } from './heads.js';
import { toStoredEntry } from './stored-entry.js';

export interface ReadDeps {
  readonly reader: EventReader;
  readonly heads: ReadHeads;
  readonly patience: Patience;
  readonly pageMax: number;
}

const FIRST_PAGE = 100;
const PAGE_MIN = 8;
const PAGE_BYTES = 2 * 1024 * 1024;

/** Entries are 1 byte to 330 kB: the next page is sized by what the last one weighed. */
const nextPageSize = (entries: readonly StoredEntry[], max: number): number => {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
  const mean = Math.max(1, bytes / Math.max(1, entries.length));
  return Math.min(max, Math.max(PAGE_MIN, Math.floor(PAGE_BYTES / mean)));
};

const gap = (journal: JournalName, revision: Revision): JournalGap =>
  new JournalGap(`${journal} has lost the entry at revision ${revision.toString()}`);

interface Wanted {
  readonly journal: JournalName;
  readonly from: Revision;
  readonly count: number;
}

/** Exactly the entries that are wanted. A hole is a loss at once; a page that ends early is read again first. */
const loadPage = async ({ reader, patience }: ReadDeps, wanted: Wanted): Promise<readonly StoredEntry[]> => {
  const { journal, from, count } = wanted;
  for (let repeat = 0; ; repeat += 1) {
    const events = await reader.page({ stream: journal, from, count });
    for (const [index, { revision }] of events.entries()) {
      if (revision !== from + BigInt(index)) throw gap(journal, from + BigInt(index));
    }
    if (events.length === count) return events.map((event) => toStoredEntry(journal, event));
    if (repeat >= patience.repeats) throw gap(journal, from + BigInt(events.length));
    await pauseBefore(patience, repeat);
  }
};

/**
 * Pages by revision up to the head at the start. No page is under way while the caller handles one, so one that leaves
 * early leaves nothing open.
 */
export async function* readJournal(
  deps: ReadDeps,
  { journal, from, limit }: { readonly journal: JournalName; readonly from: Revision; readonly limit: number },
): AsyncIterable<StoredEntry> {
  if (limit <= 0) return;
  const [head = -1n] = await deps.heads([journal]);
  let next = from < 0n ? 0n : from;
  let left = limit;
  let size = Math.min(FIRST_PAGE, deps.pageMax);
  while (left > 0 && next <= head) {
    const count = Math.min(size, left, Number(head - next) + 1);
    const entries = await loadPage(deps, { journal, from: next, count });
    yield* entries;
    next += BigInt(count);
    left -= count;
    size = nextPageSize(entries, deps.pageMax);
  }
}
