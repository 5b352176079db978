import type { PageOf } from '@verdict/application';
import { problem } from '@verdict/nest-kit';

/** A page of a list as every list answers it; a cursor of another walk is refused. */
export const pageAnswer = <Item, Answer>(
  page: PageOf<Item>,
  asOf: Readonly<Record<string, number>>,
  answerOf: (item: Item) => Answer,
) => {
  if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
  return { items: page.items.map(answerOf), next_cursor: page.nextCursor, as_of: asOf };
};
