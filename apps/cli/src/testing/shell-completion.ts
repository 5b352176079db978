import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Shell } from '../completion/scripts.js';

export const hasShell = (name: string): boolean => spawnSync(name, ['--version']).status === 0;

/** Sources the script and asks its function, in the way that readline does, what may stand at the end of the words. */
const BASH = `
source ./completion.bash
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
_verdict
printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** Presses Tab in a zsh behind a terminal of its own, and prints all that it shows meanwhile. */
const ZSH = `
zmodload zsh/zpty || exit 3
zpty shell zsh -f -i
zpty -w shell 'source ./setup.zsh'
zpty -r shell seen '*ready-*-ready*' || exit 4
zpty -n -w shell "$*"$'\\t'
zpty -r shell seen '*done-*-done*' || exit 5
print -r -- "$seen"
zpty -d shell
`;

/** The zsh behind the terminal: what the completion system is given is printed before it is shown. */
const ZSH_SETUP = `
setopt no_auto_list no_beep
PROMPT='' RPS1=''
autoload -Uz compinit && compinit -D -u
source ./completion.zsh
compadd() {
  local -a offered
  if [[ " \${@[1,(i)(-|--)]} " != *' -'(O|A|D)' '* ]]; then
    builtin compadd -A offered "$@"
    print -rl -- offered:\${^offered}
  fi
  builtin compadd "$@"
}
tab() { zle complete-word; print -r -- done-"$#"-done; }
zle -N tab
bindkey '^I' tab
print -r -- ready-"$#"-ready
`;

const FISH = 'source ./completion.fish; complete -C (string join " " -- $argv)';

type Asked = {
  readonly command: string;
  readonly args: readonly string[];
  readonly wordsIn: (seen: string) => string[];
};

const linesOf = (seen: string): string[] => seen.split(/\r?\n/).filter((line) => line !== '');

const ASKED = {
  bash: { command: 'bash', args: ['--norc', '-c', BASH, 'bash'], wordsIn: linesOf },
  zsh: {
    command: 'zsh',
    args: ['-f', '-c', ZSH, 'zsh'],
    wordsIn: (seen) => [...seen.matchAll(/offered:(.*?)\r?\n/g)].map(([, word = '']) => word.replaceAll('\\', '')),
  },
  // A description follows behind a tab, and --name= is repeated before each of its values.
  fish: {
    command: 'fish',
    args: ['--no-config', '-c', FISH, '--'],
    wordsIn: (seen) => linesOf(seen).map((line) => line.replace(/\t.*/, '').replace(/^--[a-z-]+=/, '')),
  },
} as const satisfies Record<Shell, Asked>;

/** What a real shell offers at the end of a command line, sorted; `cwd` holds the script as `completion.<shell>`. */
export const offeredBy = async (
  shell: Shell,
  words: readonly string[],
  { cwd, path }: { readonly cwd: string; readonly path: string },
): Promise<readonly string[]> => {
  if (shell === 'zsh') await writeFile(join(cwd, 'setup.zsh'), ZSH_SETUP);
  const { command, args, wordsIn } = ASKED[shell];
  const env = { PATH: path, HOME: cwd, TERM: 'dumb', LC_ALL: 'C.UTF-8' };
  const { status, stdout, stderr } = spawnSync(command, [...args, 'verdict', ...words], {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0 || stderr !== '') throw new Error(`${shell} ended with ${String(status)}: ${stderr}`);
  return [...new Set(wordsIn(stdout))].sort();
};
