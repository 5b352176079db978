import type { ReplaySource, WhatIf, WhatIfReport } from '@verdict/application';
import { type DecisionRecorded, hardened, instantOf, policyFor, policyInForce, type RuleEngine } from '@verdict/domain';
import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { parseDurationMs } from '../input/duration.js';
import { policyDocumentOf } from '../input/policy-file.js';
import { parseSince } from '../input/since.js';
import { EXIT, type Io } from '../io.js';
import { createProgress } from '../output/progress.js';
import { openSession, type Session } from '../session.js';
import { withJournals } from '../stores/journal-source.js';
import { flipsText, hiddenText, outcomesText, whatIfBody } from './what-if-report.js';

interface ImpactFlags {
  readonly since?: string;
  readonly bundle?: string;
  readonly wait: string;
}

const DENY = 'DENY';

interface Supposition {
  readonly policyFor: WhatIf['policyFor'];
  /** The version in force, which is looked at with every mode hard; null: the policy of a file. */
  readonly version: number | null;
  readonly documentSha256: string;
}

const ofFile = async (io: Io, file: string, rules: RuleEngine): Promise<Supposition> => {
  const { supposed } = await import('@verdict/application');
  const policy = supposed(await policyDocumentOf(io, file, { rules, exit: EXIT.wrongCall }));
  return { policyFor: () => policy, version: null, documentSha256: policy.documentSha256 };
};

/** A version that is rolled out to a part of the projects decides for those. */
const enforced = async (io: Io, source: ReplaySource): Promise<Supposition> => {
  const { foldedPolicy, supposed } = await import('@verdict/application');
  const policy = await foldedPolicy(source);
  const now = instantOf(io.now());
  const inForce = policyInForce(policy, now);
  if (inForce === undefined) throw wrongCall('policy_missing', 'no policy is in force in these journals');
  const byVersion = new Map(policy.versions.map((each) => [each.version, supposed(hardened(each.document))]));
  const ofVersion = (version: number): ReturnType<typeof supposed> =>
    byVersion.get(version) ?? supposed(hardened(inForce.document));
  return {
    policyFor: (project) => ofVersion((policyFor(policy, now, project) ?? inForce).version),
    version: inForce.version,
    documentSha256: ofVersion(inForce.version).documentSha256,
  };
};

const countTo = ({ outcomes }: WhatIfReport, isMeant: (from: string) => boolean): number =>
  outcomes.filter(({ from, to }) => to === DENY && isMeant(from)).reduce((sum, { count }) => sum + count, 0);

const basisText = ({ version, documentSha256 }: Supposition): string =>
  version === null ? `sha256:${documentSha256}` : `version ${String(version)} with every mode hard`;

const impactText = (report: WhatIfReport, basis: Supposition): string => {
  const already = countTo(report, (from) => from === DENY);
  const denied = already + countTo(report, (from) => from !== DENY);
  const before = already === 0 ? '' : `, ${String(already)} of them were denied already`;
  const head = `${String(denied)} of ${String(report.decisions)} would DENY${before}${hiddenText(report.hidden)}\nunder ${basisText(basis)}\n`;
  return `${head}${report.outcomes.length === 0 ? '' : `\n${outcomesText(report.outcomes)}`}${flipsText([report])}`;
};

const impact = async (session: Session, file: string | undefined, flags: ImpactFlags): Promise<void> => {
  const { io, printer } = session;
  const waitMs = parseDurationMs(flags.wait, '--wait');
  const since = flags.since === undefined ? null : parseSince(flags.since, '--since', io.now());
  const [{ createWhatIf }, { createCelRules }] = await Promise.all([
    import('@verdict/application'),
    import('@verdict/adapter-cel'),
  ]);
  const rules = createCelRules();
  const given = file === undefined ? undefined : await ofFile(io, file, rules);
  const isMeant = ({ dry_run: isDryRun, decided_at: at }: DecisionRecorded): boolean =>
    !isDryRun && (since === null || at >= since);
  const progress = createProgress(io, printer);
  const { report, basis } = await withJournals(session, { bundle: flags.bundle, waitMs }, async (source) => {
    const supposition = given ?? (await enforced(io, source));
    const made = await createWhatIf({ rules })({
      source,
      policyFor: supposition.policyFor,
      isMeant,
      isListed: ({ to }) => to === DENY,
      onProgress: ({ entries }) => progress.report(`${String(entries)} entries`),
    });
    return { report: made, basis: supposition };
  }).finally(progress.end);
  const denied = countTo(report, () => true);
  const body = {
    schema: 'verdict.policy.impact.report.v1',
    ...{ policy_version: basis.version, policy_document_sha256: basis.documentSha256, since },
    ...{ would_deny: denied, denied_already: countTo(report, (from) => from === DENY) },
    ...whatIfBody(report),
  };
  printer.print({ body, text: () => impactText(report, basis), id: String(denied) });
  io.exit(denied === 0 ? EXIT.yes : EXIT.no);
};

/** Where `policy impact` and `policy review` read, said once. */
export const JOURNALS_HELP = `
What was recorded is read from a bundle: --bundle names one (\`verdict export\`), and nothing is sent anywhere. Without it the
server exports the journals for this command, which a token of the role admin or auditor is enough for; the copy is thrown
away afterwards. The journals come whole, whatever --since says: a decision is looked at on all that went before it.
`;

export const policyImpactCommand = (io: Io): Command =>
  new CliCommand('impact')
    .description(
      'what a policy would have denied of what was asked; without a file: the policy in force, if every mode were hard',
    )
    .argument('[file]', 'policy as JSON, - for standard input')
    .option('--since <time>', 'of decisions since then: 30d, 2026-11-01 or a time (default: all)')
    .option('--bundle <file>', 'an exported bundle, as a ZIP file or a folder: needs no server')
    .option('--wait <duration>', 'wait this long for the export', '10m')
    .about({
      reach: 'server',
      exits: {
        0: 'nothing would be denied',
        1: 'something would',
        2: 'called wrongly, or the policy has defects (all are listed)',
      },
      notes: `
Each decision is made again by itself, as by \`verdict replay --policy\`: on the balances that it found, at its own price; what
others held stays as recorded. Dry runs do not count.
${JOURNALS_HELP}`,
      examples: ['verdict policy impact --since 30d', 'verdict policy impact stricter.json --bundle november.zip'],
    })
    .action((file: string | undefined, flags: ImpactFlags, command: Command) =>
      impact(openSession(io, command), file, flags),
    );
