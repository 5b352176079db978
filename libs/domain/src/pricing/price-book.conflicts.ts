import { prefixOf, textsOf } from './matching.js';
import type { Matcher, PriceBookEntry } from './price-book.js';

/** An entry and where it stood in the file as sent. */
export interface PlacedEntry {
  readonly entry: PriceBookEntry;
  readonly pointer: string;
}
export type Conflict = readonly [PlacedEntry, PlacedEntry];

const overlapsPrefix = (texts: readonly (string | null)[], prefix: string): boolean =>
  texts.some((text) => text?.startsWith(prefix) === true);

/** Whether one attribute can satisfy both. */
const overlaps = (a: Matcher, b: Matcher): boolean => {
  const [textsA, textsB] = [textsOf(a), textsOf(b)];
  if (textsA !== undefined && textsB !== undefined) return textsA.some((text) => textsB.includes(text));
  if (textsA !== undefined) return overlapsPrefix(textsA, prefixOf(b));
  if (textsB !== undefined) return overlapsPrefix(textsB, prefixOf(a));
  const [prefixA, prefixB] = [prefixOf(a), prefixOf(b)];
  return prefixA.startsWith(prefixB) || prefixB.startsWith(prefixA);
};

/** Paths that only one of them names may have any value. */
const canBothMatch = (a: PriceBookEntry, b: PriceBookEntry): boolean =>
  Object.entries(a.match).every(([path, matcher]) => {
    const other = Object.hasOwn(b.match, path) ? b.match[path] : undefined;
    return other === undefined || overlaps(matcher, other);
  });

const pairsOf = (entries: readonly PlacedEntry[]): readonly Conflict[] =>
  entries.flatMap((a, index) =>
    entries.slice(index + 1).flatMap((b): readonly Conflict[] => (canBothMatch(a.entry, b.entry) ? [[a, b]] : [])),
  );

/** Texts at a path that all entries close in; undefined when one of them leaves it open. */
const closedTexts = (
  entries: readonly PlacedEntry[],
  path: string,
): readonly (readonly (string | null)[])[] | undefined => {
  const texts = entries.map(({ entry }) => {
    const matcher = Object.hasOwn(entry.match, path) ? entry.match[path] : undefined;
    return matcher === undefined ? undefined : textsOf(matcher);
  });
  return texts.every((each) => each !== undefined) ? texts : undefined;
};

const PAIRWISE_MAX = 16;

/** Entries that share a text at `path`, as smaller groups; all others cannot meet. */
const dividedAt = (entries: readonly PlacedEntry[], path: string): readonly (readonly PlacedEntry[])[] | undefined => {
  const texts = closedTexts(entries, path);
  if (texts === undefined) return undefined;
  const groups = new Map<string | null, PlacedEntry[]>();
  entries.forEach((entry, index) => {
    for (const text of texts[index] ?? [])
      groups
        .set(text, groups.get(text) ?? [])
        .get(text)
        ?.push(entry);
  });
  return [...groups.values()];
};

/** Divides by one path after the other, so that a book of thousands of entries is not compared pair by pair. */
const conflictsAmong = (entries: readonly PlacedEntry[], paths: readonly string[]): readonly Conflict[] => {
  const [path, ...others] = paths;
  if (entries.length <= PAIRWISE_MAX || path === undefined) return pairsOf(entries);
  const groups = dividedAt(entries, path);
  return groups === undefined
    ? conflictsAmong(entries, others)
    : groups.flatMap((group) => conflictsAmong(group, others));
};

/** Entries that selection cannot order: the same pattern and as many matchers. */
const peersOf = (entries: readonly PlacedEntry[]): readonly (readonly PlacedEntry[])[] => {
  const peers = new Map<string, PlacedEntry[]>();
  for (const placed of entries) {
    const rank = `${String(Object.keys(placed.entry.match).length)} ${placed.entry.resource_type}`;
    peers.set(rank, [...(peers.get(rank) ?? []), placed]);
  }
  return [...peers.values()];
};

/**
 * Pairs of entries that can both win for one resource: their order in the file would decide, which must mean nothing.
 *
 * @returns each pair once. Two entries that name no path in common count as able to meet.
 * @source protocols section 3.2, "Selection"
 */
export const findConflicts = (entries: readonly PlacedEntry[]): readonly Conflict[] => {
  const found = peersOf(entries).flatMap((peers) => {
    const paths = [...new Set(peers.flatMap(({ entry }) => Object.keys(entry.match)))].sort();
    return conflictsAmong(peers, paths);
  });
  return [...new Map(found.map((pair) => [`${pair[0].pointer} ${pair[1].pointer}`, pair])).values()];
};
