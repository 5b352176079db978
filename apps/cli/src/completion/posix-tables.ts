import type { CompletedOption, CompletedTree, Values } from './nodes.js';

/** A word that no shell looks into: names come from the tree of commands, never from a caller. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** What stands for values that are not known when the script is made. */
const valuesWord = (values: Values): string => {
  switch (values.kind) {
    case 'none':
    case 'free':
      return '';
    case 'file':
      return '@file';
    case 'context':
      return '@context';
    case 'words':
      return values.words.join(' ');
  }
};

type Case = readonly [patterns: readonly string[], body: string];

const caseLines = (cases: readonly Case[]): string =>
  cases
    .filter(([patterns]) => patterns.length > 0)
    .map(([patterns, body]) => `    ${patterns.join(' | ')}) ${body} ;;\n`)
    .join('');

const shellFunction = (name: string, cases: readonly Case[]): string =>
  `${name}() {\n  case "$1" in\n${caseLines(cases)}    *) return 1 ;;\n  esac\n}\n`;

const echo = (text: string): string => `printf '%s\\n' ${quoted(text)}`;

const namesIn = (options: readonly CompletedOption[]): string => options.flatMap(({ names }) => names).join(' ');

const valueCases = (options: readonly CompletedOption[], before: string): readonly Case[] =>
  options.flatMap(({ names, values }) =>
    values.kind === 'none'
      ? []
      : [[names.map((name) => `${before}${quoted(` ${name}`)}`), echo(valuesWord(values))] as const],
  );

/** Functions that say, in the words of any POSIX shell, what may follow where. */
export const posixTables = ({ commands, globals }: CompletedTree): string =>
  [
    shellFunction('_verdict_is_command', [[commands.map(({ path }) => quoted(path)), 'return 0']]),
    shellFunction(
      '_verdict_commands',
      commands.map(({ path, commands: own, argument }) => [
        [quoted(path)],
        echo(own.length > 0 ? own.map(({ name }) => name).join(' ') : valuesWord(argument)),
      ]),
    ),
    shellFunction('_verdict_options', [
      ...commands.map(({ path, options }): Case => [[quoted(path)], echo(`${namesIn(options)} ${namesIn(globals)}`)]),
    ]),
    '# The values of an option; fails for one that takes none.\n',
    shellFunction('_verdict_values', [
      ...commands.flatMap(({ path, options }) => valueCases(options, quoted(path))),
      ...valueCases(globals, '*'),
    ]),
  ].join('');

/**
 * `at` becomes the command that the words before the cursor name; what an option takes is no command. `--output=json` is three
 * words in bash, and one in zsh.
 */
export const WALK = `  at=verdict previous=''
  for word in "\${before[@]}"; do
    if [ "$word" = '=' ]; then continue; fi
    if ! _verdict_values "$at $previous" >/dev/null && _verdict_is_command "$at $word"; then at="$at $word"; fi
    previous=$word
  done
  case "$current" in
    '=') current='' ;;
    --*=*) previous=\${current%%=*} current=\${current#*=} ;;
  esac
  if found=$(_verdict_values "$at $previous"); then :
  elif [ "\${current#-}" != "$current" ]; then found=$(_verdict_options "$at")
  else found=$(_verdict_commands "$at"); fi
  if [ "$found" = @context ]; then found=$(verdict context list --quiet 2>/dev/null | tr '\\n' ' '); fi
`;
