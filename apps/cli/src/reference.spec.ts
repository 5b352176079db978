import { expect, it } from '@jest/globals';
import { Command, Option } from 'commander';
import { CliCommand } from './cli-command.js';
import { commandReference } from './reference.js';

const program = (): Command => {
  const group = new Command('gate').addCommand(
    new CliCommand('ask')
      .description('may it | go ahead?')
      .argument('<file>', 'the plan')
      .requiredOption('--project <id>', 'who pays')
      .addOption(new Option('--form <form>', 'its form').choices(['a', 'b']))
      .addOption(new Option('--older', 'older spelling').hideHelp())
      .about({ reach: 'files', exits: { 1: 'DENY' }, incident: '--ticket', examples: ['verdict gate ask plan.json'] }),
  );
  const older = new Command('ask').addCommand(
    new CliCommand('older').about({ reach: 'files', examples: ['verdict ask older'] }),
  );
  return new Command('verdict').addCommand(group).addCommand(older, { hidden: true });
};

it('the page of commands says what each takes, how it ends and how it is called, and hides what is hidden', () => {
  const page = commandReference(program());
  expect(page).toContain('| [`gate ask`](#verdict-gate-ask) | may it \\| go ahead? |');
  expect(page).toContain('```sh\nverdict gate ask [options] <file>\n```');
  expect(page).toContain(
    '| `file` | the plan |\n| `--project <id>` | who pays (required) |\n| `--form <form>` | its form; a, b |',
  );
  expect(page).toContain('| 0 | done |\n| 1 | DENY |\n| 2 | called wrongly |');
  expect(page).toContain('```sh\nverdict gate ask plan.json\n```');
  expect(page).toContain('Here `--incident` is `--ticket`.');
  expect(page).not.toContain('--older');
  expect(page).not.toContain('verdict ask');
});
