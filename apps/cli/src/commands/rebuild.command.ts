import type { RebuildReport, TableComparison } from '@verdict/adapter-postgres';
import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { CliFailure } from '../failure.js';
import { EXIT, type Io } from '../io.js';
import { table } from '../output/table.js';
import { openSession, type Session } from '../session.js';
import { openDatabase } from '../stores/database.js';

interface RebuildFlags {
  readonly verify?: boolean;
  readonly dataDir?: string;
}

const rebuildIn = async ({ io, printer }: Session, url: string, isVerifyOnly: boolean): Promise<RebuildReport> => {
  const [{ openPostgresJournals, rebuildReadModels }, { EntryLog }] = await Promise.all([
    import('@verdict/adapter-postgres'),
    import('@verdict/application'),
  ]);
  const journals = await openPostgresJournals({ url, applicationName: 'verdict-cli' });
  const isShown = io.isTerminal.stderr && !printer.isQuiet;
  const onProgress = ({ entries, total }: { readonly entries: number; readonly total: number }): void =>
    io.stderr(`\r${String(entries)} of ${String(total)} entries`);
  try {
    return await rebuildReadModels({
      url,
      log: new EntryLog(journals),
      verifyOnly: isVerifyOnly,
      ...(isShown ? { onProgress } : {}),
    });
  } finally {
    if (isShown) io.stderr('\n');
    await journals.close();
  }
};

const reportText = ({ tables, isEqual, isSwapped, entries }: RebuildReport): string => {
  const differing = tables.filter((each) => each.differing > 0);
  const head = isEqual
    ? `${String(tables.length)} projections equal`
    : `${String(differing.length)} projections DIFFERENT`;
  const rows = table<TableComparison>(
    [
      { title: 'PROJECTION', value: ({ table: name }) => name },
      { title: 'LIVE', value: ({ liveRows }) => String(liveRows), isNumber: true },
      { title: 'REBUILT', value: ({ rebuiltRows }) => String(rebuiltRows), isNumber: true },
      { title: 'DIFFERING', value: (each) => String(each.differing), isNumber: true },
      { title: 'FIRST OF THEM', value: ({ examples }) => examples.join(', ') },
    ],
    tables,
  );
  return `${head}, ${String(entries)} entries${isSwapped ? ', rebuilt ones in place' : ''}\n${rows}`;
};

const unavailable = (error: unknown): CliFailure =>
  new CliFailure(EXIT.unknown, {
    code: 'rebuild_failed',
    title: error instanceof Error ? error.message : String(error),
    detail: 'the live read models are as they were',
    retry: 'later',
    idempotencyKey: null,
  });

const rebuild = async (session: Session, flags: RebuildFlags): Promise<void> => {
  const { io, printer } = session;
  const isVerifyOnly = flags.verify === true;
  const database = await openDatabase(io, flags.dataDir);
  try {
    const report = await rebuildIn(session, database.url, isVerifyOnly).catch((error: unknown) => {
      throw unavailable(error);
    });
    const body = { schema: 'verdict.rebuild.report.v1', ...report, head: Object.fromEntries(report.head) };
    printer.print({ body, text: () => reportText(report), id: report.isEqual ? 'equal' : 'different' });
    io.exit(isVerifyOnly && !report.isEqual ? EXIT.no : EXIT.yes);
  } finally {
    await database.close();
  }
};

/** `verdict rebuild`: the read models anew from the journals, beside the live ones. */
export const rebuildCommand = (io: Io): Command =>
  new CliCommand('rebuild')
    .description('build the read models anew from the journals, compare, put the new ones in place')
    .option('--verify', 'compare only; exit 1 when they differ')
    .option('--data-dir <dir>', "a stopped server's data folder (VERDICT_DATA_DIR; default: .verdict)")
    .about({
      reach: 'stores',
      exits: { 0: 'rebuilt; with --verify: equal', 1: 'with --verify: they differ' },
      notes:
        'With POSTGRES_URL set, the services may go on meanwhile. Otherwise the server of the data folder must be stopped.',
      examples: [
        'verdict rebuild --verify',
        'POSTGRES_URL=postgresql://verdict_service:...@db:5432/verdict verdict rebuild',
      ],
    })
    .action((flags: RebuildFlags, command: Command) => rebuild(openSession(io, command), flags));
