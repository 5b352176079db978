import { type Command, Option } from 'commander';
import type { RouteContract } from '@verdict/contracts';
import type { z } from 'zod';
import { type Column, table } from '../output/table.js';
import { parseCount, type Session } from '../session.js';

export interface ListFlags {
  readonly limit?: string;
  readonly cursor?: string;
  readonly all?: boolean;
}

export const withPaging = (command: Command): Command =>
  command
    .addOption(new Option('--limit <n>', 'items of a page'))
    .addOption(new Option('--cursor <cursor>', 'continue where a page ended'))
    .addOption(new Option('--all', 'every page; as JSON one item a line'));

type Listed<Item> = RouteContract & {
  readonly response: z.ZodType<{ readonly items: readonly Item[]; readonly next_cursor: string | null }>;
};

export interface ListInput<Item> {
  readonly flags: ListFlags;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly columns: readonly Column<Item>[];
  readonly idOf: (item: Item) => string;
}

const queryOf = <Item>(
  { flags, query }: ListInput<Item>,
  cursor: string | undefined,
): Readonly<Record<string, string | undefined>> => ({
  ...query,
  limit: flags.limit === undefined ? undefined : parseCount(flags.limit, '--limit'),
  cursor,
});

const pageOf = async <Item>(
  session: Session,
  route: Listed<Item>,
  input: ListInput<Item>,
  cursor: string | undefined,
) => {
  const client = await session.client();
  return client.send(route, { query: queryOf(input, cursor) });
};

const printAll = async <Item>(session: Session, route: Listed<Item>, input: ListInput<Item>): Promise<void> => {
  const { printer, io } = session;
  const items: Item[] = [];
  for (let cursor = input.flags.cursor, isMore = true; isMore;) {
    const { value } = await pageOf(session, route, input, cursor);
    if (printer.isQuiet) io.stdout(idLines(value.items, input));
    else if (printer.form === 'json') value.items.forEach(printer.printItem);
    else items.push(...value.items);
    cursor = value.next_cursor ?? undefined;
    isMore = cursor !== undefined;
  }
  if (printer.form === 'table' && !printer.isQuiet) io.stdout(table(input.columns, items));
};

const idLines = <Item>(items: readonly Item[], { idOf }: ListInput<Item>): string =>
  items.map((item) => `${idOf(item)}\n`).join('');

/** Prints one page, or all of them. */
export const printList = async <Item>(session: Session, route: Listed<Item>, input: ListInput<Item>): Promise<void> => {
  if (input.flags.all === true) {
    await printAll(session, route, input);
    return;
  }
  const { printer, io } = session;
  const { value, body } = await pageOf(session, route, input, input.flags.cursor);
  if (printer.isQuiet) io.stdout(idLines(value.items, input));
  else printer.print({ body, text: () => table(input.columns, value.items) });
  if (value.next_cursor !== null) printer.hint(`more: --cursor ${value.next_cursor}, or --all\n`);
};
