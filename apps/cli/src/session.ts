import type { Command } from 'commander';
import { type CommandFacts, factsOf } from './cli-command.js';
import { resolveSettings, type Resolution, winnerOf } from './config/resolve.js';
import { wrongCall } from './failure.js';
import { DEFAULT_TIMEOUT, flagsOf, type GlobalFlags } from './global-flags.js';
import { type Client, createClient } from './http/client.js';
import { localServer, readSettings } from './http/settings.js';
import { parseDurationMs } from './input/duration.js';
import type { Io } from './io.js';
import { createPrinter, isOutputForm, OUTPUT_FORMS, type OutputForm, type Printer } from './output/printer.js';

/** One run of one command. */
export interface Session {
  readonly io: Io;
  readonly facts: CommandFacts | undefined;
  readonly printer: Printer;
  readonly flags: GlobalFlags;
  readonly settings: Resolution;
  /** Made on first use, so that what needs no server asks for none. */
  readonly client: () => Promise<Client>;
  /** For what changes nothing and has to be known before a request can be made: sends under --dry-run too. */
  readonly reader: () => Promise<Client>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** What is longer than a timer can be would end at once. */
const TIMEOUT_MS_MAX = 86_400_000;

const timeoutOf = ({ candidates }: Resolution): number => {
  const timeoutMs = parseDurationMs(winnerOf(candidates.timeout)?.value ?? DEFAULT_TIMEOUT, '--timeout');
  if (timeoutMs > TIMEOUT_MS_MAX) throw wrongCall('duration_invalid', '--timeout is at most 1d');
  return timeoutMs;
};

const formOf = ({ candidates }: Resolution): OutputForm | undefined => {
  const form = winnerOf(candidates.output)?.value;
  if (form === undefined || isOutputForm(form)) return form;
  throw wrongCall('output_invalid', `not a form of output: ${form}`, `one of ${OUTPUT_FORMS.join(', ')}`);
};

type ClientFlags = Pick<GlobalFlags, 'idempotencyKey' | 'isDryRun'>;

const openClient = async (io: Io, resolution: Resolution, flags: ClientFlags): Promise<Client> => {
  const settings = await readSettings(io, resolution);
  if (settings.url.protocol === 'http:' && !LOOPBACK.test(settings.url.hostname) && settings.token !== undefined) {
    io.stderr(`warning: the token travels unencrypted to ${settings.url.host}\n`);
  }
  const { idempotencyKey, isDryRun } = flags;
  return createClient(io, { settings, timeoutMs: timeoutOf(resolution), idempotencyKey, isDryRun });
};

export const openSession = (io: Io, command: Command): Session => {
  const flags = flagsOf(command);
  const { isQuiet, isColourWanted } = flags;
  const settings = resolveSettings(io, flags.given, localServer(io));
  if (flags.given.context !== undefined && settings.unknownContext !== undefined) throw settings.unknownContext;
  timeoutOf(settings); // What is wrong is said before anything is done.
  return {
    io,
    flags,
    settings,
    facts: factsOf(command),
    printer: createPrinter(io, { form: formOf(settings), asked: flags.given.output, isQuiet, isColourWanted }),
    client: () => openClient(io, settings, flags),
    reader: () => openClient(io, settings, { isDryRun: false, idempotencyKey: undefined }),
  };
};

const wordAfter = (argv: readonly string[], short: string, long: string): string | undefined => {
  const index = argv.findIndex((word) => word === long || word.startsWith(`${long}=`) || word.startsWith(short));
  const word = argv[index];
  if (word === undefined) return undefined;
  return word === short || word === long ? argv[index + 1] : word.slice(word.startsWith(long) ? long.length + 1 : 2);
};

/** Which form errors take when the flags or the configuration may be wrong themselves. */
export const outputFormOf = (io: Io, argv: readonly string[]): OutputForm => {
  const byDefault = io.isTerminal.stdout ? 'table' : 'json';
  const output = wordAfter(argv, '-o', '--output');
  const given = {
    ...{ config: wordAfter(argv, '--config', '--config'), context: wordAfter(argv, '-c', '--context') },
    ...{ url: undefined, tokenFile: undefined, tenant: undefined, timeout: undefined },
    output: isOutputForm(output) ? output : undefined,
  };
  try {
    return formOf(resolveSettings(io, given, undefined)) ?? byDefault;
  } catch {
    return given.output ?? byDefault;
  }
};

/** Reads a whole number that may be 0. */
export const parseWhole = (text: string, flag: string): number => {
  if (!/^(0|[1-9][0-9]{0,8})$/.test(text)) throw wrongCall('number_invalid', `${flag} is not a whole number: ${text}`);
  return Number(text);
};

/** Reads a positive whole number. */
export const parseCount = (text: string, flag: string): string => {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw wrongCall('number_invalid', `${flag} is not a positive whole number: ${text}`);
  return text;
};
