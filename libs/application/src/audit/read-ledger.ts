import { type Envelope, type JsonValue, readEntry, toHex } from '@verdict/ledger';
import { type JournalKind, journalName } from '../journals/kinds.js';
import type { Journals, Revision, StoredEntry } from '../ports/journals.js';
import { done, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { breathing } from '../shared/breathe.js';
import { cursorOf, readCursor } from './cursor.js';

export interface LedgerFilter {
  readonly kind: JournalKind;
  /** First and last revision, both inclusive. */
  readonly from: Revision | undefined;
  readonly to: Revision | undefined;
  readonly type: string | undefined;
}
export interface LedgerItem {
  readonly revision: Revision;
  /** Lower-case hex. */
  readonly leafHash: string;
  readonly envelope: Envelope;
  readonly payload: JsonValue;
}
export interface LedgerPage {
  readonly items: readonly LedgerItem[];
  readonly nextCursor: string | null;
  /** Without a type filter: every revision between the first and the last is here. */
  readonly isContiguous: boolean;
  /** Where the journal ended when the walk began; -1n: it was empty. */
  readonly head: Revision;
}

/** A page ends early rather than read on and on for a rare type, or grow beyond what one answer should carry. */
const SCANNED_MAX = 20_000;
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
const REVISION = /^\d{1,18}$/;

/** Entries of a journal by revision. One walk ends where the journal ended when it began. Problem: cursor_invalid. */
export const readLedger = async (
  journals: Journals,
  tenantId: string,
  query: LedgerFilter & { readonly limit: number; readonly cursor: string | undefined },
): Promise<UseCaseResult<LedgerPage>> => {
  const { kind, from, to, type, limit, cursor } = query;
  const journal = journalName(kind, tenantId);
  const walk = ['ledger', journal, String(from ?? ''), String(to ?? ''), type ?? ''];
  const start = cursor === undefined ? await firstSpan(journals, journal, query) : spanOf(walk, cursor);
  if (start === undefined) return problemOf('cursor_invalid');
  const { items, next } = await scan(journals, { journal, ...start, type, limit });
  const isMore = next <= start.last;
  return done({
    items,
    nextCursor: isMore ? cursorOf(walk, [next.toString(), start.last.toString(), start.head.toString()]) : null,
    head: start.head,
    isContiguous: type === undefined,
  });
};

interface Span {
  readonly next: Revision;
  readonly last: Revision;
  readonly head: Revision;
}

const firstSpan = async (journals: Journals, journal: string, { from = 0n, to }: LedgerFilter): Promise<Span> => {
  const [head = -1n] = await journals.heads([journal]);
  return { next: from, last: to === undefined || to > head ? head : to, head };
};

const spanOf = (walk: readonly string[], cursor: string): Span | undefined => {
  const [next = '', last = '', head = ''] = readCursor(walk, cursor) ?? [];
  return [next, last, head].every((each) => REVISION.test(each))
    ? { next: BigInt(next), last: BigInt(last), head: BigInt(head) }
    : undefined;
};

const scan = async (
  journals: Journals,
  page: Span & { readonly journal: string; readonly type: string | undefined; readonly limit: number },
): Promise<{ readonly items: readonly LedgerItem[]; readonly next: Revision }> => {
  const items: LedgerItem[] = [];
  let next = page.next;
  let bytes = 0;
  if (next > page.last) return { items, next };
  const most = Math.min(Number(page.last - next) + 1, page.type === undefined ? page.limit : SCANNED_MAX);
  for await (const entry of breathing(journals.read(page.journal, next, most))) {
    const isWanted = page.type === undefined || entry.type === page.type;
    if (isWanted && (items.length === page.limit || (items.length > 0 && bytes + entry.bytes.length > PAGE_BYTES_MAX)))
      break;
    next = entry.revision + 1n;
    if (!isWanted) continue;
    items.push(itemOf(entry));
    bytes += entry.bytes.length;
  }
  return { items, next };
};

const itemOf = ({ revision, leafHash, bytes }: StoredEntry): LedgerItem => {
  const { envelope, payload } = readEntry(bytes);
  return { revision, leafHash: toHex(leafHash), envelope, payload };
};
