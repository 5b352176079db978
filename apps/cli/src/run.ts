import { Command, CommanderError } from 'commander';
import { approvalsCommand } from './commands/approvals.command.js';
import { budgetCommand } from './commands/budget.command.js';
import { creditCommand } from './commands/credit.command.js';
import { exceptionCommand } from './commands/exception.command.js';
import { exportCommand } from './commands/export.command.js';
import { gateCommand } from './commands/gate.command.js';
import { integrationCommand } from './commands/integration.command.js';
import { journalsCommand } from './commands/journals.command.js';
import { keyCommand } from './commands/key.command.js';
import { migrateCommand } from './commands/migrate.command.js';
import { policyCommand } from './commands/policy.command.js';
import { priceBookCommand } from './commands/price-book.command.js';
import { rebuildCommand } from './commands/rebuild.command.js';
import { replayCommand } from './commands/replay.command.js';
import { reservationsCommand } from './commands/reservations.command.js';
import { tokenCommand } from './commands/token.command.js';
import { verifyCommand } from './commands/verify.command.js';
import { CliFailure, failureJson, failureText, RequestPrinted, wrongCall } from './failure.js';
import { EXIT, type Io } from './io.js';
import { isForPeople } from './output/printer.js';
import { outputFormOf, withGlobals } from './session.js';

export const VERSION = '0.1.0';

const ABOUT = `
Exit codes: 0 done, or yes - 1 no (DENY, tampered, different) - 2 called wrongly, or cannot check -
3 a person is needed - 4 refused with a code - 5 not authenticated or not permitted -
6 unknown or unavailable: repeat with the same key - 7 incomplete - 130 interrupted

Examples:
  verdict token --tenant acme --role member --subject dev-1 > dev.token && chmod 600 dev.token
  terraform show -json plan.tfplan | verdict gate preflight --plan - --project web --environment prod --token-file dev.token
  verdict verify bundle.zip --trust vkeys.txt
`;

/** Every error leaves in one place, so that nothing is printed twice. */
const quietly = (command: Command, io: Io): Command => {
  command.exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr, outputError: () => undefined });
  for (const each of command.commands) quietly(each, io);
  return command;
};

export const createProgram = (io: Io): Command => {
  const program = withGlobals(
    new Command('verdict')
      .description('asks, approves, settles, exports and verifies: the command line of Verdict')
      .version(VERSION, '-V, --version'),
  ).enablePositionalOptions();
  const commands = [
    tokenCommand,
    gateCommand,
    policyCommand,
    budgetCommand,
    creditCommand,
    exceptionCommand,
    priceBookCommand,
    integrationCommand,
    approvalsCommand,
    reservationsCommand,
    exportCommand,
    verifyCommand,
    replayCommand,
    keyCommand,
    migrateCommand,
    rebuildCommand,
    journalsCommand,
  ];
  for (const create of commands) program.addCommand(create(io));
  return quietly(program.addHelpText('after', ABOUT), io);
};

const isHelp = ({ code }: CommanderError): boolean =>
  code === 'commander.helpDisplayed' || code === 'commander.version';

/** `commander.help`: a group was named without a command; its help went to stderr and says it all. */
const failureOf = (error: unknown): CliFailure | undefined => {
  if (error instanceof CliFailure) return error;
  if (error instanceof CommanderError) {
    return error.code === 'commander.help'
      ? undefined
      : wrongCall('usage', error.message.replace(/^error: /, ''), 'see --help');
  }
  const title = error instanceof Error ? error.message : String(error);
  return new CliFailure(EXIT.unknown, { code: 'internal_error', title, retry: 'same-key', idempotencyKey: null });
};

const isOver = (error: unknown): boolean =>
  error instanceof RequestPrinted || (error instanceof CommanderError && isHelp(error));

const report = (error: unknown, argv: readonly string[], io: Io): void => {
  const failure = failureOf(error);
  const print = isForPeople(outputFormOf(io, argv)) ? failureText : failureJson;
  if (failure !== undefined) io.stderr(print(failure.facts));
  if (error instanceof Error && (io.env['VERDICT_DEBUG'] ?? '') !== '') io.stderr(`${error.stack ?? ''}\n`);
  io.exit(failure?.exit ?? EXIT.wrongCall);
};

/** Runs one command line. Never throws; the answer is `io.exit`. */
export const run = async (argv: readonly string[], io: Io): Promise<void> => {
  try {
    await createProgram(io).parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!isOver(error)) report(error, argv, io);
  }
};
