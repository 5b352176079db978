import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { Io } from '../io.js';
import { openSession, withGlobals } from '../session.js';

const publicCommand = (io: Io): Command =>
  new Command('public')
    .description('public keys of checkpoints and exports, as vkey lines for `verify --trust`')
    .addHelpText(
      'after',
      `
Fetch them once, compare them with what the operator has published elsewhere, and keep them: keys that come with the
bundle they vouch for prove nothing.

Example:
  verdict key public --url https://verdict.example.org > vkeys.txt
`,
    )
    .action(async (_flags: object, command: Command) => {
      const session = openSession(io, command);
      const response = await (await session.client()).open(ROUTES.vkeys);
      io.stdout(await response.text());
    });

/** `verdict key`: keys to trust. */
export const keyCommand = (io: Io): Command =>
  new Command('key').description('keys to trust').addCommand(withGlobals(publicCommand(io)));
