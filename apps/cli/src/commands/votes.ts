import { ROUTES } from '@verdict/contracts';
import type { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { refuseUnwritable } from '../input/output-file.js';
import { writeSecret } from '../input/secret-file.js';
import { EXIT, type Io } from '../io.js';
import { facts } from '../output/table.js';
import { reasonOf, ticketOf } from '../recorded.js';
import { openSession, type Session } from '../session.js';

type Vote = z.output<typeof ROUTES.approve.response>;

interface TokenFlags {
  readonly tokenOut?: string;
}
interface VoteFlags extends TokenFlags {
  readonly notes?: string;
  readonly ticket?: string;
  readonly stage?: string;
}

const voteText = (vote: Vote, tokenOut: string | undefined): string => {
  const shown = tokenOut === undefined ? vote.approval_token : `written to ${tokenOut}`;
  return facts([
    ['approval', `${vote.approval_id} ${vote.status}`],
    [
      'votes',
      vote.progress
        .map(({ stage_id: stage, approved, quorum }) => `${stage} ${String(approved)} of ${String(quorum)}`)
        .join(', '),
    ],
    ['token', vote.approval_token === null ? undefined : (shown ?? undefined)],
    ['valid until', vote.token_expires_at ?? undefined],
    ['use by', vote.use_by ?? undefined],
  ]);
};

/** The token is answered once: kept in a file it is not shown at all, else even --quiet prints it, instead of the id. */
const printVote = async (
  session: Session,
  { value, body }: { readonly value: Vote; readonly body: unknown },
  tokenOut: string | undefined,
): Promise<void> => {
  const { io, printer } = session;
  const token = value.approval_token;
  const isKept = tokenOut !== undefined && token !== null;
  if (isKept) await writeSecret(io, tokenOut, token);
  const shown = isKept && typeof body === 'object' ? { ...body, approval_token: null } : body;
  const id = token === null || isKept ? value.approval_id : token;
  printer.print({ body: shown, text: () => voteText(value, tokenOut), id });
};

const QUIET = '-q prints the token instead of the id where the answer has one and --token-out does not keep it.';

/** `approve` and `deny`; with the quorum still open, others have to vote: exit 3. */
export const voteCommand =
  (vote: 'approve' | 'deny') =>
  (io: Io): Command => {
    const command = new CliCommand(vote)
      .description(
        vote === 'approve' ? 'agree; the completing vote gets the token, once' : 'refuse; what was held is freed',
      )
      .argument('<approval>', 'id of the approval')
      .option('--notes <text>', 'for the record')
      .option('--ticket <id>', 'for the record')
      .option('--stage <id>', 'stage to vote in, when there are several');
    if (vote === 'approve')
      command.option('--token-out <file>', 'write the token to a file that only you can read, and do not print it');
    return command
      .about({
        reach: 'server',
        exits: { 0: 'the vote is in, and nobody else is needed', 3: 'the vote is in, and others have to vote' },
        reason: '--notes',
        incident: '--ticket',
        ...(vote === 'approve' ? { notes: QUIET } : {}),
        examples: [`verdict approvals ${vote} 0193a7c4-0000-7000-8000-000000000002 --notes "looked at the plan"`],
      })
      .action(async (id: string, { notes, ticket, stage, tokenOut }: VoteFlags, self: Command) => {
        const session = openSession(io, self);
        await refuseUnwritable(io, tokenOut);
        const body = JSON.stringify({
          notes: reasonOf(session, notes),
          ticket: ticketOf(session, ticket),
          stage_id: stage,
        });
        const answer = await (await session.client()).send(ROUTES[vote], { params: { approval_id: id }, body });
        await printVote(session, answer, tokenOut);
        io.exit(answer.value.status === 'pending' ? EXIT.personNeeded : EXIT.yes);
      });
  };

export const withdrawCommand = (io: Io): Command =>
  new CliCommand('withdraw')
    .description('take a request back; what was held is freed')
    .argument('<approval>', 'id of the approval')
    .about({ reach: 'server', examples: ['verdict approvals withdraw 0193a7c4-0000-7000-8000-000000000002'] })
    .action(async (id: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const answer = await (
        await session.client()
      ).send(ROUTES.withdrawApproval, { params: { approval_id: id }, body: '{}' });
      await printVote(session, answer, undefined);
    });

export const reissueCommand = (io: Io): Command =>
  new CliCommand('reissue')
    .description('a new token; the old one stops working')
    .argument('<approval>', 'id of the approval')
    .option('--token-out <file>', 'write the token to a file that only you can read, and do not print it')
    .about({
      reach: 'server',
      notes: QUIET,
      examples: ['verdict approvals reissue 0193a7c4-0000-7000-8000-000000000002 --token-out approval.token'],
    })
    .action(async (id: string, { tokenOut }: TokenFlags, command: Command) => {
      const session = openSession(io, command);
      await refuseUnwritable(io, tokenOut);
      const answer = await (
        await session.client()
      ).send(ROUTES.reissueToken, { params: { approval_id: id }, body: '{}' });
      await printVote(session, answer, tokenOut);
    });
