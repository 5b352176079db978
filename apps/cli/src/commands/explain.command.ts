import { ROUTES } from '@verdict/contracts';
import type { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import type { Io } from '../io.js';
import type { Printer } from '../output/printer.js';
import { facts, table, usd } from '../output/table.js';
import { openSession } from '../session.js';
import { verdictText } from './verdict-text.js';

type Explanation = z.output<typeof ROUTES.explainDecision.response>;
type Rule = Explanation['rules'][number];
type Stage = Explanation['decision']['waterfall'][number];
type Flip = Explanation['flips'][number];

const limitText = (amount: string | null): string => (amount === null ? 'no limit' : usd(amount));

const stagesText = ({ decision }: Explanation): string =>
  table<Stage>(
    [
      { title: 'STAGE', value: ({ stage }) => stage },
      { title: 'STATUS', value: ({ status }) => status },
      { title: 'AVAILABLE', value: ({ available_usd: amount }) => limitText(amount), isNumber: true },
      { title: 'CONSUMED', value: ({ consumed_usd: amount }) => usd(amount), isNumber: true },
    ],
    decision.waterfall,
  );

const rulesText = ({ rules }: Explanation): string =>
  rules.length === 0
    ? ''
    : `\n${table<Rule>(
        [
          { title: 'RULE', value: ({ id }) => id },
          { title: 'MATCHED', value: ({ matched, error }) => error ?? (matched ? 'yes' : 'no') },
          { title: 'COST', value: ({ cost_used: cost }) => String(cost), isNumber: true },
        ],
        rules,
      )}`;

const flipText = ({ variable, from, to }: Flip): string => `${variable} ${from ?? '-'} -> ${to}\n`;

const flipsText = ({ flips }: Explanation): string =>
  flips.length === 0
    ? ''
    : `\nIt would have passed with one of\n${flips.map((flip) => `  ${flipText(flip)}`).join('')}`;

const explanationText = (explained: Explanation, printer: Printer): string => {
  const { mode_path: path, routing } = explained;
  const way = facts([
    ['environment', `${path.environment_raw} -> ${path.environment_label} -> class ${path.environment_class}`],
    ['mode', `${path.mode} (${path.mode_scope})`],
    ['routing', routing === null ? undefined : (routing.rule ?? 'by class: one approver')],
  ]);
  const head = verdictText(explained.decision, printer);
  return `${head}\n${way}\n${stagesText(explained)}${rulesText(explained)}${flipsText(explained)}`;
};

/** `gate explain DEC`: each stage, rule and reason, and what would have let it pass. */
export const explainCommand = (io: Io): Command =>
  new CliCommand('explain')
    .description('why a decision came out so: each stage and rule, and the smallest change that lets it pass')
    .argument('<decision>', 'id of the decision')
    .about({ reach: 'server', examples: ['verdict gate explain 0193a7c4-0000-7000-8000-000000000001'] })
    .action(async (id: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const { value, body } = await (
        await session.client()
      ).send(ROUTES.explainDecision, { params: { decision_id: id } });
      const text = (): string => explanationText(value, session.printer);
      session.printer.print({ body, text, id: value.decision.decision_id });
    });
