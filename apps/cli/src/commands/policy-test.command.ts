import type { CaseFailure, CaseResult, CasesReport } from '@verdict/application';
import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { EXIT, type Io } from '../io.js';
import { openSession, type Session } from '../session.js';
import { policyDocumentOf } from '../input/policy-file.js';

interface TestFlags {
  readonly cases: string;
}

const LABELS = {
  question: 'question',
  decision: 'decision',
  finding: 'finding',
  reasonCodes: 'reason_codes',
  withoutReasonCodes: 'without_reason_codes',
  rulesMatched: 'rules_matched',
  route: 'route',
  hold: 'hold_usd',
  obligations: 'obligations',
} as const satisfies Record<CaseFailure['what'], string>;

const failureText = ({ what, expected, actual }: CaseFailure): string =>
  `      ${LABELS[what]}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}\n`;

const resultText = ({ name, failures, decision, reasonCodes }: CaseResult): string =>
  failures.length === 0
    ? `ok    ${name}\n`
    : `FAIL  ${name}\n      ${decision ?? 'undecided'} (${reasonCodes.join(', ')})\n${failures.map(failureText).join('')}`;

const uncoveredText = ({ uncovered: { rules, routes } }: CasesReport): string =>
  [
    ...rules.map((id) => `rule ${id} matches in no case\n`),
    ...routes.map((id) => `route ${id} decides in no case\n`),
  ].join('');

const reportText = (report: CasesReport): string => {
  const { results, failed, uncovered } = report;
  const missing = uncovered.rules.length + uncovered.routes.length;
  const head = `${String(results.length)} cases, ${String(failed)} failed, ${String(missing)} rules and routes without a case\n`;
  return `${results.map(resultText).join('')}${uncoveredText(report)}${head}`;
};

const bodyOf = ({ results, failed, uncovered }: CasesReport): object => ({
  schema: 'verdict.policy.test.report.v1',
  cases: results.map(({ name, decision, reasonCodes, failures }) => ({
    name,
    passed: failures.length === 0,
    decision,
    reason_codes: reasonCodes,
    failures: failures.map(({ what, expected, actual }) => ({ what: LABELS[what], expected, actual })),
  })),
  failed,
  uncovered,
});

const test = async ({ io, printer }: Session, file: string, flags: TestFlags): Promise<void> => {
  const [{ runPolicyCases }, { createCelRules }, { readPolicyCases }] = await Promise.all([
    import('@verdict/application'),
    import('@verdict/adapter-cel'),
    import('../input/policy-cases.js'),
  ]);
  const rules = createCelRules();
  const document = await policyDocumentOf(io, file, { rules, exit: EXIT.no });
  const report = runPolicyCases(document, await readPolicyCases(io, flags.cases), rules);
  const isGood = report.failed === 0 && report.uncovered.rules.length + report.uncovered.routes.length === 0;
  printer.print({ body: bodyOf(report), text: () => reportText(report), id: isGood ? 'passed' : 'failed' });
  io.exit(isGood ? EXIT.yes : EXIT.no);
};

export const policyTestCommand = (io: Io): Command =>
  new CliCommand('test')
    .description('decide the cases of a folder with a policy: offline, no server, no clock')
    .argument('<file>', 'policy as JSON, - for standard input')
    .requiredOption('--cases <dir>', 'folder of *.case.yaml, *.case.yml, *.case.json, or one such file')
    .about({
      reach: 'files',
      exits: {
        0: 'all cases pass and every enabled rule and route is met by one',
        1: 'not so, or the policy has defects',
        2: 'called wrongly, or a case cannot be read',
      },
      notes: `
A case:
  name: a large database in production is refused
  now: 2026-11-22T10:00:00Z
  given:
    budgets: [{ scope: tenant, limit_usd: 10000 }]
  ask: { project_id: web, environment: prod, estimated_monthly_delta_usd: 6000 }
  expect: { decision: DENY, reason_codes: [hard_deny_threshold_exceeded] }

\`ask\` and \`given.asked\` take plan, infracost, metadata, requester too; \`given\` takes price_book and credits. Files are named
relative to the case.`,
      examples: ['verdict policy test policy.json --cases policy-cases'],
    })
    .action((file: string, flags: TestFlags, command: Command) => test(openSession(io, command), file, flags));
