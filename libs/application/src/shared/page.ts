import { cursorOf, readCursor } from '../audit/cursor.js';
import type { PageRequest } from '../ports/read-models.js';

export type PageOf<Item> =
  | { readonly kind: 'page'; readonly items: readonly Item[]; readonly nextCursor: string | null }
  | { readonly kind: 'cursor_invalid' };

/**
 * One page of a list that is in memory, in its own order. What comes into being during a walk is left to the next one,
 * since it goes on behind the place of the last item that it showed.
 *
 * @param walk tenant, list and filters: a cursor is worth nothing for another walk.
 * @param placeOf a text that sorts as the items do, the greatest first. It stays the same while an item lasts, or a change
 * during a walk would hide the item from it.
 */
export const pageOf = <Item>(
  items: readonly Item[],
  { limit, cursor }: PageRequest,
  walk: readonly string[],
  placeOf: (item: Item) => string,
): PageOf<Item> => {
  const after = cursor === undefined ? undefined : (readCursor(walk, cursor)?.[0] ?? null);
  if (after === null) return { kind: 'cursor_invalid' };
  const rest = items
    .map((item) => ({ item, place: placeOf(item) }))
    .filter(({ place }) => after === undefined || place < after)
    .sort((a, b) => (a.place < b.place ? 1 : -1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const hasMore = last !== undefined && rest.length > page.length;
  return {
    kind: 'page',
    items: page.map(({ item }) => item),
    nextCursor: hasMore ? cursorOf(walk, [last.place]) : null,
  };
};

const REVISION_DIGITS = 20;
/** Sorts as revisions do. */
export const revisionPlace = (revision: bigint): string => revision.toString().padStart(REVISION_DIGITS, '0');
