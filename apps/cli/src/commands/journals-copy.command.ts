import type { CopyDeps, CopyReport, Journals } from '@verdict/application';
import { type Command, Option } from 'commander';
import { CliCommand } from '../cli-command.js';
import { CliFailure } from '../failure.js';
import { EXIT, type ExitCode, type Io } from '../io.js';
import { createProgress } from '../output/progress.js';
import { openSession, parseCount, type Session } from '../session.js';
import { openDatabase } from '../stores/database.js';
import { LOG_KINDS, openEventStoreLog, openPostgresLog } from '../stores/log.js';
import { migrateAs } from '../stores/migrate.js';
import { type Keep, storeFailure, withOpened } from '../stores/opened.js';
import { type Place, type PlaceFlags, placesOf } from '../stores/places.js';
import { postgresUrlIn } from '../stores/urls.js';
import { copyBody, copyText, totalsOf } from './copy-report.js';

interface CopyFlags extends PlaceFlags {
  readonly verify?: boolean;
  readonly atOnce: string;
}

const AT_ONCE = '8';
const STAYS = 'what was copied stays: run it again to go on from there';

interface Side {
  readonly journals: Journals;
  /** The Postgres it is on, if it is. */
  readonly databaseUrl: string | undefined;
}

const openSide = async (
  io: Io,
  keep: Keep,
  { place, dataDir }: { place: Place; dataDir: string | undefined },
): Promise<Side> => {
  if (place.kind === 'eventstoredb') {
    return { journals: keep(await openEventStoreLog(place.url)), databaseUrl: undefined };
  }
  const databaseUrl = place.kind === 'postgres' ? place.url.href : keep(await openDatabase(io, dataDir)).url;
  return { journals: keep(await openPostgresLog(databaseUrl)), databaseUrl };
};

const migrateTarget = async (target: Place, isVerifyOnly: boolean): Promise<void> => {
  if (target.kind !== 'postgres' || target.admin === undefined || isVerifyOnly) return;
  await migrateAs({ adminUrl: target.admin, service: target });
};

/** Checkpoints are kept in the database of the services: the source's own, or the one beside an EventStoreDB. */
const openCheckpoints = async (
  io: Io,
  keep: Keep,
  { source, target }: { readonly source: Side; readonly target: Side },
): Promise<Pick<CopyDeps, 'checkpoints'>> => {
  const url = source.databaseUrl ?? postgresUrlIn(io, 'POSTGRES_URL')?.href ?? target.databaseUrl;
  if (url === undefined) return {};
  const { openAuditStore, schemasOf } = await import('@verdict/adapter-postgres');
  const { hasAudit } = await schemasOf(url);
  return hasAudit ? { checkpoints: keep(await openAuditStore({ url })) } : {};
};

const runCopy = async ({ io, printer }: Session, flags: CopyFlags): Promise<CopyReport> => {
  const places = placesOf(io, flags);
  const { dataDir, verify: isVerifyOnly = false } = flags;
  const atOnce = Number(parseCount(flags.atOnce, '--at-once'));
  const { copyJournals } = await import('@verdict/application');
  await migrateTarget(places.target, isVerifyOnly);
  return withOpened(async (keep) => {
    const source = await openSide(io, keep, { place: places.source, dataDir });
    const target = await openSide(io, keep, { place: places.target, dataDir });
    const checkpoints = await openCheckpoints(io, keep, { source, target });
    const progress = createProgress(io, printer);
    try {
      return await copyJournals(
        { source: source.journals, target: target.journals, ...checkpoints },
        {
          verifyOnly: isVerifyOnly,
          atOnce,
          signal: io.interrupted,
          onProgress: ({ phase, entries, total }) => {
            progress.report(`${phase}: ${String(entries)} of ${String(total)} entries`);
          },
        },
      );
    } finally {
      progress.end();
    }
  });
};

const failed = (io: Io, error: unknown): CliFailure =>
  io.interrupted.aborted
    ? new CliFailure(EXIT.interrupted, {
        ...{ code: 'interrupted', title: 'interrupted', detail: STAYS, retry: 'later', idempotencyKey: null },
      })
    : storeFailure(error, STAYS);

const refused = (report: CopyReport): CliFailure =>
  new CliFailure(EXIT.refused, {
    ...{ code: 'logs_differ', title: 'the two are not one log: nothing was written' },
    ...{ retry: 'never', idempotencyKey: null },
    errors: totalsOf(report).different.map(({ journal, difference }) => ({
      pointer: journal,
      code: difference?.kind ?? '',
      detail: `differs at revision ${difference?.revision.toString() ?? ''}`,
    })),
  });

const incomplete = (report: CopyReport, isVerifyOnly: boolean): CliFailure =>
  new CliFailure(EXIT.incomplete, {
    code: isVerifyOnly ? 'copy_incomplete' : 'source_moved',
    title: `${totalsOf(report).left.toString()} entries are left`,
    detail: isVerifyOnly ? 'run it without --verify' : 'run it again with the services stopped',
    ...{ retry: 'later', idempotencyKey: null },
  });

const EXITS = { equal: EXIT.yes, different: EXIT.no } as const satisfies Partial<
  Record<CopyReport['outcome'], ExitCode>
>;

const copy = async (session: Session, flags: CopyFlags): Promise<void> => {
  const { io, printer } = session;
  const report = await runCopy(session, flags).catch((error: unknown) => {
    throw failed(io, error);
  });
  const { outcome } = report;
  const { from, to } = flags;
  printer.print({ body: copyBody(report, { from, to }), text: () => copyText(report), id: outcome });
  if (outcome === 'refused') throw refused(report);
  if (outcome === 'incomplete') throw incomplete(report, flags.verify === true);
  io.exit(EXITS[outcome]);
};

const NOTES = `
URLs come from the environment: POSTGRES_URL and EVENTSTORE_URL. Those of the target may be called TARGET_POSTGRES_URL and
TARGET_EVENTSTORE_URL, and must be where both sides are of one kind. "postgres" without POSTGRES_URL, or with --data-dir,
is the database of a stopped standalone. POSTGRES_ADMIN_URL beside the target's POSTGRES_URL (TARGET_POSTGRES_ADMIN_URL
beside TARGET_POSTGRES_URL) has the target migrated first, as \`verdict migrate\` does.

Entries keep their bytes and revisions. What the target has must be the beginning of what the source has: else nothing is
written, and the first revision that differs is named. At the end each journal's Merkle root over both sides is computed
from the bytes and compared, also with the newest signed checkpoint in the services' database. It may be killed at any
moment: run it again, and it goes on from the target's heads.

Copy while the services run, to have little left; stop them; copy again until the exit code is 0; then start them on the
target. Snapshots, read models, keys and exports are not copied: services make read models and snapshots anew.

`;

/** `verdict journals copy`: the same log in another store, proved by its roots. */
export const journalsCopyCommand = (io: Io): Command =>
  new CliCommand('copy')
    .description('copy every journal to another log, and prove that both are the same')
    .addOption(new Option('--from <log>', 'the source').choices(LOG_KINDS).makeOptionMandatory())
    .addOption(new Option('--to <log>', 'the target').choices(LOG_KINDS).makeOptionMandatory())
    .option('--verify', 'compare only; nothing is written')
    .option('--at-once <n>', 'journals under way at the same time', AT_ONCE)
    .option('--data-dir <dir>', "a stopped server's data folder (VERDICT_DATA_DIR; default: .verdict)")
    .about({
      reach: 'stores',
      exits: {
        0: 'all roots are equal and the source did not move',
        1: 'different',
        4: 'logs_differ: nothing was written',
        7: 'entries are left: the source has moved (--verify: or was not copied yet)',
      },
      notes: NOTES,
      examples: [
        'EVENTSTORE_URL=esdb://eventstore:2113 POSTGRES_URL=postgresql://verdict_service:...@db/verdict \\',
        '  verdict journals copy --from postgres --to eventstoredb',
        'EVENTSTORE_URL=esdb://eventstore:2113 verdict journals copy --from postgres --to eventstoredb --data-dir .verdict',
        'TARGET_POSTGRES_URL=postgresql://...@new/verdict POSTGRES_URL=postgresql://...@old/verdict \\',
        '  verdict journals copy --from postgres --to postgres --verify',
      ],
    })
    .action((flags: CopyFlags, command: Command) => copy(openSession(io, command), flags));
