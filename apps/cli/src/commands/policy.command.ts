import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import type { Io } from '../io.js';
import { openSession, parseCount } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';
import { policyAddRuleCommand } from './policy-add-rule.js';
import { policyDiffCommand, policyValidateCommand } from './policy-checks.js';
import { policyImpactCommand } from './policy-impact.js';
import { policyReviewCommand } from './policy-review.js';
import { policyTestCommand } from './policy-test.command.js';
import { modesText, printPolicy } from './policy-text.js';
import { POLICY_WRITES } from './policy-writes.js';

const showCommand = (io: Io): Command =>
  new CliCommand('show')
    .description('the policy in force, or an older version')
    .argument('[version]', 'number of a version')
    .option('--modes', 'as text: the mode of each source and class in place of the document')
    .about({
      reach: 'server',
      examples: ['verdict policy show', 'verdict policy show 12', 'verdict policy show --modes -o table'],
    })
    .action(async (version: string | undefined, { modes }: { readonly modes?: boolean }, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const answer =
        version === undefined
          ? await client.send(ROUTES.getPolicy)
          : await client.send(ROUTES.getPolicyVersion, { params: { version: parseCount(version, 'version') } });
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

/** `verdict policy`: versions of the rules. */
export const policyCommand = (io: Io): Command => {
  const group = new Command('policy').description('the rules, as versions');
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
