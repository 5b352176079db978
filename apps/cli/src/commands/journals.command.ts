import type { JournalName, ParkedJournal, Revision } from '@verdict/application';
import { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { CliFailure, wrongCall } from '../failure.js';
import { EXIT, type Io } from '../io.js';
import { table } from '../output/table.js';
import { openSession, type Session } from '../session.js';
import { type Database, openDatabase } from '../stores/database.js';
import { openLog } from '../stores/log.js';
import { type Keep, storeFailure, withOpened } from '../stores/opened.js';
import { openProjections } from '../stores/projections.js';
import { journalsCopyCommand } from './journals-copy.command.js';

interface StoreFlags {
  readonly dataDir?: string;
}

const WHERE = `
POSTGRES_URL names the database of the services; without it, the stopped server of --data-dir is started for the command.
VERDICT_LOG=eventstoredb and EVENTSTORE_URL say, as for the services, that the log is there.
`;

const withStore = (command: CliCommand): CliCommand =>
  command.option('--data-dir <dir>', "a stopped server's data folder (VERDICT_DATA_DIR; default: .verdict)");

/** Opens the database for a command, and tells what became of it in the command's own terms. */
const onDatabase = async <Answer>(
  { io }: Session,
  { dataDir }: StoreFlags,
  work: (keep: Keep, database: Database) => Promise<Answer>,
): Promise<Answer> =>
  withOpened(async (keep) => work(keep, keep(await openDatabase(io, dataDir)))).catch((error: unknown) => {
    throw storeFailure(error);
  });

interface ListedJournal {
  readonly journal: JournalName;
  readonly head: Revision;
  readonly entries: bigint;
  /** The last revision that the read models show; -1 none, null: nothing projects this journal. */
  readonly projected: Revision | null;
  /** Entries that the read models lack. */
  readonly lag: bigint | null;
  readonly parked: ParkedJournal | null;
}

interface Standing {
  readonly isProjected: (journal: JournalName) => boolean;
  readonly heads: readonly Revision[];
  readonly marks: ReadonlyMap<JournalName, Revision>;
  readonly parked: readonly ParkedJournal[];
}

const listedOf = (names: readonly JournalName[], standing: Standing): readonly ListedJournal[] => {
  const { heads, isProjected, marks, parked } = standing;
  const parkedBy = new Map(parked.map((each) => [each.journal, each]));
  return names.map((journal, index) => {
    const head = heads[index] ?? -1n;
    const next = isProjected(journal) ? (marks.get(journal) ?? 0n) : null;
    return {
      ...{ journal, head, entries: head + 1n, parked: parkedBy.get(journal) ?? null },
      projected: next === null ? null : next - 1n,
      lag: next === null ? null : head + 1n - next,
    };
  });
};

const orDash = (value: bigint | null): string => (value === null || value < 0n ? '-' : value.toString());

const listText = (rows: readonly ListedJournal[]): string =>
  table<ListedJournal>(
    [
      { title: 'JOURNAL', value: ({ journal }) => journal },
      { title: 'HEAD', value: ({ head }) => head.toString(), isNumber: true },
      { title: 'ENTRIES', value: ({ entries }) => entries.toString(), isNumber: true },
      { title: 'PROJECTED TO', value: ({ projected }) => orDash(projected), isNumber: true },
      { title: 'LAG', value: ({ lag }) => orDash(lag), isNumber: true },
      { title: 'PARKED', value: ({ parked }) => (parked === null ? '-' : `since ${parked.since}`) },
    ],
    rows,
  );

const list = async (session: Session, flags: StoreFlags): Promise<void> => {
  const { parseJournalName } = await import('@verdict/application');
  const isProjected = (journal: JournalName): boolean => parseJournalName(journal) !== undefined;
  const rows = await onDatabase(session, flags, async (keep, database) => {
    const journals = keep(await openLog(session.io, database));
    const projections = await openProjections(keep, database);
    const names = await journals.list();
    // Heads last: what is projected is below them.
    const [marks, parked] = [await projections.marks(), await projections.parked()];
    return listedOf(names, { isProjected, marks, parked, heads: await journals.heads(names) });
  });
  const items = rows.map(({ parked, ...row }) => ({
    ...row,
    parked: parked === null ? null : { revision: parked.revision, since: parked.since, error: parked.error },
  }));
  session.printer.print({
    body: { schema: 'verdict.journals.list.v1', items },
    text: () => listText(rows),
    itemSchema: 'verdict.journals.journal.v1',
    id: rows.map(({ journal }) => journal).join('\n'),
  });
};

const listCommand = (io: Io): Command =>
  withStore(new CliCommand('list'))
    .description('every journal: its head, how far it is projected, whether it is parked')
    .about({
      reach: 'stores',
      notes: WHERE,
      examples: [
        'POSTGRES_URL=postgresql://verdict_service:...@db/verdict verdict journals list',
        'verdict journals list --data-dir /var/lib/verdict -o json',
      ],
    })
    .action((flags: StoreFlags, command: Command) => list(openSession(io, command), flags));

const parkedText = (rows: readonly ParkedJournal[]): string =>
  rows.length === 0
    ? 'no journal is parked\n'
    : table<ParkedJournal>(
        [
          { title: 'JOURNAL', value: ({ journal }) => journal },
          { title: 'REVISION', value: ({ revision }) => revision.toString(), isNumber: true },
          { title: 'SINCE', value: ({ since }) => new Date(since).toISOString() },
          { title: 'ERROR', value: ({ error }) => error },
        ],
        rows,
      );

const parked = async (session: Session, flags: StoreFlags): Promise<void> => {
  const items = await onDatabase(session, flags, async (keep, database) =>
    (await openProjections(keep, database)).parked(),
  );
  session.printer.print({
    body: { schema: 'verdict.journals.parked.v1', items },
    text: () => parkedText(items),
    itemSchema: 'verdict.journals.parked_journal.v1',
    id: items.map(({ journal }) => journal).join('\n'),
  });
  session.io.exit(items.length === 0 ? EXIT.yes : EXIT.no);
};

const parkedCommand = (io: Io): Command =>
  withStore(new CliCommand('parked'))
    .description('journals whose next entry could not be projected; exit 1 when there are any')
    .about({
      reach: 'stores',
      exits: { 0: 'none is parked', 1: 'there are some' },
      notes: `${WHERE}
A journal is parked after eight tries. Later entries of it wait, those of all other journals do not. Once the cause is
gone: verdict journals resume J.`,
      examples: ['verdict journals parked || page-somebody'],
    })
    .action((flags: StoreFlags, command: Command) => parked(openSession(io, command), flags));

interface ResumeFlags extends StoreFlags {
  readonly all?: boolean;
}

const refused = (code: string, title: string): CliFailure =>
  new CliFailure(EXIT.refused, { code, title, retry: 'never', idempotencyKey: null });

/** Nothing says that a journal exists but its entries. */
const notParked = async (
  io: Io,
  { keep, database }: { readonly keep: Keep; readonly database: Database },
  journal: JournalName,
): Promise<CliFailure> => {
  const [head = -1n] = await keep(await openLog(io, database)).heads([journal]);
  return head < 0n
    ? refused('journal_unknown', `there is no journal ${journal}`)
    : refused('journal_not_parked', `${journal} is not parked`);
};

const resume = async (session: Session, journal: JournalName | undefined, flags: ResumeFlags): Promise<void> => {
  const { io, printer } = session;
  if ((journal === undefined) !== (flags.all === true)) throw wrongCall('usage', 'name a journal, or give --all');
  const resumed = await onDatabase(session, flags, async (keep, database) => {
    const projections = await openProjections(keep, database);
    const found = (await projections.parked()).filter((each) => journal === undefined || each.journal === journal);
    if (journal !== undefined && found.length === 0) throw await notParked(io, { keep, database }, journal);
    for (const each of found) await projections.resume(each.journal);
    return found.map(({ journal: name, revision }) => ({ journal: name, revision }));
  });
  printer.print({
    body: { schema: 'verdict.journals.resume.v1', resumed },
    text: () =>
      resumed.length === 0
        ? 'no journal is parked\n'
        : resumed.map((each) => `${each.journal} goes on at revision ${each.revision.toString()}\n`).join(''),
    id: resumed.map((each) => each.journal).join('\n'),
  });
  if (resumed.length > 0) printer.hint('running services notice within 10 s; what fails again is parked again\n');
};

const resumeCommand = (io: Io): Command =>
  withStore(new CliCommand('resume'))
    .description('let a parked journal go on at the entry that failed')
    .argument('[journal]', 'such as decisions-acme')
    .option('--all', 'every parked journal')
    .about({
      reach: 'stores',
      exits: { 0: 'resumed', 4: 'journal_not_parked or journal_unknown' },
      notes: `${WHERE}
Nothing is skipped: the entry that failed is tried again. Running services notice within 10 seconds; an entry that fails
again has its journal parked again after eight tries, some 13 seconds later.`,
      examples: ['verdict journals resume decisions-acme', 'verdict journals resume --all'],
    })
    .action((journal: string | undefined, flags: ResumeFlags, command: Command) =>
      resume(openSession(io, command), journal, flags),
    );

/** `verdict journals`: the log beneath everything, looked at and moved by its operator. */
export const journalsCommand = (io: Io): Command => {
  const group = new Command('journals').description('the log: its journals, parked ones, copies to another store');
  for (const create of [listCommand, journalsCopyCommand, parkedCommand, resumeCommand]) {
    group.addCommand(create(io));
  }
  return group;
};
