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

/**
 * The next rows of the span, and one more, which tells whether there is a next page: keyset, not offset, so a row that
 * comes or goes moves no other.
 */
export const inSpan = <Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  alias: string,
  { order, upTo, page: { limit, after } }: Span,
): SelectQueryBuilder<Entity> => {
  const isNewestFirst = order === 'newest_first';
  query.andWhere(`${alias}.revision <= CAST(:upTo AS bigint)`, { upTo: upTo.toString() });
  if (after !== undefined)
    query.andWhere(`${alias}.revision ${isNewestFirst ? '<' : '>'} CAST(:after AS bigint)`, {
      after: after.toString(),
    });
  return query.orderBy(`${alias}.revision`, isNewestFirst ? 'DESC' : 'ASC').limit(limit + 1);
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
