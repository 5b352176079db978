export interface PageOf<Item> {
  readonly items: readonly Item[];
  /** Place of the last item, when there are more behind it. */
  readonly last: string | undefined;
}

/**
 * One page of a list that is in memory, the greatest place first.
 *
 * @param after the place that the page begins behind; undefined: it is the first.
 * @param placeOf a text that sorts as the items do, another for each.
 */
export const pageOf = <Item>(
  items: readonly Item[],
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
  placeOf: (item: Item) => string,
): PageOf<Item> => {
  const rest = items
    .map((item) => ({ item, place: placeOf(item) }))
    .filter(({ place }) => after === undefined || place < after)
    .sort((a, b) => (a.place < b.place ? 1 : -1));
  const page = rest.slice(0, limit);
  return {
    items: page.map(({ item }) => item),
    last: rest.length > page.length ? page.at(-1)?.place : undefined,
  };
};

const REVISION_DIGITS = 20;
/** Sorts as revisions do. */
export const revisionPlace = (revision: bigint): string => revision.toString().padStart(REVISION_DIGITS, '0');
