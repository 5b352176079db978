import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import type { Io } from '../io.js';
import { openSession } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';
import { policyAddRuleCommand } from './policy-add-rule.js';
import { policyDiffCommand, policyValidateCommand } from './policy-checks.js';
import { policyImpactCommand } from './policy-impact.js';
import { VERSION_NAMES_HELP, versionParams } from './policy-names.js';
import { policyReviewCommand } from './policy-review.js';
import { policyTestCommand } from './policy-test.command.js';
import { modesText, printPolicy } from './policy-text.js';
import { POLICY_WRITES, publishCommand, rollbackCommand } from './policy-writes.js';

/** They need no number. */
const IN_FORCE: ReadonlySet<string> = new Set(['HEAD', 'in-force', 'champion']);

const showCommand = (io: Io): Command =>
  new CliCommand('show')
    .description('the policy in force, or an older version')
    .argument('[version]', 'number or name of a version (default: HEAD, the one in force)')
    .option('--modes', 'as text: the mode of each source and class in place of the document')
    .about({
      reach: 'server',
      notes: VERSION_NAMES_HELP,
      examples: [
        'verdict policy show',
        'verdict policy show 12',
        'verdict policy show challenger',
        'verdict policy show --modes -o table',
      ],
    })
    .action(async (named: string | undefined, { modes }: { readonly modes?: boolean }, command: Command) => {
      const version = named ?? 'HEAD';
      const session = openSession(io, command);
      const client = await session.client();
      const answer = IN_FORCE.has(version)
        ? await client.send(ROUTES.getPolicy)
        : await client.send(ROUTES.getPolicyVersion, { params: await versionParams(client, version) });
      printPolicy(session, answer, modes === true ? modesText : undefined);
    });

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('all versions, newest first'))
    .about({ reach: 'server', examples: ['verdict policy list'] })
    .action((flags: ListFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listPolicyVersions, {
        flags,
        query: {},
        isWhole: true,
        idOf: ({ version }) => String(version),
        columns: [
          { title: 'VERSION', value: ({ version }) => String(version), isNumber: true },
          { title: 'IN FORCE', value: (policy) => (policy.in_force ? 'yes' : '') },
          { title: 'PUBLISHED', value: ({ published_at: at }) => at },
          { title: 'AUTHOR', value: ({ author }) => author },
          { title: 'MESSAGE', value: ({ message }) => message },
        ],
      }),
    );

const OLDER_HELP = `
Older spellings: config show|diff|update|test|deploy|restore = policy show|diff|validate|test|publish|rollback`;

/** `verdict policy`: versions of the rules. */
export const policyCommand = (io: Io): Command => {
  const group = new Command('policy').description('the rules, as versions').addHelpText('after', OLDER_HELP);
  for (const create of [
    showCommand,
    listCommand,
    policyDiffCommand,
    policyValidateCommand,
    policyTestCommand,
    policyImpactCommand,
    policyReviewCommand,
    ...POLICY_WRITES,
    policyAddRuleCommand,
  ])
    group.addCommand(create(io));
  return group;
};

/** `verdict config`: older spellings, which are accepted and not shown. @source operations section 11 */
export const olderPolicyCommand = (io: Io): Command => {
  const group = new Command('config').description('older spelling of policy');
  const spellings = [
    ['show', showCommand],
    ['diff', policyDiffCommand],
    ['update', policyValidateCommand],
    ['test', policyTestCommand],
    ['deploy', publishCommand],
    ['restore', rollbackCommand],
  ] as const;
  for (const [name, create] of spellings) group.addCommand(create(io).name(name));
  return group;
};
