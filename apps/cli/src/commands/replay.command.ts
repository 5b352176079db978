import type {
  Divergence,
  ReplayProgress,
  ReplayRange,
  ReplayReport,
  ReplaySource,
  WhatIfReport,
} from '@verdict/application';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { policyDocumentOf } from '../input/policy-file.js';
import { EXIT, type Io } from '../io.js';
import { createProgress } from '../output/progress.js';
import { plural, table } from '../output/table.js';
import { openSession, type Session } from '../session.js';
import { openDatabase } from '../stores/database.js';
import { openLog } from '../stores/log.js';
import { type Keep, storeFailure, withOpened } from '../stores/opened.js';
import { interruptible, sourceOfBundle, sourceOfLog, tenantsOf } from '../stores/replay-sources.js';
import { flipsText, hiddenText, outcomesText, whatIfBody, whatIfTotals } from './what-if-report.js';

interface ReplayFlags {
  readonly policy?: string;
  readonly from?: string;
  readonly to?: string;
  readonly dataDir?: string;
}

const revisionOf = (text: string | undefined, flag: string): bigint | undefined => {
  if (text === undefined) return undefined;
  if (!/^(0|[1-9][0-9]{0,17})$/.test(text)) throw wrongCall('revision_invalid', `${flag} is a revision: 0, 1, 2 ...`);
  return BigInt(text);
};

const rangeOf = ({ from: fromText, to: toText }: ReplayFlags): ReplayRange => {
  const [from, to] = [revisionOf(fromText, '--from'), revisionOf(toText, '--to')];
  // Of no decision nothing differs: that must not pass for an answer.
  if (from !== undefined && to !== undefined && from > to)
    throw wrongCall('revision_invalid', `--from ${String(from)} lies behind --to ${String(to)}`);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
};

const sourcesOf = async (
  { io, flags: { given } }: Session,
  keep: Keep,
  path: string | undefined,
  flags: ReplayFlags,
): Promise<readonly ReplaySource[]> => {
  const application = await import('@verdict/application');
  if (path !== undefined) return [await sourceOfBundle(application, keep, resolve(io.cwd, path))];
  const database = keep(await openDatabase(io, flags.dataDir));
  const log = keep(await openLog(io, database));
  const tenants = await tenantsOf(application, log, given.tenant);
  return tenants.map((tenantId) => sourceOfLog(application, log, tenantId));
};

type Tell = (progress: ReplayProgress) => void;

/** Something done with the journals of each tenant, one after the other. */
const withEach = async <Report>(
  session: Session,
  { path, flags }: { readonly path: string | undefined; readonly flags: ReplayFlags },
  work: (source: ReplaySource, tell: Tell) => Promise<Report>,
): Promise<readonly Report[]> => {
  const progress = createProgress(session.io, session.printer);
  return withOpened(async (keep) => {
    const reports: Report[] = [];
    for (const source of await sourcesOf(session, keep, path, flags)) {
      const tell: Tell = ({ entries, decisions }) =>
        progress.report(`${source.tenantId}: ${String(entries)} entries, ${String(decisions)} decisions`);
      reports.push(await work(interruptible(source, session.io.interrupted), tell));
    }
    return reports;
  })
    .catch((error: unknown) => {
      throw storeFailure(error);
    })
    .finally(progress.end);
};

const replayAll = async (
  session: Session,
  path: string | undefined,
  flags: ReplayFlags,
): Promise<readonly ReplayReport[]> => {
  const range = rangeOf(flags);
  const { createReplayDecisions } = await import('@verdict/application');
  const { createCelRules } = await import('@verdict/adapter-cel');
  const replay = createReplayDecisions({ rules: createCelRules() });
  return withEach(session, { path, flags }, (source, tell) => replay(source, range, tell));
};

/** Every decision of a bundle, derived again offline. */
export const replayBundle = (session: Session, path: string): Promise<readonly ReplayReport[]> =>
  replayAll(session, path, {});

/** Whether all came out the same. */
export const isSame = (reports: readonly ReplayReport[]): boolean => {
  const { diverging, reactionsDiverging } = totalsOf(reports);
  return diverging + reactionsDiverging === 0;
};

const ELSEWHERE = {
  other_holds: 'the holds that it takes over',
  undecidable: 'nothing asks for it there, or it was answered before',
} as const satisfies Record<Exclude<Divergence['kind'], 'different'>, string>;

interface Row extends Divergence {
  readonly tenantId: string;
}
const rowsText = (rows: readonly Row[]): string =>
  table<Row>(
    [
      { title: 'TENANT', value: ({ tenantId }) => tenantId },
      { title: 'REVISION', value: ({ revision }) => revision.toString(), isNumber: true },
      { title: 'ENTRY', value: ({ type }) => type },
      { title: 'DECISION', value: ({ decisionId }) => decisionId ?? '-' },
      {
        title: 'DIFFERS AT',
        value: ({ kind, pointers, isCut }) =>
          kind === 'different' ? `${pointers.join(' ')}${isCut ? ' ...' : ''}` : ELSEWHERE[kind],
      },
    ],
    rows,
  );

interface Totals {
  readonly decisions: number;
  readonly diverging: number;
  readonly hidden: number;
  readonly reactions: number;
  readonly reactionsDiverging: number;
}

/** The second line of a report: what the gate wrote of itself. */
const reactionsLine = ({ reactions, reactionsDiverging }: Totals): string =>
  `${String(reactions)} other entries of the gate, ${String(reactionsDiverging)} diverge`;

/** The line of a report, as in `18204 decisions, 0 diverge`. */
export const replayLine = ({ decisions, diverging, hidden }: Totals): string =>
  `${plural(decisions, 'decision')}, ${String(diverging)} diverge${hidden === 0 ? '' : `, ${String(hidden)} hold too little to be decided again`}`;

const totalsOf = (reports: readonly ReplayReport[]): Totals => ({
  decisions: reports.reduce((sum, { decisions }) => sum + decisions, 0),
  diverging: reports.reduce((sum, { diverging }) => sum + diverging, 0),
  hidden: reports.reduce((sum, { hidden }) => sum + hidden, 0),
  reactions: reports.reduce((sum, { reactions }) => sum + reactions, 0),
  reactionsDiverging: reports.reduce((sum, { reactionsDiverging }) => sum + reactionsDiverging, 0),
});

const countsBody = ({ decisions, diverging, hidden, reactions, reactionsDiverging }: Totals) => ({
  decisions,
  diverging,
  hidden,
  reactions,
  reactions_diverging: reactionsDiverging,
});

/** The report as JSON, the same for `replay` and for `verify --rederive`. */
export const replayBody = (reports: readonly ReplayReport[]): object => ({
  schema: 'verdict.replay.report.v1',
  ...countsBody(totalsOf(reports)),
  tenants: reports.map(({ tenantId, entries, divergences, ...counts }) => ({
    ...{ tenant: tenantId, entries, ...countsBody(counts) },
    divergences: divergences.map(({ journal, revision, type, decisionId, kind, pointers, isCut }) => ({
      ...{ journal, revision: Number(revision), type, decision_id: decisionId, kind, pointers, is_cut: isCut },
    })),
  })),
});

export const replayText = (reports: readonly ReplayReport[]): string => {
  const rows = reports.flatMap(({ tenantId, divergences }) => divergences.map((each) => ({ ...each, tenantId })));
  const totals = totalsOf(reports);
  return `${replayLine(totals)}\n${reactionsLine(totals)}\n${rows.length === 0 ? '' : rowsText(rows)}`;
};

const whatIfText = (reports: readonly WhatIfReport[]): string => {
  const { decisions, unchanged, changed, hidden, outcomes } = whatIfTotals(reports);
  const head = `${plural(decisions, 'decision')}, ${String(unchanged)} unchanged, ${String(changed)} come out otherwise${hiddenText(hidden)}\n`;
  return `${head}${outcomes.length === 0 ? '' : `\n${outcomesText(outcomes)}`}${flipsText(reports)}`;
};

/** `--policy F`: the same decisions, each by itself under another policy. */
const replayUnder = async (
  session: Session,
  path: string | undefined,
  flags: ReplayFlags & { readonly policy: string },
): Promise<void> => {
  const { printer, io } = session;
  const range = rangeOf(flags);
  const { createWhatIf, supposed } = await import('@verdict/application');
  const { createCelRules } = await import('@verdict/adapter-cel');
  const rules = createCelRules();
  const policy = supposed(await policyDocumentOf(io, flags.policy, { rules, exit: EXIT.wrongCall }));
  const whatIf = createWhatIf({ rules });
  const reports = await withEach(session, { path, flags }, (source, onProgress) =>
    whatIf({ source, range, policyFor: () => policy, onProgress }),
  );
  const totals = whatIfTotals(reports);
  const isSame = totals.changed === 0;
  printer.print({
    body: {
      schema: 'verdict.replay.policy_report.v1',
      policy_document_sha256: policy.documentSha256,
      ...totals,
      tenants: reports.map(whatIfBody),
    },
    text: () => whatIfText(reports),
    id: isSame ? 'same' : 'different',
  });
  io.exit(isSame ? EXIT.yes : EXIT.no);
};

const replay = async (session: Session, path: string | undefined, flags: ReplayFlags): Promise<void> => {
  if (path !== undefined && (session.flags.given.tenant ?? flags.dataDir) !== undefined)
    throw wrongCall('usage', 'a bundle holds one tenant, and needs no store');
  const { policy } = flags;
  if (policy !== undefined) {
    await replayUnder(session, path, { ...flags, policy });
    return;
  }
  const reports = await replayAll(session, path, flags);
  const isEqual = isSame(reports);
  session.printer.print({
    body: replayBody(reports),
    text: () => replayText(reports),
    id: isEqual ? 'same' : 'different',
  });
  session.io.exit(isEqual ? EXIT.yes : EXIT.no);
};

const NOTES = `
Derived again and compared are decisions with the holds that they take over, and what the gate wrote of itself: holds that
ended with their approval, the room that a grant makes, a tenant's first policy, answers to later tasks of a run.

With --policy each decision is made again by itself, under that policy, on the balances, credits, waivers and grants that it
found and at the price that it was given. What others held stays as recorded: what would have followed from a decision that
comes out otherwise is not in the report (that is simulation, which is not built yet), and neither is who would have
approved. A member of a batch that was rolled back counts by its own outcome.

POSTGRES_URL names the database of the services, which may go on meanwhile; without it, the stopped server of --data-dir is
started for the command. VERDICT_LOG=eventstoredb and EVENTSTORE_URL say that the log is there. --tenant takes one tenant of
the log (default: all). A bundle is read as it is: \`verdict verify\` tells whether it is intact.`;

/** `verdict replay`: every decision derived again from the ledger alone. */
export const replayCommand = (io: Io): Command =>
  new CliCommand('replay')
    .description('decide every recorded decision again, from the ledger alone, and compare byte for byte')
    .argument('[path]', 'an exported bundle, as a ZIP file or a folder; without it, the log')
    .option('--from <revision>', 'compare from this revision of the decisions journal on')
    .option('--to <revision>', 'compare up to this revision')
    .option('--policy <file>', 'decide each under this policy instead, and compare the outcomes; - for standard input')
    .option('--data-dir <dir>', "a stopped server's data folder (VERDICT_DATA_DIR; default: .verdict)")
    .about({
      reach: 'stores',
      exits: {
        0: 'everything comes out the same',
        1: 'some differ: the places are named',
        2: 'called wrongly, or the policy has defects (all are listed)',
      },
      notes: NOTES,
      examples: [
        'verdict replay --data-dir /var/lib/verdict',
        'POSTGRES_URL=postgresql://verdict_service:...@db/verdict verdict replay --tenant acme --from 1000',
        'verdict replay bundle.zip -o json',
        'verdict replay bundle.zip --policy stricter.json',
      ],
    })
    .action((path: string | undefined, flags: ReplayFlags, command: Command) =>
      replay(openSession(io, command), path, flags),
    );
