import { ROUTES } from '@verdict/contracts';
import { Command, Option } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { CliFailure, wrongCall } from '../failure.js';
import type { Client } from '../http/client.js';
import { wholeList } from '../http/pages.js';
import { checkedUsd } from '../input/amount.js';
import { EXIT, type Io } from '../io.js';
import { facts, usd } from '../output/table.js';
import { openSession, parseCount } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';

type Budget = z.output<typeof ROUTES.getBudget.response>;

const SCOPES = 'tenant, project:ID or project:ID/env:CLASS';
const SCOPE = /^(tenant|project:[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127})$/;

const statusOf = ({ active }: Budget): string => (active ? 'active' : 'closed');

const budgetText = (budget: Budget): string =>
  facts([
    ['budget', `${budget.scope} per ${budget.period}`],
    ['basis', budget.basis],
    ['status', statusOf(budget)],
    ['id', budget.budget_id],
    [
      'limit',
      `${usd(budget.limit_usd)}${budget.effective_limit_usd === budget.limit_usd ? '' : ` (in effect ${usd(budget.effective_limit_usd)})`}`,
    ],
    ['spent', usd(budget.spent_usd)],
    ['held', usd(budget.held_usd)],
    ['left', usd(budget.headroom_usd)],
    ['set by', `${budget.set_by} at ${budget.set_at}`],
    ['version', String(budget.version)],
  ]);

interface PlaceFlags {
  readonly period?: string;
  readonly basis?: string;
}

const PERIODS = ['month', 'quarter', 'year', 'total'];
const BASES = ['allocation', 'forecast'];

const withPlace = <Built extends Command>(command: Built): Built =>
  command
    .addOption(new Option('--period <period>', 'needed where it has budgets of several').choices(PERIODS))
    .addOption(new Option('--basis <basis>', 'needed where it has budgets of both').choices(BASES));

const isIn = (budget: Budget, { period, basis }: PlaceFlags): boolean =>
  (period ?? budget.period) === budget.period && (basis ?? budget.basis) === budget.basis;

/** A guess would change the limit of a budget that nobody spoke of. */
const onlyOne = (scope: string, found: readonly Budget[]): Budget | undefined => {
  if (found.length < 2) return found[0];
  const names = found.map((budget) => `${budget.period} ${budget.basis} ${budget.budget_id}`);
  throw wrongCall(
    'budget_ambiguous',
    `${String(found.length)} budgets of ${scope} match`,
    `--period and --basis choose one, \`show\` and \`close\` take an id too: ${names.join(', ')}`,
  );
};

const budgetsOf = async (client: Client): Promise<readonly Budget[]> =>
  (await wholeList(client, ROUTES.listBudgets)).items;

/** At most one of a scope, a period and a basis is active; closed ones only keep what was spent. */
const activeIn = (budgets: readonly Budget[], scope: string, place: PlaceFlags): readonly Budget[] =>
  budgets.filter((budget) => budget.active && budget.scope === scope && isIn(budget, place));

const byId = (budgets: readonly Budget[], id: string): Budget | undefined =>
  budgets.find(({ budget_id: known }) => known === id);

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('budgets with what is spent, held and left'))
    .about({ reach: 'server', examples: ['verdict budget list'] })
    .action((flags: ListFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listBudgets, {
        flags,
        query: {},
        isWhole: true,
        idOf: ({ budget_id: id }) => id,
        columns: [
          { title: 'SCOPE', value: ({ scope }) => scope },
          { title: 'PERIOD', value: ({ period }) => period },
          { title: 'BASIS', value: ({ basis }) => basis },
          { title: 'STATUS', value: statusOf },
          { title: 'LIMIT', value: ({ effective_limit_usd: limit }) => usd(limit), isNumber: true },
          { title: 'SPENT', value: ({ spent_usd: spent }) => usd(spent), isNumber: true },
          { title: 'HELD', value: ({ held_usd: held }) => usd(held), isNumber: true },
          { title: 'LEFT', value: ({ headroom_usd: left }) => usd(left), isNumber: true },
          { title: 'ID', value: ({ budget_id: id }) => id },
        ],
      }),
    );

const notFound = (what: string, scope: string): CliFailure =>
  new CliFailure(EXIT.refused, {
    code: 'not_found',
    title: `no ${what} for ${scope}`,
    retry: 'never',
    idempotencyKey: null,
  });

const showCommand = (io: Io): Command =>
  withPlace(
    new CliCommand('show')
      .description('one budget; a closed one where none is active')
      .argument('<scope>', `${SCOPES}, or an id`),
  )
    .about({ reach: 'server', examples: ['verdict budget show project:web/env:prod'] })
    .action(async (scope: string, flags: PlaceFlags, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const budgets = await budgetsOf(client);
      const active = activeIn(budgets, scope, flags);
      const closed = budgets.filter((budget) => budget.scope === scope && isIn(budget, flags));
      const found = byId(budgets, scope) ?? onlyOne(scope, active.length > 0 ? active : closed);
      if (found === undefined) throw notFound('budget', scope);
      const { value, body } = await client.send(ROUTES.getBudget, { params: { budget_id: found.budget_id } });
      session.printer.print({ body, text: () => budgetText(value), id: value.budget_id });
    });

interface SetFlags extends PlaceFlags {
  readonly limit: string;
  readonly months?: string;
  readonly owner?: string;
  readonly ratchet?: boolean;
  readonly creditSavings?: boolean;
  readonly alert?: readonly string[];
}

const termsOf = ({ limit, months, owner, creditSavings, alert }: SetFlags): object => ({
  limit_usd: checkedUsd(limit, '--limit'),
  months_charged: months === undefined ? undefined : Number(parseCount(months, '--months')),
  owner,
  credit_savings: creditSavings,
  alert_percents: alert?.map((percent) => Number(parseCount(percent, '--alert'))),
});

const update = (client: Client, budget: Budget, flags: SetFlags) =>
  client.send(ROUTES.updateBudget, {
    params: { budget_id: budget.budget_id },
    ifMatch: `"${String(budget.version)}"`,
    body: JSON.stringify({ ...termsOf(flags), when_committed: flags.ratchet === true ? 'ratchet' : undefined }),
  });

const setCommand = (io: Io): Command =>
  new CliCommand('set')
    .description('change the active budget of a scope, a period and a basis, or create it')
    .argument('<scope>', SCOPES)
    .requiredOption('--limit <usd>', 'most that may be spent and held in the period')
    .addOption(new Option('--period <period>', 'default: that of the one there is, else month').choices(PERIODS))
    .option('--months <n>', 'months of a recurring cost that are charged to the period')
    .addOption(new Option('--basis <basis>', 'default: that of the one there is, else allocation').choices(BASES))
    .option('--credit-savings', 'a negative actual is taken off what is spent')
    .option('--alert <percent...>', 'percent of the limit at which somebody is told (default: 50 80 100)')
    .option('--owner <name>', 'who answers for it')
    .option('--ratchet', 'limit below what is committed: let it fall as money comes back, instead of refusing')
    .about({
      reach: 'server',
      examples: [
        'verdict budget set project:web/env:prod --limit 5000',
        'verdict budget set project:web --limit 50000 --period year',
      ],
    })
    .action(async (scope: string, flags: SetFlags, command: Command) => {
      if (!SCOPE.test(scope)) throw wrongCall('scope_invalid', `not a scope: ${scope}`, SCOPES);
      const created = { scope, period: flags.period, basis: flags.basis, ...termsOf(flags) };
      const session = openSession(io, command);
      // Looked up under --dry-run too: whether the request creates or changes is what it is asked for.
      const found = onlyOne(scope, activeIn(await budgetsOf(await session.reader()), scope, flags));
      const client = await session.client();
      const { value, body } = await (found === undefined
        ? client.send(ROUTES.createBudget, { body: JSON.stringify(created) })
        : update(client, found, flags));
      session.printer.print({ body, text: () => budgetText(value), id: value.budget_id });
    });

const closeCommand = (io: Io): Command =>
  withPlace(
    new CliCommand('close')
      .description('charge nothing to it any more; what it has spent stays on record')
      .argument('<scope>', `${SCOPES}, or an id`),
  )
    .about({ reach: 'server', examples: ['verdict budget close project:web/env:prod'] })
    .action(async (scope: string, flags: PlaceFlags, command: Command) => {
      const session = openSession(io, command);
      const budgets = await budgetsOf(await session.reader());
      const found = byId(budgets, scope) ?? onlyOne(scope, activeIn(budgets, scope, flags));
      if (found === undefined) throw notFound('active budget', scope);
      const client = await session.client();
      const params = { budget_id: found.budget_id };
      const { value, body } = await client.send(ROUTES.closeBudget, {
        params,
        ifMatch: `"${String(found.version)}"`,
        body: '{}',
      });
      session.printer.print({ body, text: () => budgetText(value), id: value.budget_id });
    });

/** `verdict budget`: limits of what may be spent and held. */
export const budgetCommand = (io: Io): Command => {
  const group = new Command('budget').description('limits of what may be spent and held');
  for (const create of [listCommand, showCommand, setCommand, closeCommand]) group.addCommand(create(io));
  return group;
};
