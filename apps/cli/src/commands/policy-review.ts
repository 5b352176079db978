import type { PolicyReview, RuleUse, Upcoming } from '@verdict/application';
import { instantOf } from '@verdict/domain';
import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { parseDurationMs } from '../input/duration.js';
import { parseSince } from '../input/since.js';
import { EXIT, type Io } from '../io.js';
import { plural, table } from '../output/table.js';
import { openSession, type Session } from '../session.js';
import { withJournals } from '../stores/journal-source.js';
import { JOURNALS_HELP } from './policy-impact.js';

interface ReviewFlags {
  readonly since: string;
  readonly expiring: string;
  readonly bundle?: string;
  readonly wait: string;
}

const unusedOf = ({ rules }: PolicyReview): readonly RuleUse[] => rules.filter(({ matched }) => matched === 0);

const findingsOf = (review: PolicyReview): number =>
  unusedOf(review).length + review.disabled.length + review.upcoming.length;

const rulesText = ({ rules }: PolicyReview): string =>
  rules.length === 0
    ? ''
    : `\n${table<RuleUse>(
        [
          { title: 'RULE', value: ({ id }) => id },
          { title: 'MATCHED', value: ({ matched }) => String(matched), isNumber: true },
          { title: 'EVALUATED', value: ({ evaluated }) => String(evaluated), isNumber: true },
          { title: '', value: ({ matched }) => (matched === 0 ? 'unused' : '') },
        ],
        rules,
      )}`;

const EVENTS = {
  waiver: 'expires',
  credit: 'expires',
  version: 'takes effect',
} as const satisfies Record<Upcoming['kind'], string>;

const upcomingText = ({ upcoming }: PolicyReview): string =>
  upcoming.length === 0
    ? ''
    : `\n${table<Upcoming>(
        [
          { title: 'WHEN', value: ({ at }) => at },
          { title: 'WHAT', value: ({ kind, id }) => `${kind} ${id} ${EVENTS[kind]}` },
          { title: 'ABOUT', value: ({ about }) => about },
        ],
        upcoming,
      )}`;

const reviewText = (review: PolicyReview): string => {
  const { version, decisions, disabled, upcoming } = review;
  const policy = version === null ? 'no policy' : `version ${String(version)}`;
  const counts = [
    `${String(unusedOf(review).length)} unused`,
    `${String(disabled.length)} disabled`,
    `${String(upcoming.length)} ending or beginning soon`,
  ];
  const off = disabled.map(({ kind, id }) => `${kind} ${id} is disabled\n`).join('');
  const head = `${policy} over ${plural(decisions, 'decision')}: ${counts.join(', ')}\n`;
  return `${head}${rulesText(review)}${off === '' ? '' : `\n${off}`}${upcomingText(review)}`;
};

const review = async (session: Session, flags: ReviewFlags): Promise<void> => {
  const { io, printer } = session;
  const waitMs = parseDurationMs(flags.wait, '--wait');
  const nowMs = io.now();
  const terms = {
    since: parseSince(flags.since, '--since', nowMs),
    now: instantOf(nowMs),
    until: instantOf(nowMs + parseDurationMs(flags.expiring, '--expiring')),
  };
  const { reviewPolicy } = await import('@verdict/application');
  const found = await withJournals(session, { bundle: flags.bundle, waitMs }, (source) => reviewPolicy(source, terms));
  const { tenantId: tenant, version, decisions, rules, disabled, upcoming } = found;
  const body = {
    schema: 'verdict.policy.review.report.v1',
    ...{ tenant, version, since: terms.since, until: terms.until, decisions, rules },
    unused: unusedOf(found).map(({ id }) => id),
    ...{ disabled, upcoming },
  };
  const findings = findingsOf(found);
  printer.print({ body, text: () => reviewText(found), id: String(findings) });
  io.exit(findings === 0 ? EXIT.yes : EXIT.no);
};

export const policyReviewCommand = (io: Io): Command =>
  new CliCommand('review')
    .description('what of the policy in force nobody needs, and what will soon be different')
    .option('--since <time>', 'rules are unused that matched nothing since then: 30d, 2026-11-01 or a time', '30d')
    .option('--expiring <duration>', 'waivers and credits that end, and versions that begin, within', '14d')
    .option('--bundle <file>', 'an exported bundle, as a ZIP file or a folder: needs no server')
    .option('--wait <duration>', 'wait this long for the export', '10m')
    .about({
      reach: 'server',
      exits: {
        0: 'nothing to look at',
        1: 'there are rules that are unused or disabled, or something ends or begins soon',
      },
      notes: `
A rule counts as used where a decision met its very condition, also under an earlier version. EVALUATED says how many
decisions could have met it: a rule that was published yesterday is unused for another reason than an old one. Routing rules
are listed where they are disabled; entries do not say which of them a change met.
${JOURNALS_HELP}`,
      examples: ['verdict policy review', 'verdict policy review --since 90d --expiring 30d -o json'],
    })
    .action((flags: ReviewFlags, command: Command) => review(openSession(io, command), flags));
