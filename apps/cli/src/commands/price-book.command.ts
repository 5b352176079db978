import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { readJsonInput } from '../input/input-file.js';
import { jsonTextOf } from '../input/json-text.js';
import type { Io } from '../io.js';
import { facts } from '../output/table.js';
import { openSession } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';
import { pricePlanCommand } from './price-plan.js';

type PriceBook = z.output<typeof ROUTES.getPriceBook.response>;

const bookText = (book: PriceBook): string =>
  facts([
    ['version', book.version],
    ['entries', String(book.entries)],
    ['sha256', book.sha256],
    ['published', `${book.published_at} by ${book.published_by}`],
    ['note', book.unchanged === true ? 'unchanged: this text was published before' : undefined],
  ]);

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('published price books, newest first'))
    .about({ reach: 'server', examples: ['verdict price-book list'] })
    .action((flags: ListFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listPriceBooks, {
        flags,
        query: {},
        isWhole: true,
        idOf: ({ version }) => version,
        columns: [
          { title: 'VERSION', value: ({ version }) => version },
          { title: 'ENTRIES', value: ({ entries }) => String(entries), isNumber: true },
          { title: 'PUBLISHED', value: ({ published_at: at }) => at },
          { title: 'BY', value: ({ published_by: by }) => by },
          { title: 'SHA256', value: ({ sha256 }) => sha256 },
        ],
      }),
    );

const showCommand = (io: Io): Command =>
  new CliCommand('show')
    .description('one price book with its text')
    .argument('<version>', 'its name, as in `price-book list`')
    .about({ reach: 'server', examples: ['verdict price-book show 2026-11-us-east-1'] })
    .action(async (version: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const { value, body } = await (await session.client()).send(ROUTES.getPriceBook, { params: { version } });
      const book = value.book === undefined ? '' : `\n${JSON.stringify(value.book, null, 2)}\n`;
      session.printer.print({ body, text: () => `${bookText(value)}${book}`, id: value.version });
    });

const publishCommand = (io: Io): Command =>
  new CliCommand('publish')
    .description('publish a price book; it never changes, a correction is a new version')
    .argument('<file>', 'book of format verdict.price-book.v1, - for standard input')
    .about({ reach: 'server', examples: ['verdict price-book publish examples/aws-web-stack/price-book.json'] })
    .action(async (file: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const body = jsonTextOf(await readJsonInput(io, file));
      const answer = await (await session.client()).send(ROUTES.publishPriceBook, { body });
      session.printer.print({ body: answer.body, text: () => bookText(answer.value), id: answer.value.version });
    });

/** `verdict price-book`: what resources cost. */
export const priceBookCommand = (io: Io): Command => {
  const group = new Command('price-book').description('what resources cost, as versions');
  for (const create of [listCommand, showCommand, publishCommand, pricePlanCommand]) group.addCommand(create(io));
  return group;
};
