import type { Argument, Command, Option } from 'commander';
import { VERSION_NAMES } from '../commands/policy-names.js';
import { isGlobal } from '../global-flags.js';

/** What may be written after an option, or as an argument. */
export type Values =
  | { readonly kind: 'none' }
  | { readonly kind: 'free' }
  | { readonly kind: 'file' }
  | { readonly kind: 'context' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletedOption {
  /** `-o` and `--output`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly values: Values;
}

/** One command of the tree as completion sees it. */
export interface CompletedCommand {
  /** `verdict gate list`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  /** Its own. */
  readonly options: readonly CompletedOption[];
  /** What its first argument is. */
  readonly argument: Values;
}

const FILE = /^(file|dir|path|vkey\|file)$/;

const valuesOfOption = (option: Option): Values => {
  if (option.isBoolean() || (!option.required && !option.optional)) return { kind: 'none' };
  if (option.argChoices !== undefined) return { kind: 'words', words: option.argChoices };
  if (option.long === '--context') return { kind: 'context' };
  const [, name = ''] = /<([^>.]+)/.exec(option.flags) ?? [];
  return FILE.test(name) ? { kind: 'file' } : { kind: 'free' };
};

const NAMING_A_VERSION: ReadonlySet<string> = new Set(
  ['show', 'diff', 'rollback', 'rollout', 'cancel'].map((name) => `verdict policy ${name}`),
);

const valuesOfArgument = (path: string, argument: Argument | undefined): Values => {
  if (argument === undefined) return { kind: 'none' };
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
  if (path === 'verdict context use') return { kind: 'context' };
  if (NAMING_A_VERSION.has(path)) return { kind: 'words', words: VERSION_NAMES };
  return FILE.test(argument.name()) || argument.name() === 'rule' ? { kind: 'file' } : { kind: 'free' };
};

/** The tree of commands as completion sees it. */
export interface CompletedTree {
  /** Every command, groups included, each before its own. */
  readonly commands: readonly CompletedCommand[];
  /** Taken by all of them. */
  readonly globals: readonly CompletedOption[];
}

const optionsOf = (command: Command, isMeant: (option: Option) => boolean): readonly CompletedOption[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .filter(isMeant)
    .map((option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined),
      about: option.description,
      values: valuesOfOption(option),
    }));

const commandsOf = (command: Command, before = ''): readonly CompletedCommand[] => {
  const path = `${before}${command.name()}`;
  const shown = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
  const node: CompletedCommand = {
    path,
    commands: shown.map((each) => ({ name: each.name(), about: each.description() })),
    options: optionsOf(command, (option) => !isGlobal(option)),
    argument: valuesOfArgument(path, command.registeredArguments[0]),
  };
  return [node, ...shown.flatMap((each) => commandsOf(each, `${path} `))];
};

export const completedTree = (program: Command): CompletedTree => ({
  commands: commandsOf(program),
  globals: optionsOf(program, isGlobal),
});
