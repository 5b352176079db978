import type { Argument, Command, Option } from 'commander';
import { type CommandFacts, exitsOf, factsOf } from './cli-command.js';
import { isGlobal } from './global-flags.js';

interface Documented {
  /** `gate preflight`. */
  readonly path: string;
  readonly command: Command;
  readonly facts: CommandFacts;
}

const documented = (command: Command, before = ''): readonly Documented[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .flatMap((each) => {
      const path = `${before}${each.name()}`;
      const facts = factsOf(each);
      return facts === undefined ? documented(each, `${path} `) : [{ path, command: each, facts }];
    });

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`;
const tableOf = (titles: readonly string[], rows: readonly string[]): string =>
  rows.length === 0 ? '' : `${row(...titles)}${row(...titles.map(() => '---'))}${rows.join('')}\n`;
const code = (text: string): string => `\`${text}\``;

const anchor = (path: string): string => `#${`verdict ${path}`.replaceAll(' ', '-')}`;

const overview = (commands: readonly Documented[]): string =>
  tableOf(
    ['Command', 'Does'],
    commands.map(({ path, command }) => row(`[${code(path)}](${anchor(path)})`, command.description())),
  );

const choicesOf = ({ argChoices, description }: Option | Argument): string =>
  argChoices === undefined ? description : `${description === '' ? '' : `${description}; `}${argChoices.join(', ')}`;

const optionRow = (option: Option): string =>
  row(code(option.flags), `${choicesOf(option)}${option.mandatory ? ' (required)' : ''}`);
const optionsOf = (command: Command, isMeant: (option: Option) => boolean): readonly string[] =>
  command.options.filter((option) => !option.hidden && isMeant(option)).map(optionRow);

const recordOf = ({ reason, incident }: CommandFacts): string => {
  const names = [
    ...(reason === undefined || reason === '--reason' ? [] : [`${code('--reason')} is ${code(reason)}`]),
    ...(incident === undefined ? [] : [`${code('--incident')} is ${code(incident)}`]),
  ];
  return names.length === 0 ? '' : `Here ${names.join(', and ')}.\n\n`;
};

const section = ({ path, command, facts }: Documented): string => {
  const usage = command.createHelp().commandUsage(command);
  const words = command.registeredArguments.map((argument) => row(code(argument.name()), choicesOf(argument)));
  const named = tableOf(['', ''], [...words, ...optionsOf(command, (option) => !isGlobal(option))]);
  const exits = exitsOf(facts).map(([number, says]) => row(number, says));
  const notes = facts.notes === undefined ? '' : `\`\`\`text\n${facts.notes.trim()}\n\`\`\`\n\n`;
  return [
    `### verdict ${path}\n\n`,
    `${command.description()}\n\n`,
    `\`\`\`sh\n${usage}\n\`\`\`\n\n`,
    named,
    recordOf(facts),
    notes,
    tableOf(['Exit code', 'Says'], exits),
    `\`\`\`sh\n${facts.examples.join('\n')}\n\`\`\`\n\n`,
  ].join('');
};

/** The page of all commands in Markdown, made of the tree that the program runs with. */
export const commandReference = (program: Command): string => {
  const commands = documented(program);
  const globals = tableOf(['Option', 'Says'], optionsOf(program, isGlobal));
  return [
    '# Every command of `verdict`\n\n',
    'Generated from the tree of commands by `npm run generate`; [docs/cli.md](../cli.md) explains how they belong together.\n\n',
    overview(commands),
    '## Global options\n\nTaken by every command, behind each word of its name.\n\n',
    globals,
    '## Commands\n\n',
    ...commands.map(section),
  ]
    .join('')
    .trimEnd()
    .concat('\n');
};
