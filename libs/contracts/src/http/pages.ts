import { z } from 'zod';
import { wholeNumber } from './scalars.js';

/** Lists: `cursor` is bound to tenant, filters and order. @source contract section 1 */
const page = { limit: wholeNumber(1, 200).default(50), cursor: z.string().max(512).optional() };
export const pageQuery = <Shape extends z.core.$ZodShape>(filters: Shape) => z.strictObject({ ...page, ...filters });
/** Revisions of the journals that every page of a walk shows. */
export const AsOf = z.record(z.string(), z.int());
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next_cursor: z.string().nullable(), as_of: AsOf });

export const PageQuery = pageQuery({});
