import { ROUTES } from '@verdict/contracts';
import { Command, Option } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { checkedUsd } from '../input/amount.js';
import { parseTime } from '../input/time.js';
import type { Io } from '../io.js';
import { facts, usd } from '../output/table.js';
import { requiredReasonOf } from '../recorded.js';
import { openSession, parseWhole } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';

type Credit = z.output<typeof ROUTES.grantCredit.response>;

const creditText = (credit: Credit): string =>
  facts([
    ['credit', `${credit.scope} ${credit.pool} (${credit.status})`],
    ['id', credit.credit_id],
    ['total', usd(credit.total_amount_usd)],
    ['used', usd(credit.consumed_usd)],
    ['held', usd(credit.held_usd)],
    ['left', usd(credit.available_usd)],
    ['expires', credit.expires_at ?? 'never'],
    ['reason', credit.reason],
    ['granted', `${credit.granted_at} by ${credit.granted_by}`],
  ]);

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('credits with what is used, held and left'))
    .about({ reach: 'server', examples: ['verdict credit list'] })
    .action((flags: ListFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listCredits, {
        flags,
        query: {},
        isWhole: true,
        idOf: ({ credit_id: id }) => id,
        columns: [
          { title: 'SCOPE', value: ({ scope }) => scope },
          { title: 'POOL', value: ({ pool }) => pool },
          { title: 'STATUS', value: ({ status }) => status },
          { title: 'TOTAL', value: ({ total_amount_usd: total }) => usd(total), isNumber: true },
          { title: 'USED', value: ({ consumed_usd: used }) => usd(used), isNumber: true },
          { title: 'HELD', value: ({ held_usd: held }) => usd(held), isNumber: true },
          { title: 'LEFT', value: ({ available_usd: left }) => usd(left), isNumber: true },
          { title: 'EXPIRES', value: ({ expires_at: at }) => at ?? 'never' },
          { title: 'ID', value: ({ credit_id: id }) => id },
        ],
      }),
    );

interface GrantFlags {
  readonly amount: string;
  readonly pool: string;
  readonly expires?: string;
  readonly priority?: string;
  readonly owner?: string;
}

const grantCommand = (io: Io): Command =>
  new CliCommand('grant')
    .description('money beside the budgets: reserved credits of a team, or the emergency pool')
    .argument('<scope>', 'tenant or project:ID')
    .requiredOption('--amount <usd>', 'what may be drawn in all')
    .addOption(new Option('--pool <pool>', 'default: reserved').choices(['reserved', 'emergency']).default('reserved'))
    .option('--expires <time>', 'such as 2027-01-01T00:00:00Z (default: never)')
    .option('--priority <n>', '0 is drawn first (default: 100)')
    .option('--owner <name>', 'who answers for it')
    .about({
      reach: 'server',
      reason: '--reason',
      notes: '--reason is part of the record: it has to be given.',
      examples: ['verdict credit grant project:web --amount 500 --reason "season" --expires 2027-01-01T00:00:00Z'],
    })
    .action(async (scope: string, flags: GrantFlags, command: Command) => {
      const session = openSession(io, command);
      const body = JSON.stringify({
        scope,
        pool: flags.pool,
        total_amount_usd: checkedUsd(flags.amount, '--amount'),
        reason: requiredReasonOf(session),
        expires_at: flags.expires === undefined ? undefined : parseTime(flags.expires, '--expires'),
        priority: flags.priority === undefined ? undefined : parseWhole(flags.priority, '--priority'),
        owner: flags.owner,
      });
      const answer = await (await session.client()).send(ROUTES.grantCredit, { body });
      session.printer.print({ body: answer.body, text: () => creditText(answer.value), id: answer.value.credit_id });
    });

const revokeCommand = (io: Io): Command =>
  new CliCommand('revoke')
    .description('what is neither used nor held funds nothing any more')
    .argument('<credit>', 'id of the credit')
    .about({ reach: 'server', examples: ['verdict credit revoke 0193a7c4-0000-7000-8000-000000000005'] })
    .action(async (id: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const answer = await (
        await session.client()
      ).send(ROUTES.revokeCredit, { params: { credit_id: id }, body: '{}' });
      session.printer.print({ body: answer.body, text: () => creditText(answer.value), id: answer.value.credit_id });
    });

/** `verdict credit`: money beside the budgets. */
export const creditCommand = (io: Io): Command => {
  const group = new Command('credit').description('money beside the budgets');
  for (const create of [listCommand, grantCommand, revokeCommand]) group.addCommand(create(io));
  return group;
};
