import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { checkedUsd } from '../input/amount.js';
import { readContinuation } from '../input/continuation.js';
import { readSecret } from '../input/input-file.js';
import { EXIT, type Io } from '../io.js';
import { type Column, facts, signedUsd, usd } from '../output/table.js';
import { reasonOf, ticketOf } from '../recorded.js';
import { openSession, type Session } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';
import { reissueCommand, voteCommand, withdrawCommand } from './votes.js';

type Approval = z.output<typeof ROUTES.getApproval.response>;

const approvalText = (approval: Approval): string =>
  facts([
    ['approval', `${approval.approval_id} ${approval.status}`],
    ['decision', approval.decision_id],
    ['asks', `${approval.requester}${approval.on_behalf_of === null ? '' : ` for ${approval.on_behalf_of}`}`],
    ['change', `${approval.action} ${approval.resource_reference} in ${approval.project_id}, ${approval.environment}`],
    [
      'cost',
      `${signedUsd(approval.monthly_delta_usd)} USD/mo, held ${usd(approval.hold_usd)}, beyond every limit ${usd(approval.unfunded_usd)}`,
    ],
    ['reasons', approval.reason_codes.join(', ')],
    ['justification', approval.justification ?? undefined],
    ['ticket', approval.ticket ?? undefined],
    [
      'votes',
      approval.progress
        .map(({ stage_id: stage, approved, quorum }) => `${stage} ${String(approved)} of ${String(quorum)}`)
        .join(', '),
    ],
    ['approve by', approval.approve_by],
    ['use by', approval.use_by ?? undefined],
  ]);

const COLUMNS: readonly Column<Approval>[] = [
  { title: 'REQUESTED', value: ({ requested_at: at }) => at },
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'USD/MONTH', value: ({ monthly_delta_usd: delta }) => signedUsd(delta), isNumber: true },
  { title: 'PROJECT', value: ({ project_id: project }) => project },
  { title: 'ENVIRONMENT', value: ({ environment }) => environment },
  { title: 'ASKS', value: ({ requester }) => requester },
  { title: 'ID', value: ({ approval_id: id }) => id },
];

interface FilterFlags extends ListFlags {
  readonly status?: string;
  readonly project?: string;
  readonly queue?: boolean;
}

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('approval requests, newest first'))
    .option('--status <status>', 'pending, granted, denied, expired, withdrawn or consumed')
    .option('--project <id>', 'of this project')
    .option('--queue', 'only what you may decide now, oldest first')
    .about({ reach: 'server', examples: ['verdict approvals list --status pending', 'verdict approvals list --queue'] })
    .action((flags: FilterFlags, command: Command) => {
      const isQueue = flags.queue === true;
      return printList(openSession(io, command), isQueue ? ROUTES.approvalQueue : ROUTES.listApprovals, {
        flags,
        query: isQueue ? {} : { status: flags.status, project_id: flags.project },
        columns: COLUMNS,
        idOf: ({ approval_id: id }) => id,
      });
    });

const printApproval = (
  { printer }: Session,
  { value, body }: { readonly value: Approval; readonly body: unknown },
): void => {
  printer.print({ body, text: () => approvalText(value), id: value.approval_id });
};

const showCommand = (io: Io): Command =>
  new CliCommand('show')
    .description('one approval request')
    .argument('<approval>', 'id of the approval')
    .about({ reach: 'server', examples: ['verdict approvals show 0193a7c4-0000-7000-8000-000000000002'] })
    .action(async (id: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      printApproval(session, await (await session.client()).send(ROUTES.getApproval, { params: { approval_id: id } }));
    });

interface FileFlags {
  readonly justification?: string;
  readonly ticket?: string;
}

const fileCommand = (io: Io): Command =>
  new CliCommand('file')
    .description('add justification and ticket to the request of a decision')
    .argument('<decision>', 'id of the decision')
    .option('--justification <text>', 'why the change is needed')
    .option('--ticket <id>', 'where it is discussed')
    .about({
      reach: 'server',
      reason: '--justification',
      incident: '--ticket',
      examples: ['verdict approvals file 0193a7c4-0000-7000-8000-000000000001 --justification "season" --ticket OPS-1'],
    })
    .action(async (id: string, { justification, ticket }: FileFlags, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const body = JSON.stringify({
        decision_id: await client.wholeId('decision_id', id),
        justification: reasonOf(session, justification),
        ticket: ticketOf(session, ticket),
      });
      printApproval(session, await client.send(ROUTES.fileApprovalRequest, { body }));
    });

interface ConsumeFlags {
  readonly state: string;
  /** The approval token; the caller's own token is the global option. */
  readonly tokenFile: string;
  readonly declaredMonthly?: string;
}

const consume = async (session: Session, { state: path, tokenFile, declaredMonthly }: ConsumeFlags): Promise<void> => {
  const { io, printer } = session;
  const state = await readContinuation(io, path);
  const monthly =
    declaredMonthly === undefined
      ? state.estimated_monthly_delta_usd
      : checkedUsd(declaredMonthly, '--declared-monthly');
  const members = {
    approval_token: await readSecret(io, tokenFile),
    ...state.binding,
    estimated_monthly_delta_usd: monthly ?? undefined,
    estimated_hourly_delta_usd:
      declaredMonthly === undefined ? (state.estimated_hourly_delta_usd ?? undefined) : undefined,
  };
  const { value, body } = await (await session.client()).send(ROUTES.consume, { body: JSON.stringify(members) });
  const text = (): string => `consumed ${value.approval_id} by ${value.consumed_by} at ${value.consumed_at}\n`;
  printer.print({ body, text, id: value.approval_id });
  io.exit(EXIT.yes);
};

const consumeCommand = (io: Io): Command =>
  new CliCommand('consume')
    .description('use an approval token, once, for exactly what was approved; a failure is a hard stop')
    .requiredOption('--state <file>', 'what `gate preflight --state` wrote')
    .requiredOption(
      '--token-file <file>',
      'the approval token, - for standard input (your own token goes before the command)',
    )
    .option(
      '--declared-monthly <usd>',
      'cost of the plan that will be applied, when it differs from the one that was asked for',
    )
    .about({
      reach: 'server',
      exits: { 0: 'used: go ahead', 4: 'refused: a hard stop, nothing may go ahead' },
      examples: [
        'VERDICT_TOKEN_FILE=ci.token verdict approvals consume --state verdict-state.json --token-file approval.token',
        'verdict --token-file ci.token approvals consume --state verdict-state.json --token-file approval.token',
      ],
    })
    .action((flags: ConsumeFlags, command: Command) => consume(openSession(io, command), flags));

/** `verdict approvals`: the queue, votes, tokens. */
export const approvalsCommand = (io: Io): Command => {
  const group = new Command('approvals').description('requests, votes and tokens');
  const votes = [voteCommand('approve'), voteCommand('deny'), withdrawCommand, reissueCommand];
  for (const create of [listCommand, showCommand, fileCommand, ...votes, consumeCommand]) group.addCommand(create(io));
  return group;
};
