import { jcsText } from '../shared/jcs.js';
import { isRawList, memberOf, pointerTo, type RawJson } from '../shared/raw-json.js';
import { findConflicts, type Conflict, type PlacedEntry } from './price-book.conflicts.js';
import { readEntry } from './price-book.entry.js';
import type { PriceBook } from './price-book.js';
import { createReport, readLabel, readObject, type PriceBookProblem, type Report } from './price-book.report.js';

export const COMPONENTS_MAX = 5000;
export const BOOK_BYTES_MAX = 256 * 1024;

export type PriceBookReading =
  | { readonly kind: 'book'; readonly book: PriceBook }
  | { readonly kind: 'problems'; readonly problems: readonly PriceBookProblem[] };

const MEMBERS = ['format', 'version', 'currency', 'hours_per_month', 'defaults', 'free', 'entries'];
const RESOURCE_TYPE = /^[\x21-\x29\x2b-\x7e]{1,127}\*?$/;

const readHead = (raw: RawJson, report: Report): string => {
  if (memberOf(raw, 'format') !== 'verdict.price-book.v1')
    report('/format', 'validation_failed', 'must be verdict.price-book.v1');
  if (memberOf(raw, 'currency') !== 'USD')
    report('/currency', 'currency_unsupported', 'must be USD; nothing is converted');
  if (jcsText(memberOf(raw, 'hours_per_month') ?? null) !== '730')
    report('/hours_per_month', 'validation_failed', 'must be 730, which is 8,760 / 12');
  return readLabel(memberOf(raw, 'version'), '/version', report);
};

const readDefaults = (raw: RawJson | undefined, report: Report): PriceBook['defaults'] => {
  if (raw === undefined) return {};
  const providers = readObject(raw, '/defaults', undefined, report);
  const regions = Object.keys(providers).map((provider) => {
    const pointer = pointerTo('/defaults', provider);
    const region = readObject(providers[provider] ?? null, pointer, ['region'], report);
    return [provider, { region: readLabel(region['region'], `${pointer}/region`, report) }] as const;
  });
  return Object.fromEntries(regions);
};

const readFree = (raw: RawJson | undefined, report: Report): readonly string[] => {
  if (raw === undefined) return [];
  if (!isRawList(raw)) {
    report('/free', 'validation_failed', 'must be a list of resource types');
    return [];
  }
  const types = raw.map((type, index) => {
    if (typeof type === 'string' && RESOURCE_TYPE.test(type)) return type;
    report(pointerTo('/free', index), 'validation_failed', 'must be a resource type, exact or with one trailing *');
    return '';
  });
  return [...new Set(types)].sort();
};

const readEntries = (raw: RawJson | undefined, report: Report): readonly PlacedEntry[] => {
  if (!isRawList(raw)) {
    report('/entries', 'validation_failed', 'must be a list');
    return [];
  }
  const components = raw.reduce<number>((sum, entry) => {
    const list = memberOf(entry, 'components');
    return sum + (isRawList(list) ? list.length : 0);
  }, 0);
  if (components > COMPONENTS_MAX || raw.length > COMPONENTS_MAX) {
    report('/entries', 'validation_failed', `has more than ${String(COMPONENTS_MAX)} components`);
    return [];
  }
  return raw.map((entry, index) => {
    const pointer = pointerTo('/entries', index);
    return { entry: readEntry(entry, pointer, report), pointer };
  });
};

const reportDoubleIds = (entries: readonly PlacedEntry[], report: Report): void => {
  const first = new Map<string, string>();
  for (const { entry, pointer } of entries) {
    const earlier = first.get(entry.id);
    if (earlier === undefined) first.set(entry.id, pointer);
    else report(`${pointer}/id`, 'validation_failed', `the id is that of ${earlier}`);
  }
};

const reportConflicts = (conflicts: readonly Conflict[], report: Report): void => {
  for (const [a, b] of conflicts) {
    report(a.pointer, 'validation_failed', `can win for the same resource as ${b.pointer}`);
    report(b.pointer, 'validation_failed', `can win for the same resource as ${a.pointer}`);
  }
};

const reportFreeAndPriced = (free: readonly string[], entries: readonly PlacedEntry[], report: Report): void => {
  const types = new Set(free);
  for (const { entry, pointer } of entries)
    if (types.has(entry.resource_type))
      report(`${pointer}/resource_type`, 'validation_failed', 'is in /free too: it cannot be free and have a price');
};

const checkAll = (book: PriceBook, entries: readonly PlacedEntry[], report: Report): void => {
  reportDoubleIds(entries, report);
  reportConflicts(findConflicts(entries), report);
  reportFreeAndPriced(book.free, entries, report);
  if (new TextEncoder().encode(jcsText(book)).length > BOOK_BYTES_MAX)
    report('', 'validation_failed', `is larger than ${String(BOOK_BYTES_MAX)} bytes`);
};

/**
 * Reads and normalises a price book: numbers become text without trailing zeros, entries are sorted by id, one-element
 * lists become their element. Two files that say the same give equal books.
 *
 * @param raw what the strict reader yields.
 * @returns the book, or everything that is wrong with it (at most 1,000 problems), each with an RFC 6901 pointer.
 * @source protocols section 3.2
 */
export const readPriceBook = (raw: RawJson): PriceBookReading => {
  const { report, problems } = createReport();
  const top = readObject(raw, '', MEMBERS, report);
  if (problems.some(({ pointer }) => pointer === '')) return { kind: 'problems', problems };
  const version = readHead(top, report);
  const defaults = readDefaults(top['defaults'], report);
  const free = readFree(top['free'], report);
  const entries = readEntries(top['entries'], report);
  const book: PriceBook = {
    format: 'verdict.price-book.v1',
    version,
    currency: 'USD',
    hours_per_month: 730,
    defaults,
    free,
    entries: entries.map(({ entry }) => entry).sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
  // Only what was read without fault can be compared: a fault would name its followers too.
  if (problems.length === 0) checkAll(book, entries, report);
  else
    reportDoubleIds(
      entries.filter(({ entry }) => entry.id !== ''),
      report,
    );
  return problems.length === 0 ? { kind: 'book', book } : { kind: 'problems', problems };
};
