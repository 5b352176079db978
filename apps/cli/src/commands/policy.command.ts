import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { Io } from '../io.js';
import { table } from '../output/table.js';
import { openSession, parseCount, withGlobals } from '../session.js';
import { policyDiffCommand, policyValidateCommand } from './policy-checks.js';
import { policyTestCommand } from './policy-test.command.js';
import { type PolicyVersion, printPolicy } from './policy-text.js';
import { POLICY_WRITES } from './policy-writes.js';

const showCommand = (io: Io): Command =>
  new Command('show')
    .description('the policy in force, or an older version')
    .argument('[version]', 'number of a version')
    .action(async (version: string | undefined, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const answer =
        version === undefined
          ? await client.send(ROUTES.getPolicy)
          : await client.send(ROUTES.getPolicyVersion, { params: { version: parseCount(version, 'version') } });
      printPolicy(session, answer);
    });

const listCommand = (io: Io): Command =>
  new Command('list').description('all versions, newest first').action(async (_flags: object, command: Command) => {
    const session = openSession(io, command);
    const { value, body } = await (await session.client()).send(ROUTES.listPolicyVersions);
    const text = (): string =>
      table<PolicyVersion>(
        [
          { title: 'VERSION', value: ({ version }) => String(version), isNumber: true },
          { title: 'IN FORCE', value: (policy) => (policy.in_force ? 'yes' : '') },
          { title: 'PUBLISHED', value: ({ published_at: at }) => at },
          { title: 'AUTHOR', value: ({ author }) => author },
          { title: 'MESSAGE', value: ({ message }) => message },
        ],
        value.items,
      );
    if (session.printer.isQuiet) io.stdout(value.items.map(({ version }) => `${String(version)}\n`).join(''));
    else session.printer.print({ body, text });
  });

/** `verdict policy`: versions of the rules. */
export const policyCommand = (io: Io): Command => {
  const group = new Command('policy').description('the rules, as versions');
  for (const create of [
    showCommand,
    listCommand,
    policyDiffCommand,
    policyValidateCommand,
    policyTestCommand,
    ...POLICY_WRITES,
  ])
    group.addCommand(withGlobals(create(io)));
  return group;
};
