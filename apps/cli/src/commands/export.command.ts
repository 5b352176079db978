import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ROUTES } from '@verdict/contracts';
import { Command, Option } from 'commander';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { parseDurationMs } from '../input/duration.js';
import { EXIT, type Io } from '../io.js';
import { refuseUnwritable } from '../input/output-file.js';
import { facts, table } from '../output/table.js';
import { openSession, type Session } from '../session.js';
import { exportBundle } from '../http/export-bundle.js';
import { type ListFlags, printList, withPaging } from './lists.js';

const KINDS = ['policy', 'decisions', 'approvals', 'reservations'];

interface ExportFlags {
  readonly out: string;
  readonly series?: string;
  readonly journals?: readonly string[];
  readonly wait: string;
}

/** Whether the file is to be overwritten: because --yes says so, or a person who was asked. */
const isOverwriting = async ({ io, flags }: Session, path: string): Promise<boolean> => {
  if (flags.isYes || flags.isDryRun) return flags.isYes;
  const isThere = await access(resolve(io.cwd, path)).then(
    () => true,
    () => false,
  );
  if (!isThere || (await io.confirm?.(`${path} is there already: overwrite it?`)) === true) return isThere;
  throw wrongCall('file_exists', `${path} is there already`, 'name another file, or overwrite it with --yes');
};

const archive = async (session: Session, { out, series, journals, wait }: ExportFlags): Promise<void> => {
  const { printer } = session;
  const waitMs = parseDurationMs(wait, '--wait');
  await refuseUnwritable(session.io, out);
  const { ready, bytes, sha256 } = await exportBundle(session, {
    ask: { series, journals },
    waitMs,
    path: out,
    isOverwriting: await isOverwriting(session, out),
  });
  const body = { schema: 'verdict.cli.export.v1', ...ready, file: out, downloaded: { bytes, sha256 } };
  const text = (): string =>
    `${String(ready.progress.entries)} entries sha256:${sha256}\n${facts([
      ['file', `${out}, ${String(bytes)} bytes`],
      ['export', ready.export_id],
      ['series', ready.series],
      ...Object.entries(ready.ranges).map(
        ([kind, { from, to }]) => [kind, `revisions ${String(from)} to ${String(to)} (half-open)`] as const,
      ),
    ])}`;
  printer.print({ body, text, id: ready.export_id });
  printer.hint(
    `\ncheck it offline: verdict verify ${out} --trust VKEYS (\`verdict key public\`, fetched another way)\n`,
  );
};

const withArchive = (command: CliCommand): CliCommand =>
  command
    .requiredOption('--out <file>', 'where the bundle goes')
    .option('--series <name>', 'exports of a series are linked (default: default)')
    .addOption(new Option('--journals <kind...>', 'only these journals').choices(KINDS))
    .option('--wait <duration>', 'wait this long for the export', '10m')
    .about({
      reach: 'server',
      exits: { 1: 'the bundle has another hash than was announced', 7: 'the export failed' },
      examples: ['verdict export --out november.zip --series monthly --token-file auditor.token'],
    });

const archiveCommand = (io: Io): Command =>
  withArchive(new CliCommand('archive'))
    .description('export the journals with their proofs, download the bundle, check its hash')
    .action((flags: ExportFlags, command: Command) => archive(openSession(io, command), flags));

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('exports, newest first'))
    .about({ reach: 'server', examples: ['verdict export list'] })
    .action((flags: ListFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listExports, {
        flags,
        query: {},
        idOf: ({ export_id: id }) => id,
        columns: [
          { title: 'CREATED', value: ({ created_at: at }) => at },
          { title: 'STATUS', value: ({ status }) => status },
          { title: 'SERIES', value: ({ series }) => series },
          { title: 'ENTRIES', value: ({ progress }) => String(progress.entries), isNumber: true },
          { title: 'ID', value: ({ export_id: id }) => id },
        ],
      }),
    );

const parityCommand = (io: Io): Command =>
  new CliCommand('parity')
    .description('do the read models say what the journals say?')
    .about({ reach: 'server', exits: { 0: 'they do', 1: 'they differ' }, examples: ['verdict export parity'] })
    .action(async (_flags: object, command: Command) => {
      const session = openSession(io, command);
      const { value, body } = await (await session.client()).send(ROUTES.exportParity);
      const counts = Object.entries(value.counts);
      const rows = table(
        [
          { title: 'COUNT', value: ([name]) => name },
          { title: 'ENTRIES', value: ([, count]) => String(count), isNumber: true },
        ],
        counts,
      );
      const faults = [...value.gaps, ...value.mismatches].map((each) => `${each}\n`).join('');
      const text = (): string => `${value.parity_ok ? 'equal' : 'DIFFERENT'}\n${rows}${faults}`;
      session.printer.print({ body, text, id: value.parity_ok ? 'equal' : 'different' });
      io.exit(value.parity_ok ? EXIT.yes : EXIT.no);
    });

/** `verdict export`: bundles for auditors. Without a subcommand it is `export archive`. */
export const exportCommand = (io: Io): Command => {
  const group = new Command('export').description('bundles with proofs, for auditors (default: archive)');
  group.addCommand(archiveCommand(io), { isDefault: true });
  for (const create of [listCommand, parityCommand]) group.addCommand(create(io));
  return group;
};
