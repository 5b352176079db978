import type { Attribute, Facts } from './attributes.js';
import { compileEntry, matchEntry, textsOf, type CompiledEntry } from './matching.js';
import type { PriceBook, PriceBookEntry } from './price-book.js';
import type { UnpricedReason } from './priced-line.js';

/** Which entry prices a resource, or why none can be named. */
export type Selection =
  | { readonly kind: 'entry'; readonly entry: PriceBookEntry }
  | { readonly kind: 'free' }
  | { readonly kind: 'none'; readonly reason: UnpricedReason };

interface Ranked extends CompiledEntry {
  readonly rank: number;
}
/** Entries for one resource type in order of preference, found by the attribute that tells most of them apart. */
interface TypeIndex {
  readonly all: readonly Ranked[];
  readonly path: readonly string[];
  readonly byText: ReadonlyMap<string, readonly Ranked[]>;
  /** Entries that the attribute does not tell apart. */
  readonly rest: readonly Ranked[];
}

const EXACT = Number.POSITIVE_INFINITY;
/** How closely a pattern names a type: exact, else by the length of its prefix. */
const closenessOf = (pattern: string): number => (pattern.endsWith('*') ? pattern.length - 1 : EXACT);

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Exact type before prefix, then more matchers, then longer prefix. @source protocols section 3.2 */
const byPreference = (a: CompiledEntry, b: CompiledEntry): number => {
  const [closeA, closeB] = [closenessOf(a.entry.resource_type), closenessOf(b.entry.resource_type)];
  const exactness = Number(closeB === EXACT) - Number(closeA === EXACT);
  if (exactness !== 0) return exactness;
  const matchers = b.tests.length - a.tests.length;
  if (matchers !== 0) return matchers;
  return closeA === closeB ? compareText(a.entry.id, b.entry.id) : closeB - closeA;
};

const finiteTextsAt = (entry: CompiledEntry, name: string): readonly string[] | undefined => {
  const matcher = entry.tests.find((test) => test.name === name)?.matcher;
  const texts = matcher === undefined ? undefined : textsOf(matcher);
  return texts?.every((text) => text !== null) === true ? texts : undefined;
};

const INDEXED_MIN = 8;

/** The path at which most entries name their texts. */
const tellingPath = (entries: readonly CompiledEntry[]): string | undefined => {
  if (entries.length < INDEXED_MIN) return undefined;
  const uses = new Map<string, Set<string>>();
  for (const entry of entries)
    for (const { name } of entry.tests) {
      const texts = uses.get(name) ?? new Set();
      for (const text of finiteTextsAt(entry, name) ?? []) texts.add(text);
      uses.set(name, texts);
    }
  return [...uses].sort((a, b) => b[1].size - a[1].size || compareText(a[0], b[0]))[0]?.[0];
};

const indexType = (entries: readonly CompiledEntry[]): TypeIndex => {
  const all = [...entries].sort(byPreference).map((entry, rank) => ({ ...entry, rank }));
  const name = tellingPath(all);
  if (name === undefined) return { all, path: [], byText: new Map(), rest: all };
  const byText = new Map<string, Ranked[]>();
  const rest: Ranked[] = [];
  for (const entry of all) {
    const texts = finiteTextsAt(entry, name);
    if (texts === undefined) rest.push(entry);
    for (const text of texts ?? []) {
      const group = byText.get(text);
      if (group === undefined) byText.set(text, [entry]);
      else group.push(entry);
    }
  }
  return { all, path: name.split('.'), byText, rest };
};

const listsFor = (index: TypeIndex, attribute: Attribute): readonly (readonly Ranked[])[] => {
  if (attribute.kind === 'value') return [index.byText.get(attribute.text) ?? [], index.rest];
  return [attribute.kind === 'absent' || attribute.kind === 'composite' ? index.rest : index.all];
};

interface Candidate {
  readonly ranked: Ranked;
  readonly verdict: 'yes' | UnpricedReason;
}

/** The first entry that fits or may fit: a better entry in doubt keeps a lesser one from being taken. */
const firstCandidate = (list: readonly Ranked[], facts: Facts): Candidate | undefined => {
  for (const ranked of list) {
    const verdict = matchEntry(ranked, facts);
    if (verdict !== 'no') return { ranked, verdict };
  }
  return undefined;
};

const selectFrom = (index: TypeIndex, facts: Facts): Selection => {
  const lists = index.path.length === 0 ? [index.all] : listsFor(index, facts(index.path));
  const [best] = lists
    .map((list) => firstCandidate(list, facts))
    .filter((candidate) => candidate !== undefined)
    .sort((a, b) => a.ranked.rank - b.ranked.rank);
  if (best === undefined) return { kind: 'none', reason: 'no_entry' };
  if (best.verdict !== 'yes') return { kind: 'none', reason: best.verdict };
  return { kind: 'entry', entry: best.ranked.entry };
};

const grouped = (book: PriceBook): ReadonlyMap<string, readonly CompiledEntry[]> => {
  const groups = new Map<string, CompiledEntry[]>();
  for (const entry of book.entries) {
    const group = groups.get(entry.resource_type);
    if (group === undefined) groups.set(entry.resource_type, [compileEntry(entry)]);
    else group.push(compileEntry(entry));
  }
  return groups;
};

/** Lengths of the prefixes that the book knows, longest first: nothing else of a type needs to be looked up. */
const prefixLengths = (patterns: Iterable<string>): readonly number[] => {
  const lengths = [...patterns].filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.length - 1);
  return [...new Set(lengths)].sort((a, b) => b - a);
};

const FREE: Selection = { kind: 'free' };

/**
 * Answers which entry of a book prices a resource.
 *
 * A type that both `free` and entries name goes to whichever names it more closely.
 *
 * @returns a function of the resource type and its facts; it may be kept as long as the book.
 * @source protocols section 3.2, "Selection"
 */
export const createPriceIndex = (book: PriceBook): ((type: string, facts: Facts) => Selection) => {
  const groups = grouped(book);
  const free = new Set(book.free);
  const lengths = prefixLengths([...groups.keys(), ...free]);
  // Bounded: only types that the book names exactly are kept, others are put together each time.
  const kept = new Map<string, TypeIndex>();
  const indexOf = (type: string, patterns: readonly string[]): TypeIndex => {
    const known = kept.get(type);
    if (known !== undefined) return known;
    const index = indexType(patterns.flatMap((pattern) => groups.get(pattern) ?? []));
    if (groups.has(type)) kept.set(type, index);
    return index;
  };
  return (type, facts) => {
    const prefixes = lengths.filter((length) => length <= type.length).map((length) => `${type.slice(0, length)}*`);
    const patterns = [type, ...prefixes];
    const closest = patterns.find((pattern) => groups.has(pattern) || free.has(pattern));
    if (closest === undefined) return { kind: 'none', reason: 'no_entry' };
    return free.has(closest) && !groups.has(closest) ? FREE : selectFrom(indexOf(type, patterns), facts);
  };
};
