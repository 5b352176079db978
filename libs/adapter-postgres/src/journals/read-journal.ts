import { JournalGap } from '@verdict/application';
import type { JournalName, Revision, StoredEntry } from '@verdict/application';
import type { Query } from './connections.js';
import { readPage } from './statements.js';

interface PageRow {
  readonly head: string;
  readonly revision: string | null;
  readonly entry_id: string;
  readonly type: string;
  readonly leaf_hash: Buffer;
  readonly entry: Buffer;
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

const toEntry = (row: PageRow): StoredEntry => ({
  revision: BigInt(row.revision ?? -1),
  type: row.type,
  storeId: row.entry_id,
  leafHash: row.leaf_hash,
  bytes: row.entry,
});

const gap = (journal: JournalName, revision: Revision, head: Revision): JournalGap =>
  new JournalGap(`${journal} has lost the entry at revision ${revision.toString()}; its head is ${head.toString()}`);

interface Page {
  readonly head: Revision;
  readonly entries: readonly StoredEntry[];
}

/** One page without a hole at its start or inside; the head is of the same moment. */
const loadPage = async (query: Query, journal: JournalName, from: Revision, size: number): Promise<Page> => {
  const rows = await query<PageRow>(readPage(journal, from, size));
  const head = BigInt(rows[0]?.head ?? -1);
  const entries = rows.filter(({ revision }) => revision !== null).map(toEntry);
  if (entries.length === 0 && from <= head) throw gap(journal, from, head);
  for (const [index, { revision }] of entries.entries()) {
    const wanted = from + BigInt(index);
    if (revision !== wanted) throw gap(journal, wanted, head);
  }
  return { head, entries };
};

/** Pages by revision up to the head of the first page's moment; a missing entry stops it, at the end as anywhere. */
export async function* readJournal(
  query: Query,
  pageMax: number,
  { journal, from, limit }: { readonly journal: JournalName; readonly from: Revision; readonly limit: number },
): AsyncIterable<StoredEntry> {
  let next = from < 0n ? 0n : from;
  let left = limit;
  let last: Revision | undefined;
  let size = Math.min(FIRST_PAGE, pageMax);
  while (left > 0 && (last === undefined || next <= last)) {
    const { head, entries } = await loadPage(query, journal, next, Math.min(size, left));
    last ??= head;
    for (const entry of entries) {
      if (entry.revision > last) return; // Appended since the first page: the next read's.
      yield entry;
    }
    next += BigInt(entries.length);
    left -= entries.length;
    size = nextPageSize(entries, pageMax);
  }
}
