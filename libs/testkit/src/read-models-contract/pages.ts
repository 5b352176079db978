import { expect } from '@jest/globals';
import type { PageAt, ReadModels, ReadPage, Revision } from '@verdict/application';

/** The first page, as of what the read models have now. */
export const newest = async (
  readModels: Pick<ReadModels, 'highWater'>,
  tenantId: string,
  limit = 50,
): Promise<PageAt> => ({ limit, point: await readModels.highWater(tenantId), after: undefined });

/** Walks a list to its end, in pages of `limit`. */
export const walk = async <Row>(
  list: (page: PageAt) => Promise<ReadPage<Row>>,
  { limit, point }: Pick<PageAt, 'limit' | 'point'>,
): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  let after: Revision | undefined;
  do {
    const page = await list({ limit, point, after });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    after = page.last;
  } while (after !== undefined);
  return rows;
};
