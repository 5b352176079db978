import type { PageAt, ReadPage, Revision } from '@verdict/application';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** A value, or any of several; undefined: every one. */
export type FilterValue = string | readonly string[] | undefined;

/** Where a page is in a list that is ordered by a revision, unique within the tenant. */
export interface Span {
  readonly order: 'newest_first' | 'oldest_first';
  /** The newest row of the walk. */
  readonly upTo: Revision;
  readonly page: PageAt;
}

const directionOf = ({ order }: Span): 'ASC' | 'DESC' => (order === 'newest_first' ? 'DESC' : 'ASC');

const within = <Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  alias: string,
  { order, upTo, page: { after } }: Span,
): SelectQueryBuilder<Entity> => {
  query.andWhere(`${alias}.revision <= CAST(:upTo AS bigint)`, { upTo: upTo.toString() });
  return after === undefined
    ? query
    : query.andWhere(`${alias}.revision ${order === 'newest_first' ? '<' : '>'} CAST(:after AS bigint)`, {
        after: after.toString(),
      });
};

/**
 * The next rows of the span, and one more, which tells whether there is a next page: keyset, not offset, so a row that
 * comes or goes moves no other.
 */
export const inSpan = <Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  alias: string,
  span: Span,
): SelectQueryBuilder<Entity> =>
  within(query, alias, span)
    .orderBy(`${alias}.revision`, directionOf(span))
    .limit(span.page.limit + 1);

const ALL = 2 ** 31 - 1;

/**
 * Revisions of the same rows, as SQL, where the condition is a short look-up by another index than that of the order.
 * The inner limit keeps the planner from reading the table in the order of the list until enough of it fits.
 */
export const sortedInSpan = <Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  alias: string,
  span: Span,
): string => {
  const found = within(query.select(`${alias}.revision`, 'revision'), alias, span).limit(ALL);
  return `(SELECT x.revision FROM ${found.getQuery()} AS x
  ORDER BY x.revision ${directionOf(span)} LIMIT ${String(span.page.limit + 1)})`;
};

/** Runs a query that `inSpan` has bounded. */
export const pageOf = async <Entity extends ObjectLiteral & { readonly revision: Revision }, Row>(
  query: SelectQueryBuilder<Entity>,
  { page: { limit } }: Span,
  rowOf: (found: Entity) => Row,
): Promise<ReadPage<Row>> => {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`a page has at least 1 row, not ${String(limit)}`);
  const found = await query.getMany();
  const shown = found.slice(0, limit);
  return { rows: shown.map(rowOf), last: found.length > limit ? shown.at(-1)?.revision : undefined };
};

/** Adds `column = value`, or one of several values, for every filter that is set. */
export const withFilters = <Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  alias: string,
  filter: Readonly<Record<string, FilterValue>>,
): SelectQueryBuilder<Entity> => {
  for (const [property, value] of Object.entries(filter)) {
    if (value === undefined) continue;
    const matches = typeof value === 'string' ? `= :${property}` : `= ANY(:${property})`;
    query.andWhere(`${alias}.${property} ${matches}`, { [property]: value });
  }
  return query;
};
