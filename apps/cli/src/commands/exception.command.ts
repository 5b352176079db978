import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { checkedUsd } from '../input/amount.js';
import { parseTime } from '../input/time.js';
import type { Io } from '../io.js';
import { facts, usd } from '../output/table.js';
import { requiredReasonOf, requiredTicketOf } from '../recorded.js';
import { openSession, parseCount, type Session } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';
import { seenEtag } from './seen-etag.js';

type Waiver = z.output<typeof ROUTES.grantWaiver.response>;
type Exception = z.output<typeof ROUTES.listWaivers.response>['items'][number];

const scopeText = ({ scope }: Waiver): string => {
  const given = Object.entries(scope).flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]));
  return given.length === 0 ? 'everything' : given.join(', ');
};
const usesText = ({ uses, max_uses: most }: Waiver): string =>
  most === null ? `used ${String(uses)} times` : `used ${String(uses)} of ${String(most)}`;

const waiverText = (waiver: Waiver): string =>
  facts([
    ['exception', `${waiver.exception_id} (${waiver.status})`],
    ['for', scopeText(waiver)],
    ['waives', waiver.waives.join(', ')],
    ['up to', waiver.max_monthly_delta_usd === null ? undefined : `${usd(waiver.max_monthly_delta_usd)} USD a month`],
    ['uses', usesText(waiver)],
    ['owner', waiver.owner],
    ['reason', `${waiver.reason} (${waiver.ticket})`],
    ['expires', waiver.expires_at],
    ['granted', `${waiver.granted_at} by ${waiver.granted_by}`],
    ...(waiver.warnings ?? []).map(({ pointer, detail }) => ['warning', `${pointer}: ${detail}`] as const),
  ]);

type Row = Readonly<Record<'status' | 'subject' | 'waives' | 'uses' | 'owner' | 'ends', string>>;
/** What the list says of each kind in the same columns. */
const rowOf = (exception: Exception): Row => {
  switch (exception.kind) {
    case 'waiver': {
      const { status, waives, owner, expires_at: ends } = exception;
      return {
        status,
        subject: scopeText(exception),
        waives: waives.join(', '),
        uses: usesText(exception),
        owner,
        ends,
      };
    }
    case 'overage': {
      const { decision_id: id, limit_usd: limit, held_usd: held, spent_usd: spent } = exception;
      const uses = `${usd(held)} held, ${usd(spent)} spent`;
      return {
        status: '-',
        subject: `decision ${id}`,
        waives: `${usd(limit)} USD unfunded`,
        uses,
        owner: '-',
        ends: '-',
      };
    }
    case 'overrun': {
      const { status, decision_id: id, amount_usd: amount, actual_usd: actual, resolution, owner } = exception;
      const uses = `${usd(actual)} actual${resolution === null ? '' : `, ${resolution}`}`;
      const waives = `${usd(amount)} USD beyond headroom`;
      return { status, subject: `decision ${id}`, waives, uses, owner, ends: `due ${exception.due_at}` };
    }
  }
};
const column = (title: string, name: keyof Row) => ({ title, value: (each: Exception): string => rowOf(each)[name] });

const listCommand = (io: Io): Command =>
  withPaging(
    new CliCommand('list').description(
      'waivers and how often they were used, overages that approvals made, and overruns of settlements',
    ),
  )
    .about({ reach: 'server', examples: ['verdict exception list'] })
    .action((flags: ListFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listWaivers, {
        flags,
        query: {},
        isWhole: true,
        idOf: ({ exception_id: id }) => id,
        columns: [
          { title: 'KIND', value: ({ kind }) => kind },
          column('STATUS', 'status'),
          column('FOR', 'subject'),
          column('WAIVES', 'waives'),
          column('USES', 'uses'),
          column('OWNER', 'owner'),
          column('EXPIRES', 'ends'),
          { title: 'ID', value: ({ exception_id: id }) => id },
        ],
      }),
    );

interface CreateFlags {
  readonly waives: readonly string[];
  readonly owner: string;
  readonly ticket?: string;
  readonly expires: string;
  readonly project?: string;
  readonly environmentClass?: string;
  readonly source?: string;
  readonly resourcePrefix?: string;
  readonly maxMonthly?: string;
  readonly maxUses?: string;
}

const bodyOf = (session: Session, flags: CreateFlags): string =>
  JSON.stringify({
    scope: {
      project: flags.project,
      environment_class: flags.environmentClass,
      source: flags.source,
      resource_prefix: flags.resourcePrefix,
    },
    waives: flags.waives,
    max_monthly_delta_usd: flags.maxMonthly === undefined ? undefined : checkedUsd(flags.maxMonthly, '--max-monthly'),
    max_uses: flags.maxUses === undefined ? undefined : Number(parseCount(flags.maxUses, '--max-uses')),
    owner: flags.owner,
    reason: requiredReasonOf(session),
    ticket: requiredTicketOf(session, flags.ticket),
    expires_at: parseTime(flags.expires, '--expires'),
  });

const createCommand = (io: Io): Command =>
  new CliCommand('create')
    .description('let findings pass for a time; each use is named in its decision')
    .requiredOption('--waives <id...>', 'rule ids, or codes such as cost_unknown')
    .requiredOption('--owner <name>', 'who answers for it')
    .option('--ticket <id>', 'where it is discussed')
    .requiredOption('--expires <time>', 'at most 90 days ahead, such as 2026-12-31T00:00:00Z')
    .option('--project <id>', 'for this project only')
    .option('--environment-class <name>', 'for this class only')
    .option('--source <source>', 'terraform, k8s_admission or cloud_event')
    .option('--resource-prefix <text>', 'for resources that begin so')
    .option('--max-monthly <usd>', 'largest change that it lets pass')
    .option('--max-uses <n>', 'how often it may be used')
    .about({
      reach: 'server',
      reason: '--reason',
      incident: '--ticket',
      notes: '--reason, and --ticket or --incident, are part of the record: they have to be given.',
      examples: [
        'verdict exception create --waives cost_unknown --project web --owner finops --reason "new service" \\',
        '  --ticket OPS-1 --expires 2026-12-31T00:00:00Z',
      ],
    })
    .action(async (flags: CreateFlags, command: Command) => {
      const session = openSession(io, command);
      const answer = await (await session.client()).send(ROUTES.grantWaiver, { body: bodyOf(session, flags) });
      session.printer.print({ body: answer.body, text: () => waiverText(answer.value), id: answer.value.exception_id });
    });

const revokeCommand = (io: Io): Command =>
  new CliCommand('revoke')
    .description('it lets nothing pass any more')
    .argument('<exception>', 'id of the waiver')
    .option('--if-match <etag>', 'the ETag of the waiver as you saw it (default: as it is now)')
    .about({ reach: 'server', examples: ['verdict exception revoke 0193a7c4-0000-7000-8000-000000000006'] })
    .action(async (id: string, { ifMatch: flag }: { readonly ifMatch?: string }, command: Command) => {
      const session = openSession(io, command);
      const params = { exception_id: id };
      const ifMatch = await seenEtag(session, flag, async (client) => {
        const { value, etag } = await client.send(ROUTES.getWaiver, { params });
        if (value.kind !== 'waiver')
          throw wrongCall('not_a_waiver', `${id} is an ${value.kind}: only waivers are revoked`);
        return etag ?? `"${String(value.version)}"`;
      });
      const client = await session.client();
      const answer = await client.send(ROUTES.revokeWaiver, { params, ifMatch, body: '{}' });
      session.printer.print({ body: answer.body, text: () => waiverText(answer.value), id: answer.value.exception_id });
    });

/** `verdict exception`: findings that may pass for a time. */
export const exceptionCommand = (io: Io): Command => {
  const group = new Command('exception').description('findings that may pass for a time');
  for (const create of [listCommand, createCommand, revokeCommand]) group.addCommand(create(io));
  return group;
};
