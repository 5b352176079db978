import { ROUTES } from '@verdict/contracts';
import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { CliFailure } from '../failure.js';
import { readRuleFile, type RuleFile } from '../input/rule-file.js';
import { EXIT, type Io } from '../io.js';
import { requiredReasonOf } from '../recorded.js';
import { openSession, type Session } from '../session.js';
import { directions, type Validation } from './policy-checks.js';
import { type PolicyVersion, printPublished, publishBody } from './policy-text.js';

interface AddFlags {
  readonly message?: string;
}

const refused = (code: string, title: string, errors?: Validation['errors']): CliFailure =>
  new CliFailure(EXIT.refused, {
    ...{ code, title, retry: 'never', idempotencyKey: null },
    ...(errors === undefined ? {} : { errors }),
  });

const idsOf = (rules: unknown): readonly string[] =>
  Array.isArray(rules)
    ? rules.flatMap((rule: unknown) => {
        const id: unknown = typeof rule === 'object' && rule !== null ? Reflect.get(rule, 'id') : undefined;
        return typeof id === 'string' ? [id] : [];
      })
    : [];

/** JSON text of the policy in force with the rule behind the others: later rules never hide earlier ones. */
const withRule = ({ document, version }: PolicyVersion, { id, text }: RuleFile): string => {
  const { rules, ...rest } = document;
  const taken = idsOf(rules).find((each) => each.toLowerCase() === id.toLowerCase());
  if (taken !== undefined)
    throw refused(
      'rule_exists',
      `version ${String(version)} has a rule ${taken} already: a change of it is a new policy`,
    );
  const others = Array.isArray(rules) ? rules.map((rule: unknown) => JSON.stringify(rule)) : [];
  return `${JSON.stringify(rest).slice(0, -1)},"rules":[${[...others, text].join(',')}]}`;
};

const diffText = (rule: RuleFile, index: number, validation: Validation): string =>
  `add       /rules/${String(index)}: ${rule.text}\n${validation.warnings
    .map(({ pointer, detail }) => `warning   ${pointer}: ${detail}\n`)
    .join('')}${directions(validation)}`;

const add = async (session: Session, file: string, flags: AddFlags): Promise<void> => {
  const { io, printer } = session;
  const message = requiredReasonOf(session, flags.message);
  const rule = await readRuleFile(io, file);
  const reader = await session.reader();
  const inForce = await reader.send(ROUTES.getPolicy);
  const document = withRule(inForce.value, rule);
  const { value: validation } = await reader.send(ROUTES.validatePolicy, { body: `{"document":${document}}` });
  if (!validation.valid) throw refused('policy_invalid', 'with this rule the policy has defects', validation.errors);
  const index = idsOf(inForce.value.document['rules']).length;
  if (!printer.isQuiet) io.stderr(diffText(rule, index, validation));
  const ifMatch = inForce.etag ?? `"${String(inForce.value.version)}"`;
  const client = await session.client();
  printPublished(
    session,
    await client.send(ROUTES.publishPolicy, { ifMatch, body: publishBody({ message }, document) }),
  );
};

export const policyAddRuleCommand = (io: Io): Command =>
  new CliCommand('add-validation')
    .description('add one rule to the policy in force, and publish that as a new version')
    .argument('<rule>', 'file with one rule as JSON or YAML, - for standard input')
    .option('--message <text>', 'why; has to be said, so or with --reason')
    .about({
      reach: 'server',
      exits: {
        0: 'published',
        2: 'called wrongly, or the file holds no rule',
        4: 'refused: a rule of this id is there already, or the policy has defects (all are listed)',
      },
      reason: '--message',
      notes: `
The rule goes behind the others, with the effect that it names. The whole policy is validated before anything is published,
and what changes is shown on standard error; --dry-run ends there and prints the request. The version follows the one that
was read: if somebody publishes meanwhile, it is refused. A version that is scheduled or rolled out to a part of the projects
does not get the rule. Repeated after an unknown outcome, it is refused where the first attempt was done.

A rule:
  id: no-friday-destroys
  condition: change.destructive && now.getDayOfWeek() == 5
  effect: require_approval
  message: destroying on a Friday needs somebody who stays`,
      examples: ['verdict policy add-validation no-friday-destroys.yaml --message "after INC-12" --dry-run'],
    })
    .action((file: string, flags: AddFlags, command: Command) => add(openSession(io, command), file, flags));
