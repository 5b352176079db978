import type { CompletedCommand, CompletedOption, CompletedTree, Values } from './nodes.js';
import { posixTables, WALK } from './posix-tables.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const bashScript = (tree: CompletedTree): string => `# bash completion of verdict
${posixTables(tree)}
_verdict() {
  local at previous word found current="\${COMP_WORDS[COMP_CWORD]}"
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${WALK}
  COMPREPLY=()
  if [ "$found" = @file ]; then compopt -o filenames 2>/dev/null; fi
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
    if [ "$found" = @file ]; then compgen -f -- "$current"
    else compgen -W "$found" -- "$current"; fi
  )
}
complete -F _verdict verdict
`;

const zshScript = (tree: CompletedTree): string => `#compdef verdict
${posixTables(tree)}
_verdict() {
  local at previous word found current="\${words[CURRENT]}"
  local -a before
  before=("\${(@)words[2,CURRENT-1]}")
${WALK}
  compset -P '--*='
  if [ "$found" = @file ]; then _files
  else compadd -- \${=found}; fi
}
if [ "\${funcstack[1]}" = _verdict ]; then _verdict "$@"; else compdef _verdict verdict; fi
`;

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const fishValues = (values: Values): string => {
  switch (values.kind) {
    case 'none':
      return '';
    case 'free':
      return ' -x';
    case 'file':
      return ' -r -F';
    case 'context':
      return " -x -a '(verdict context list --quiet 2>/dev/null)'";
    case 'words':
      return ` -x -a ${fishQuoted(values.words.join(' '))}`;
  }
};
const fishOption = ({ names, about, values }: CompletedOption): string => {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return `${flags.join(' ')}${fishValues(values)} -d ${fishQuoted(about)}`;
};
const fishArgument = (argument: Values): readonly string[] => {
  if (argument.kind === 'file') return ['-F'];
  if (argument.kind === 'none' || argument.kind === 'free') return [];
  return [fishValues(argument).trim().replace('-x ', '')];
};

const fishLines = ({ path, commands, options, argument }: CompletedCommand): readonly string[] => {
  const own = commands.map(({ name, about }) => `-a ${name} -d ${fishQuoted(about)}`);
  return [...own, ...fishArgument(argument), ...options.map(fishOption)].map(
    (rest) => `complete -c verdict -n ${fishQuoted(`_verdict_at ${fishQuoted(path)}`)} ${rest}\n`,
  );
};

const fishScript = ({ commands, globals }: CompletedTree): string => {
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ names, values }) => (values.kind === 'none' ? [] : names.map((name) => `${path} ${name}`))),
  );
  return `# fish completion of verdict
set -g _verdict_paths ${commands.map(({ path }) => fishQuoted(path)).join(' ')}
set -g _verdict_valued ${valued.map(fishQuoted).join(' ')}
set -g _verdict_valued_everywhere ${globals.flatMap(({ names, values }) => (values.kind === 'none' ? [] : names)).join(' ')}
function _verdict_at
  set -l at verdict
  set -l previous ''
  for word in (commandline -opc)[2..]
    if contains -- "$at $previous" $_verdict_valued; or contains -- "$previous" $_verdict_valued_everywhere
      set previous ''
      continue
    end
    if contains -- "$at $word" $_verdict_paths
      set at "$at $word"
    end
    set previous $word
  end
  test "$at" = "$argv[1]"
end
complete -c verdict -f
${globals.map((option) => `complete -c verdict ${fishOption(option)}\n`).join('')}${commands.flatMap(fishLines).join('')}`;
};

const SCRIPTS = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
} as const satisfies Record<Shell, (tree: CompletedTree) => string>;

/** The script that teaches a shell the tree of commands. */
export const completionScript = (shell: Shell, tree: CompletedTree): string => SCRIPTS[shell](tree);
