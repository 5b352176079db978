import type { Page, PageRequest } from '@verdict/application';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { cursorAfter, type FilterValue, readCursor, type Walk } from './cursor.js';

/** A query whose rows are ordered by one column, the revision, unique within the tenant. */
export interface Paged<Entity extends ObjectLiteral> {
  readonly query: SelectQueryBuilder<Entity>;
  /** Alias of the entity that has the revision. */
  readonly alias: string;
  readonly walk: Walk;
}

/**
 * One page: keyset, not offset, so a row that comes or goes moves no other; one row more than asked tells whether there
 * is a next page.
 */
export const pageOf = async <Entity extends ObjectLiteral & { readonly revision: bigint }>(
  { query, alias, walk }: Paged<Entity>,
  { limit, cursor }: PageRequest,
): Promise<Page<Entity>> => {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`a page has at least 1 row, not ${String(limit)}`);
  const isNewestFirst = walk.order === 'newest_first';
  if (cursor !== undefined) {
    const after = readCursor(walk, cursor);
    if (after === undefined) return { kind: 'cursor_invalid' };
    query.andWhere(`${alias}.revision ${isNewestFirst ? '<' : '>'} CAST(:after AS bigint)`, {
      after: after.toString(),
    });
  }
  const found = await query
    .orderBy(`${alias}.revision`, isNewestFirst ? 'DESC' : 'ASC')
    .limit(limit + 1)
    .getMany();
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return {
    kind: 'page',
    rows,
    nextCursor: found.length > limit && last !== undefined ? cursorAfter(walk, last.revision) : null,
  };
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
