import { Command, CommanderError } from 'commander';
import { approvalsCommand } from './commands/approvals.command.js';
import { budgetCommand } from './commands/budget.command.js';
import { completionCommand } from './commands/completion.command.js';
import { contextCommand } from './commands/context.command.js';
import { creditCommand } from './commands/credit.command.js';
import { exceptionCommand } from './commands/exception.command.js';
import { exportCommand } from './commands/export.command.js';
import { gateCommand } from './commands/gate.command.js';
import { integrationCommand } from './commands/integration.command.js';
import { journalsCommand } from './commands/journals.command.js';
import { keyCommand } from './commands/key.command.js';
import { migrateCommand } from './commands/migrate.command.js';
import { olderPolicyCommand, policyCommand } from './commands/policy.command.js';
import { priceBookCommand } from './commands/price-book.command.js';
import { rebuildCommand } from './commands/rebuild.command.js';
import { replayCommand } from './commands/replay.command.js';
import { reservationsCommand } from './commands/reservations.command.js';
import { tokenCommand } from './commands/token.command.js';
import { verifyCommand } from './commands/verify.command.js';
import { CliFailure, failureJson, failureText, RequestPrinted, wrongCall } from './failure.js';
import { EXIT, type Io } from './io.js';
import { isForPeople } from './output/printer.js';
import { withGlobals } from './global-flags.js';
import { outputFormOf } from './session.js';

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

/**
 * Global options are accepted after each word of a command's name. Every error leaves in one place, so that nothing is printed
 * twice: also the help that a group without a command is.
 */
const completed = (command: Command, io: Io, help: (text: string) => void): Command => {
  withGlobals(command).enablePositionalOptions().exitOverride();
  command.configureOutput({ writeOut: io.stdout, writeErr: help, outputError: () => undefined });
  for (const each of command.commands) completed(each, io, help);
  return command;
};

/** The whole tree of commands. `help` takes the help of a group that was named without a command. */
export const createProgram = (io: Io, help: (text: string) => void = () => undefined): Command => {
  const program = new Command('verdict')
    .description('asks, approves, settles, exports and verifies: the command line of Verdict')
    .version(VERSION, '-V, --version');
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
    contextCommand,
    completionCommand,
  ];
  for (const create of commands) program.addCommand(create(io));
  program.addCommand(olderPolicyCommand(io), { hidden: true });
  return completed(program.addHelpText('after', ABOUT), io, help);
};

/** Help that was asked for; of a group without a command it is an error. */
const isHelp = ({ code, exitCode }: CommanderError): boolean =>
  code === 'commander.helpDisplayed' || code === 'commander.version' || (code === 'commander.help' && exitCode === 0);

interface Ended {
  readonly error: unknown;
  readonly argv: readonly string[];
  readonly program: Command;
  /** The help of a group that was named without a command. */
  readonly help: string;
}

/** `unknown option '--projct'\n(Did you mean --project?)` becomes a title and a hint. */
const callFailure = ({ code, message }: CommanderError, misspelt: string | undefined): CliFailure => {
  if (code === 'commander.help') return wrongCall('usage', 'which command?', 'see --help');
  // What is missing may be there, misspelt.
  if (code === 'commander.missingMandatoryOptionValue' && misspelt !== undefined)
    return wrongCall('usage', `unknown option '${misspelt}'`, message.replace(/^error: /, ''));
  const [title = '', hint] = message.replace(/^error: /, '').split('\n');
  return wrongCall('usage', title, hint?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?') ?? 'see --help');
};

const longsOf = (command: Command): readonly string[] => [
  ...command.options.flatMap(({ long }) => long ?? []),
  ...command.commands.flatMap(longsOf),
];

const misspeltIn = (argv: readonly string[], program: Command): string | undefined => {
  const known = new Set(longsOf(program));
  return argv.map((word) => word.replace(/=.*/s, '')).find((word) => /^--[a-z]/.test(word) && !known.has(word));
};

const failureOf = ({ error, argv, program }: Ended): CliFailure => {
  if (error instanceof CliFailure) return error;
  if (error instanceof CommanderError) return callFailure(error, misspeltIn(argv, program));
  const title = error instanceof Error ? error.message : String(error);
  return new CliFailure(EXIT.unknown, { code: 'internal_error', title, retry: 'same-key', idempotencyKey: null });
};

const isOver = (error: unknown): boolean =>
  error instanceof RequestPrinted || (error instanceof CommanderError && isHelp(error));

/** Writes an error in the form that the command line asks for; `help` takes the place of its text. */
export const reportFailure = ({ facts }: CliFailure, argv: readonly string[], io: Io, help = ''): void => {
  const isText = isForPeople(outputFormOf(io, argv));
  if (isText && help !== '') io.stderr(help);
  else io.stderr((isText ? failureText : failureJson)(facts));
};

const report = (ended: Ended, io: Io): void => {
  const { error, argv, help } = ended;
  const failure = failureOf(ended);
  reportFailure(failure, argv, io, help);
  if (error instanceof Error && (io.env['VERDICT_DEBUG'] ?? '') !== '') io.stderr(`${error.stack ?? ''}\n`);
  io.exit(failure.exit);
};

/** What a command line names, in its order: options and what they take are passed over. */
function* namesIn(argv: readonly string[], atNow: () => Command): Generator<string> {
  let isValue = false;
  for (const word of argv) {
    if (word === '--') return;
    if (isValue) isValue = false;
    else if (!word.startsWith('-')) yield word;
    else isValue = atNow().options.some(({ short, long, required }) => required && (word === short || word === long));
  }
}

interface Named {
  /** The command as far as it is known, and the word that is none. */
  readonly words: readonly string[];
  readonly isKnown: boolean;
  /** By the word `help`. */
  readonly isHelpAsked: boolean;
}

const namedBy = (argv: readonly string[], program: Command): Named => {
  const words: string[] = [];
  let [at, isHelpAsked] = [program, false];
  for (const word of namesIn(argv, () => at)) {
    if (at.commands.length === 0) break;
    if (word === 'help' && !isHelpAsked) {
      isHelpAsked = true;
      continue;
    }
    const next = at.commands.find((command) => command.name() === word);
    words.push(word);
    if (next === undefined) return { words, isKnown: false, isHelpAsked };
    at = next;
  }
  return { words, isKnown: true, isHelpAsked };
};

/**
 * `help gate preflight`, `gate help preflight`: help of the whole name. Help of a name that is misspelt is the error that
 * the name alone is; commander would show that of the group.
 */
const helpAsked = (argv: readonly string[], program: Command): readonly string[] => {
  const { words, isKnown, isHelpAsked } = namedBy(argv, program);
  if (isHelpAsked) return isKnown ? [...words, '--help'] : words;
  return isKnown ? argv : argv.filter((word) => word !== '--help' && word !== '-h');
};

/** Runs one command line. Never throws; the answer is `io.exit`. */
export const run = async (argv: readonly string[], io: Io): Promise<void> => {
  let help = '';
  const program = createProgram(io, (text) => {
    help += text;
  });
  try {
    await program.parseAsync(helpAsked(argv, program), { from: 'user' });
  } catch (error) {
    if (!isOver(error)) report({ error, argv, program, help }, io);
  }
};
