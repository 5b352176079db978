import { type Command, Option } from 'commander';
import { type ListRoute, LIMIT_MAX, pagesOf, sentItems, wholeList } from '../http/pages.js';
import { itemSchemaOf, withSchema } from '../http/schemas.js';
import { type Column, table } from '../output/table.js';
import { parseCount, type Session } from '../session.js';

export interface ListFlags {
  readonly limit?: string;
  readonly cursor?: string;
  readonly all?: boolean;
}

export const withPaging = <Built extends Command>(command: Built): Built =>
  command
    .addOption(new Option('--limit <n>', 'items of a page'))
    .addOption(new Option('--cursor <cursor>', 'continue where a page ended'))
    .addOption(new Option('--all', 'every page; as JSON one item a line'));

export interface ListInput<Item> {
  readonly flags: ListFlags;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly columns: readonly Column<Item>[];
  readonly idOf: (item: Item) => string;
  /** A list with a quota: all of it, unless a page is asked for. */
  readonly isWhole?: boolean;
}

const queryOf = <Item>({ flags, query }: ListInput<Item>): Readonly<Record<string, string | undefined>> => ({
  ...query,
  limit: flags.limit === undefined ? undefined : parseCount(flags.limit, '--limit'),
  cursor: flags.cursor,
});

const idLines = <Item>(items: readonly Item[], { idOf }: ListInput<Item>): string =>
  items.map((item) => `${idOf(item)}\n`).join('');

const printAll = async <Item>(session: Session, route: ListRoute<Item>, input: ListInput<Item>): Promise<void> => {
  const { printer, io } = session;
  const items: Item[] = [];
  const itemSchema = itemSchemaOf(route);
  const asked = queryOf(input);
  const query = { ...asked, limit: asked['limit'] ?? LIMIT_MAX };
  for await (const { value, body } of pagesOf(await session.client(), route, query)) {
    if (printer.isQuiet) io.stdout(idLines(value.items, input));
    else if (!printer.isText) for (const item of sentItems(body)) printer.printItem(withSchema(itemSchema, item));
    else items.push(...value.items);
  }
  if (printer.isText && !printer.isQuiet) printer.printText(table(input.columns, items));
};

const listed = async <Item>(session: Session, route: ListRoute<Item>, input: ListInput<Item>) => {
  const client = await session.client();
  const { limit, cursor } = input.flags;
  if (input.isWhole === true && limit === undefined && cursor === undefined)
    return { ...(await wholeList(client, route, input.query)), next: null };
  const { value, body } = await client.send(route, { query: queryOf(input) });
  return { items: value.items, body, next: value.next_cursor };
};

/** Prints one page, or all of them. */
export const printList = async <Item>(
  session: Session,
  route: ListRoute<Item>,
  input: ListInput<Item>,
): Promise<void> => {
  if (input.flags.all === true) {
    await printAll(session, route, input);
    return;
  }
  const { printer, io } = session;
  const { items, body, next } = await listed(session, route, input);
  if (printer.isQuiet) io.stdout(idLines(items, input));
  else printer.print({ body, text: () => table(input.columns, items), itemSchema: itemSchemaOf(route) });
  if (next !== null) printer.hint(`more: --cursor ${next}, or --all\n`);
};
