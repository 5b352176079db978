import { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { completedTree } from '../completion/nodes.js';
import { completionScript, type Shell, SHELLS } from '../completion/scripts.js';
import { rootOf } from '../global-flags.js';
import type { Io } from '../io.js';
import { openSession } from '../session.js';

const EXAMPLES = {
  bash: 'eval "$(verdict completion bash)"',
  zsh: 'eval "$(verdict completion zsh)"',
  fish: 'verdict completion fish | source',
} as const satisfies Record<Shell, string>;

const shellCommand =
  (shell: Shell) =>
  (io: Io): Command =>
    new CliCommand(shell)
      .description(`what teaches ${shell} these commands and their options`)
      .about({ reach: 'files', examples: [EXAMPLES[shell]] })
      .action((_flags: object, command: Command) => {
        const { printer } = openSession(io, command);
        const script = completionScript(shell, completedTree(rootOf(command)));
        printer.printDocument({ body: { schema: 'verdict.cli.completion.v1', shell, script }, text: script });
      });

/** `verdict completion`: scripts for shells, made of the tree of commands. */
export const completionCommand = (io: Io): Command => {
  const group = new Command('completion').description('completion of commands and options in a shell');
  for (const shell of SHELLS) group.addCommand(shellCommand(shell)(io));
  return group;
};
