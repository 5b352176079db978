import type { RouteContract } from '@verdict/contracts';
import type { z } from 'zod';
import type { Answer, Client, RequestInput } from './client.js';

type Listing<Item> = { readonly items: readonly Item[]; readonly next_cursor: string | null };
/** A route that answers with a page. */
export type ListRoute<Item> = RouteContract & { readonly response: z.ZodType<Listing<Item>> };

/** A list that is read whole is read in as few calls as it takes. */
export const LIMIT_MAX = '200';

/** The pages of a list, until there are no more. */
export async function* pagesOf<Item>(
  client: Client,
  route: ListRoute<Item>,
  query: NonNullable<RequestInput['query']>,
): AsyncGenerator<Answer<Listing<Item>>> {
  for (let cursor = query['cursor'], hasMore = true; hasMore;) {
    const page = await client.send(route, { query: { ...query, cursor } });
    yield page;
    cursor = page.value.next_cursor ?? undefined;
    hasMore = cursor !== undefined;
  }
}

/** Items of a page as they were sent, members unknown to this client included. */
export const sentItems = (body: unknown): readonly unknown[] =>
  typeof body === 'object' && body !== null && 'items' in body && Array.isArray(body.items) ? body.items : [];

/** Every page of a list as one answer: all items as they were sent, and what else the last page says. */
export const wholeList = async <Item>(
  client: Client,
  route: ListRoute<Item>,
  query: NonNullable<RequestInput['query']> = {},
): Promise<{ readonly items: readonly Item[]; readonly body: object }> => {
  const items: Item[] = [];
  const sent: unknown[] = [];
  let last: object = {};
  for await (const { value, body } of pagesOf(client, route, { ...query, limit: LIMIT_MAX })) {
    items.push(...value.items);
    sent.push(...sentItems(body));
    last = typeof body === 'object' && body !== null ? body : {};
  }
  return { items, body: { ...last, items: sent } };
};
