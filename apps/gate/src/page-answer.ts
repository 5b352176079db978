import type { PageRequest, ShownPage } from '@verdict/application';
import { PageQuery } from '@verdict/contracts';
import type { Call } from '@verdict/nest-kit';

/** The page that a list without filters is asked for. */
export const pageRequest = (call: Call): PageRequest => {
  const { limit, cursor } = call.query(PageQuery);
  return { limit, cursor };
};

/** A page of a list as every list answers it. */
export const pageAnswer = <Item, Answer>(
  { items, nextCursor, asOf }: ShownPage<Item>,
  answerOf: (item: Item) => Answer,
) => ({ items: items.map(answerOf), next_cursor: nextCursor, as_of: asOf });
