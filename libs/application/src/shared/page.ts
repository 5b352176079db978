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
 * @param placeOf a text that sorts as the items do, the greatest first.
 */
export const pageOf = <Item>(
  items: readonly Item[],
  { limit, cursor }: PageRequest,
  walk: readonly string[],
  placeOf: (item: Item) => string,
): PageOf<Item> => {
  const [after] = cursor === undefined ? [] : (readCursor(walk, cursor) ?? [null]);
  if (after === null) return { kind: 'cursor_invalid' };
  const sorted = [...items].sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1));
  const rest = after === undefined ? sorted : sorted.filter((item) => placeOf(item) < after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const hasMore = last !== undefined && rest.length > page.length;
  return { kind: 'page', items: page, nextCursor: hasMore ? cursorOf(walk, [placeOf(last)]) : null };
};

const REVISION_DIGITS = 20;
/** Sorts as revisions do. */
export const revisionPlace = (revision: bigint): string => revision.toString().padStart(REVISION_DIGITS, '0');
