import { type Command, Option } from 'commander';
import { wrongCall } from './failure.js';
import { type Client, createClient } from './http/client.js';
import { readSettings } from './http/settings.js';
import { parseDurationMs } from './input/duration.js';
import type { Io } from './io.js';
import { createPrinter, isOutputForm, OUTPUT_FORMS, type OutputForm, type Printer } from './output/printer.js';

const GROUP = 'Global options:';
const DEFAULT_TIMEOUT = '30s';

/** Accepted before and after the command's name. @source operations section 11 */
const globalOptions = (): readonly Option[] =>
  [
    new Option('--url <url>', 'server (VERDICT_URL; else the one that runs from ./.verdict)'),
    new Option('--token-file <file>', 'file with the token, - for standard input (VERDICT_TOKEN_FILE, VERDICT_TOKEN)'),
    new Option('-o, --output <form>', 'default: table on a terminal, else json').choices(OUTPUT_FORMS),
    new Option('-q, --quiet', 'print the id alone'),
    new Option('--no-color', 'no colours (NO_COLOR)'),
    new Option('--timeout <duration>', `give up after this long, retries included (default: ${DEFAULT_TIMEOUT})`),
    new Option('--idempotency-key <key>', 'key of a write; repeat an unknown outcome with the key it printed'),
    new Option('--dry-run', 'print the request, send nothing'),
    new Option('-y, --yes', 'overwrite without asking'),
  ].map((option) => option.helpGroup(GROUP));

/** Adds what the command does not define itself: `approvals consume --token-file` is another token. */
export const withGlobals = (command: Command): Command => {
  const own = new Set(command.options.map((option) => option.long));
  for (const option of globalOptions()) if (!own.has(option.long)) command.addOption(option);
  return command;
};

interface GlobalFlags {
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
  readonly output: OutputForm | undefined;
  readonly isQuiet: boolean;
  readonly isColourWanted: boolean;
  readonly timeoutMs: number;
  readonly idempotencyKey: string | undefined;
  readonly isDryRun: boolean;
  readonly isYes: boolean;
}

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

/** The command's value, else what was given before its name. Members that a command defined itself are not global. */
const valueOf = (command: Command, name: string): unknown => {
  const isGlobal = (owner: Command): boolean =>
    owner.options.some((option) => option.attributeName() === name && option.helpGroupHeading === GROUP);
  const root = rootOf(command);
  const isGivenHere = isGlobal(command) && command.getOptionValueSource(name) === 'cli';
  const value: unknown = isGivenHere ? command.getOptionValue(name) : root.getOptionValue(name);
  return value;
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const KEY = /^[\x21-\x7e]{4,128}$/;

const flagsOf = (command: Command): GlobalFlags => {
  const value = (name: string): unknown => valueOf(command, name);
  const idempotencyKey = textOf(value('idempotencyKey'));
  if (idempotencyKey !== undefined && !KEY.test(idempotencyKey)) {
    throw wrongCall('idempotency_key_invalid', '--idempotency-key is 4 to 128 visible ASCII characters');
  }
  const output = value('output');
  return {
    url: textOf(value('url')),
    tokenFile: textOf(value('tokenFile')),
    output: isOutputForm(output) ? output : undefined,
    isQuiet: value('quiet') === true,
    isColourWanted: value('color') !== false,
    timeoutMs: parseDurationMs(textOf(value('timeout')) ?? DEFAULT_TIMEOUT, '--timeout'),
    idempotencyKey,
    isDryRun: value('dryRun') === true,
    isYes: value('yes') === true,
  };
};

/** One run of one command. */
export interface Session {
  readonly io: Io;
  readonly printer: Printer;
  readonly flags: GlobalFlags;
  /** Made on first use, so that what needs no server asks for none. */
  readonly client: () => Promise<Client>;
  /** For what changes nothing and has to be known before a request can be made: sends under --dry-run too. */
  readonly reader: () => Promise<Client>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

const openClient = async (io: Io, flags: GlobalFlags): Promise<Client> => {
  const settings = await readSettings(io, flags);
  if (settings.url.protocol === 'http:' && !LOOPBACK.test(settings.url.hostname) && settings.token !== undefined) {
    io.stderr(`warning: the token travels unencrypted to ${settings.url.host}\n`);
  }
  const { timeoutMs, idempotencyKey, isDryRun } = flags;
  return createClient(io, { settings, timeoutMs, idempotencyKey, isDryRun });
};

export const openSession = (io: Io, command: Command): Session => {
  const flags = flagsOf(command);
  const { output: form, isQuiet, isColourWanted } = flags;
  return {
    io,
    flags,
    printer: createPrinter(io, { form, isQuiet, isColourWanted }),
    client: () => openClient(io, flags),
    reader: () => openClient(io, { ...flags, isDryRun: false, idempotencyKey: undefined }),
  };
};

/** Which form errors take when the flags themselves may be wrong. */
export const outputFormOf = (io: Io, argv: readonly string[]): OutputForm => {
  const index = argv.findIndex((word) => /^(?:-o|--output(?:=|$))/.test(word));
  const word = argv[index] ?? '';
  const asked = word === '-o' || word === '--output' ? argv[index + 1] : word.replace(/^(?:-o|--output=)/, '');
  if (index >= 0 && isOutputForm(asked)) return asked;
  return io.isTerminal.stdout ? 'table' : 'json';
};

/** Reads a positive whole number. */
export const parseCount = (text: string, flag: string): string => {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw wrongCall('number_invalid', `${flag} is not a positive whole number: ${text}`);
  return text;
};
