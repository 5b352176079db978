import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { checkedUsd } from '../input/amount.js';
import { parseDurationMs } from '../input/duration.js';
import type { Io } from '../io.js';
import { facts, signedUsd, usd } from '../output/table.js';
import { reasonOf } from '../recorded.js';
import { openSession } from '../session.js';
import { importCostsCommand } from './import-costs.js';
import { type ListFlags, printList, withPaging } from './lists.js';

type Reservation = z.output<typeof ROUTES.getReservation.response>;
type Settlement = z.output<typeof ROUTES.reconcile.response>;
type Swept = z.output<typeof ROUTES.sweepOverdue.response>;

const reservationText = (reservation: Reservation): string =>
  facts([
    ['decision', `${reservation.decision_id} ${reservation.status}`],
    ['change', `${reservation.resource_reference} in ${reservation.project_id}, ${reservation.environment_class}`],
    ['held', `${usd(reservation.hold_usd)} since ${reservation.held_since}`],
    ['expected', `${signedUsd(reservation.monthly_delta_usd)} USD/mo`],
    [
      'settled',
      reservation.settlement === null
        ? undefined
        : `${reservation.settlement.status} at ${reservation.settlement.settled_at}`,
    ],
    ['actual', reservation.settlement === null ? undefined : usd(reservation.settlement.actual_usd)],
    ['drift', reservation.settlement === null ? undefined : signedUsd(reservation.settlement.drift_usd)],
  ]);

const settlementText = (settlement: Settlement): string =>
  `${settlement.status} drift ${signedUsd(settlement.drift_usd)}\n${facts([
    ['expected', usd(settlement.expected_usd)],
    ['actual', usd(settlement.actual_monthly_delta_usd)],
    ['released', usd(settlement.released_reserved_usd)],
    ['overrun', Number(settlement.overrun_usd) === 0 ? undefined : usd(settlement.overrun_usd)],
    ...settlement.legs.map(
      (leg) =>
        [
          leg.account,
          `held ${usd(leg.held_usd)}, spent ${usd(leg.spent_usd)}, released ${usd(leg.released_usd)}`,
        ] as const,
    ),
    ...settlement.exception_ids.map((id) => ['exception', id] as const),
  ])}`;

interface FilterFlags extends ListFlags {
  readonly project?: string;
  readonly kind?: string;
}

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('holds, oldest first'))
    .option('--project <id>', 'of this project')
    .about({ reach: 'server', examples: ['verdict reservations list --project web'] })
    .action((flags: FilterFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listActiveReservations, {
        flags,
        query: { project_id: flags.project },
        idOf: ({ decision_id: id }) => id,
        columns: [
          { title: 'HELD SINCE', value: ({ held_since: since }) => since },
          { title: 'HELD', value: ({ hold_usd: held }) => usd(held), isNumber: true },
          { title: 'PROJECT', value: ({ project_id: project }) => project },
          { title: 'RESOURCE', value: ({ resource_reference: resource }) => resource },
          { title: 'DECISION', value: ({ decision_id: id }) => id },
        ],
      }),
    );

const showCommand = (io: Io): Command =>
  new CliCommand('show')
    .description('the hold of one decision')
    .argument('<decision>', 'id of the decision')
    .about({ reach: 'server', examples: ['verdict reservations show 0193a7c4-0000-7000-8000-000000000001'] })
    .action(async (id: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const { value, body } = await (
        await session.client()
      ).send(ROUTES.getReservation, { params: { decision_id: id } });
      session.printer.print({ body, text: () => reservationText(value), id: value.decision_id });
    });

interface ReconcileFlags {
  readonly actual: string;
  readonly correction?: true;
  readonly notes?: string;
}

const reconcileCommand = (io: Io): Command =>
  new CliCommand('reconcile')
    .description('settle a hold with what was really spent')
    .argument('<decision>', 'id of the decision')
    .requiredOption('--actual <usd>', 'actual cost per month; negative for a saving, written --actual=-20')
    .option('--correction', 'replace an actual that is there already; needs the role admin')
    .option('--notes <text>', 'for the record')
    .about({
      reach: 'server',
      reason: '--notes',
      examples: ['verdict reservations reconcile 0193a7c4-0000-7000-8000-000000000001 --actual 1040.00'],
    })
    .action(async (id: string, { actual, correction, notes }: ReconcileFlags, command: Command) => {
      const session = openSession(io, command);
      const members = {
        actual_monthly_delta_usd: checkedUsd(actual, '--actual'),
        correction,
        notes: reasonOf(session, notes),
      };
      const client = await session.client();
      const { value, body } = await client.send(ROUTES.reconcile, {
        params: { decision_id: id },
        body: JSON.stringify(members),
      });
      session.printer.print({ body, text: () => settlementText(value), id: value.decision_id });
    });

interface SweepFlags {
  readonly olderThan?: string;
  readonly limit?: string;
  readonly action?: string;
}

const sweepText = (swept: Swept): string =>
  facts([
    ['settled', `${String(swept.settled_count)} holds, ${usd(swept.total_settled_usd)}`],
    ['released', `${String(swept.released_count)} holds, ${usd(swept.total_released_usd)}`],
    ['older than', `${String(swept.older_than_seconds)} s`],
  ]);

const sweepCommand = (io: Io): Command =>
  new CliCommand('sweep')
    .description('end holds that nobody has settled in time; both ways leave an exception for each')
    .option('--older-than <duration>', 'age from which a hold is overdue, as 24h; default: as policy says')
    .option('--limit <count>', 'at most so many, 1 to 1000', '200')
    .option('--action <action>', 'settle: book what is held as spent; release: give it back; default: as policy says')
    .about({ reach: 'server', examples: ['verdict reservations sweep --older-than 24h --action release'] })
    .action(async ({ olderThan, limit, action }: SweepFlags, command: Command) => {
      const session = openSession(io, command);
      const members = {
        ...(olderThan === undefined
          ? {}
          : { older_than_seconds: Math.floor(parseDurationMs(olderThan, '--older-than') / 1000) }),
        ...(limit === undefined ? {} : { limit: Number(limit) }),
        action,
      };
      const client = await session.client();
      const { value, body } = await client.send(ROUTES.sweepOverdue, { body: JSON.stringify(members) });
      session.printer.print({ body, text: () => sweepText(value), id: value.decision_ids.join('\n') });
    });

interface ResolveFlags {
  readonly resolution: string;
  readonly notes?: string;
}

const resolveCommand = (io: Io): Command =>
  new CliCommand('resolve')
    .description('say what became of an exception')
    .argument('<exception>', 'id of the exception')
    .requiredOption('--resolution <word>', 'accepted, corrected, not_applied or disputed')
    .option('--notes <text>', 'for the record')
    .about({
      reach: 'server',
      reason: '--notes',
      examples: ['verdict reservations resolve EXC --resolution accepted --notes "agreed with finance"'],
    })
    .action(async (id: string, { resolution, notes }: ResolveFlags, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const { value, body } = await client.send(ROUTES.resolveException, {
        params: { exception_id: id },
        body: JSON.stringify({ resolution, notes: reasonOf(session, notes) }),
      });
      session.printer.print({
        body,
        text: () => `${value.exception_id} ${value.resolution}\n`,
        id: value.exception_id,
      });
    });

const exceptionsCommand = (io: Io): Command =>
  withPaging(new CliCommand('exceptions').description('drift that somebody has to look at'))
    .option('--kind <kind>', 'overage, savings, overrun, late_actual or unreconciled')
    .about({ reach: 'server', examples: ['verdict reservations exceptions --kind overage'] })
    .action((flags: FilterFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listExceptions, {
        flags,
        query: { kind: flags.kind },
        idOf: ({ exception_id: id }) => id,
        columns: [
          { title: 'OPENED', value: ({ opened_at: at }) => at },
          { title: 'KIND', value: ({ kind }) => kind },
          { title: 'STATUS', value: ({ status }) => status },
          { title: 'DRIFT', value: ({ drift_usd: drift }) => signedUsd(drift), isNumber: true },
          { title: 'OWNER', value: ({ owner }) => owner },
          { title: 'DUE', value: ({ due_at: due }) => due },
          { title: 'ID', value: ({ exception_id: id }) => id },
        ],
      }),
    );

/** `verdict reservations`: what is held, and what it turned out to cost. */
export const reservationsCommand = (io: Io): Command => {
  const group = new Command('reservations').description('what is held, and what it turned out to cost');
  for (const create of [
    listCommand,
    showCommand,
    reconcileCommand,
    importCostsCommand,
    sweepCommand,
    exceptionsCommand,
    resolveCommand,
  ])
    group.addCommand(create(io));
  return group;
};
