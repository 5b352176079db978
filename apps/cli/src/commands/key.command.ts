import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { notUnderstood } from '../http/not-understood.js';
import type { Io } from '../io.js';
import { openSession } from '../session.js';

/** A verifier key of a signed note. @source ledger-format, C2SP signed-note */
const VKEY = /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/;

const publicCommand = (io: Io): Command =>
  new CliCommand('public')
    .description('public keys of checkpoints and exports, as vkey lines for `verify --trust`')
    .about({
      reach: 'server',
      notes: `
Fetch them once, compare them with what the operator has published elsewhere, and keep them: keys that come with the
bundle they vouch for prove nothing.`,
      examples: ['verdict key public --url https://verdict.example.org > vkeys.txt'],
    })
    .action(async (_flags: object, command: Command) => {
      const session = openSession(io, command);
      const response = await (await session.client()).open(ROUTES.vkeys);
      const text = await response.text();
      const keys = text.split('\n').filter((line) => line !== '');
      // They will be trusted: a page of something else is not written where keys are expected.
      if (keys.length === 0 || !keys.every((line) => VKEY.test(line))) throw notUnderstood(ROUTES.vkeys, null);
      session.printer.printDocument({ body: { schema: 'verdict.cli.keys.v1', keys }, text });
    });

/** `verdict key`: keys to trust. */
export const keyCommand = (io: Io): Command =>
  new Command('key').description('keys to trust').addCommand(publicCommand(io));
