import { readJsonText, ROUTES } from '@verdict/contracts';
import { formatUsd4, formatUsd6, type PriceBook, pricePlan, type PricedPlan, readPriceBook } from '@verdict/domain';
import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { readJsonInput } from '../input/input-file.js';
import { type PlanFlags, readPlanOf, withPlanFlags } from '../input/plan-file.js';
import { noRequest } from '../global-flags.js';
import { EXIT, type Io } from '../io.js';
import { signedUsd, table } from '../output/table.js';
import { openSession, type Session } from '../session.js';
import { costColumns } from './verdict-text.js';

interface PriceFlags extends PlanFlags {
  readonly book?: string;
  readonly bookVersion?: string;
}

const bookIn = async (io: Io, path: string): Promise<PriceBook> => {
  const reading = readPriceBook(await readJsonInput(io, path));
  if (reading.kind === 'book') return reading.book;
  const [first] = reading.problems;
  throw wrongCall(
    'price_book_invalid',
    `${path} is not a price book`,
    `${first?.pointer ?? ''} ${first?.detail ?? ''}`,
  );
};

/** The newest published book, unless one is named. */
const publishedBook = async (session: Session, named: string | undefined): Promise<PriceBook> => {
  const client = await session.client();
  const version =
    named ?? (await client.send(ROUTES.listPriceBooks, { query: { limit: '1' } })).value.items[0]?.version;
  if (version === undefined)
    throw wrongCall('price_book_missing', 'no price book has been published', 'name one with --book');
  const { body } = await client.send(ROUTES.getPriceBook, { params: { version } });
  const text = JSON.stringify(typeof body === 'object' && body !== null && 'book' in body ? body.book : null);
  const raw = readJsonText(text, { depthMax: 32 });
  const reading = raw.kind === 'ok' ? readPriceBook(raw.value) : undefined;
  if (reading?.kind !== 'book') throw wrongCall('price_book_invalid', `the price book ${version} cannot be read here`);
  return reading.book;
};

const totalText = ({ monthlyDelta, priced, unpriced }: PricedPlan): string => {
  const total = monthlyDelta === null ? 'unknown' : `${signedUsd(formatUsd4(monthlyDelta))} USD/mo`;
  return `${total}, ${String(unpriced)} of ${String(priced + unpriced)} unpriced\n`;
};

const price = async (session: Session, flags: PriceFlags): Promise<void> => {
  const { io, printer, flags: global } = session;
  if (global.isDryRun && flags.book !== undefined) throw noRequest('price --book');
  const book =
    flags.book === undefined ? await publishedBook(session, flags.bookVersion) : await bookIn(io, flags.book);
  const file = await readPlanOf(io, flags);
  const priced = pricePlan(file.plan, book);
  const { monthlyDelta, hourlyDelta, completeness, lines, counts } = priced;
  const body = {
    schema: 'verdict.price.report.v1',
    price_book: book.version,
    plan_sha256: file.sha256,
    monthly_delta_usd: monthlyDelta === null ? null : formatUsd4(monthlyDelta),
    hourly_delta_usd: hourlyDelta === null ? null : formatUsd6(hourlyDelta),
    completeness,
    priced: priced.priced,
    unpriced: priced.unpriced,
    counts,
    lines: lines.map((line) => ({ ...line, address: addressOf(line.address_sha256, file.addresses) })),
  };
  const text = (): string =>
    `${totalText(priced)}${lines.length === 0 ? '' : `\n${table(costColumns(file.addresses), lines)}`}`;
  printer.print({ body, text, id: body.monthly_delta_usd ?? 'unknown' });
  io.exit(completeness === 'complete' ? EXIT.yes : EXIT.incomplete);
};

const addressOf = (hash: string | null, addresses: ReadonlyMap<string, string>): string | null =>
  hash === null ? null : (addresses.get(hash) ?? null);

export const pricePlanCommand = (io: Io): Command =>
  withPlanFlags(
    new CliCommand('price').description(
      'what a plan costs by a price book; computed here, nothing of the plan is sent',
    ),
  )
    .option('--book <file>', 'price book as JSON: needs no server')
    .option('--book-version <name>', 'a published book (default: the newest)')
    .about({
      reach: 'server',
      exits: { 0: 'everything has a price', 7: 'something has none' },
      examples: ['verdict price-book price --plan plan.json --book examples/aws-web-stack/price-book.json'],
    })
    .action((flags: PriceFlags, command: Command) => price(openSession(io, command), flags));
