import { type Command, Option } from 'commander';
import { factsOf } from './cli-command.js';
import type { GivenFlags } from './config/resolve.js';
import { wrongCall } from './failure.js';
import { OUTPUT_FORMS } from './output/printer.js';

const GROUP = 'Global options:';
export const DEFAULT_TIMEOUT = '30s';

/** Accepted before and after the command's name. @source operations section 11 */
const globalOptions = (): readonly Option[] =>
  [
    new Option('-c, --context <name>', 'context of the configuration (VERDICT_CONTEXT)'),
    new Option('--env <name>', 'the same as --context').hideHelp(),
    new Option('--config <file>', 'the only configuration that is read (VERDICT_CONFIG)'),
    new Option('-t, --tenant <id>', 'go on only with a token of this tenant (VERDICT_TENANT)'),
    new Option('--url <url>', 'server (VERDICT_URL; else the one that runs from ./.verdict)'),
    new Option('--token-file <file>', 'file with the token, - for standard input (VERDICT_TOKEN_FILE, VERDICT_TOKEN)'),
    new Option(
      '-o, --output <form>',
      'default: table on a terminal, else json (VERDICT_OUTPUT); where the answer is a text, the text',
    ).choices(OUTPUT_FORMS),
    new Option('-q, --quiet', 'print the id alone; where a token is shown once, the token'),
    new Option('--no-color', 'no colours (NO_COLOR)'),
    new Option(
      '--timeout <duration>',
      `give up a request after this long, retries included (VERDICT_TIMEOUT; default: ${DEFAULT_TIMEOUT})`,
    ),
    new Option('--idempotency-key <key>', 'key of a write; repeat an unknown outcome with the key it printed'),
    new Option('--reason <text>', 'why; refused where nothing of it would be recorded'),
    new Option('--incident <id>', 'incident that it belongs to; refused where it would not be recorded'),
    new Option('--dry-run', 'print the request, send nothing'),
    new Option('-y, --yes', 'overwrite without asking'),
  ].map((option) => option.helpGroup(GROUP));

/** Adds what the command does not define itself: `approvals consume --token-file` is another token. */
export const withGlobals = <Built extends Command>(command: Built): Built => {
  const own = new Set(command.options.map((option) => option.long));
  for (const option of globalOptions()) if (!own.has(option.long)) command.addOption(option);
  return command;
};

export const isGlobal = ({ helpGroupHeading }: Option): boolean => helpGroupHeading === GROUP;

export interface GlobalFlags {
  readonly given: GivenFlags;
  readonly isQuiet: boolean;
  readonly isColourWanted: boolean;
  readonly idempotencyKey: string | undefined;
  readonly reason: string | undefined;
  readonly incident: string | undefined;
  readonly isDryRun: boolean;
  readonly isYes: boolean;
}

/** `verdict` itself. */
export const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

const hasGlobal = (command: Command, name: string): boolean =>
  command.options.some((option) => option.attributeName() === name && isGlobal(option));

/** The command's value, else what was given before its name. Members that a command defined itself are not global. */
const valueOf = (command: Command, name: string): unknown => {
  const isGivenHere = hasGlobal(command, name) && command.getOptionValueSource(name) === 'cli';
  if (!isGivenHere && command.parent !== null) return valueOf(command.parent, name);
  const value: unknown = command.getOptionValue(name);
  return value;
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const KEY = /^[\x21-\x7e]{4,128}$/;

const keyOf = (text: string | undefined): string | undefined => {
  if (text !== undefined && !KEY.test(text))
    throw wrongCall('idempotency_key_invalid', '--idempotency-key is 4 to 128 visible ASCII characters');
  return text;
};

const contextOf = (context: string | undefined, alias: string | undefined): string | undefined => {
  if (context !== undefined && alias !== undefined && context !== alias)
    throw wrongCall('usage', '--context and --env are one option: give one of them');
  return context ?? alias;
};

/** Nothing that was said is dropped silently. */
const refuseUnused = (command: Command, { reason, incident, isDryRun }: GlobalFlags): void => {
  const facts = factsOf(command);
  const name = command.name();
  if (reason !== undefined && facts?.reason === undefined)
    throw wrongCall('reason_not_recorded', `${name} records no reason`, 'leave --reason out');
  if (incident !== undefined && facts?.incident === undefined)
    throw wrongCall('incident_not_recorded', `${name} records no incident`, 'leave --incident out');
  if (isDryRun && facts?.reach !== 'server') throw noRequest(name);
};

/** `--dry-run` of what sends nothing. */
export const noRequest = (name: string): ReturnType<typeof wrongCall> =>
  wrongCall('usage', `${name} sends no request that could be printed`, 'leave --dry-run out');

/** The global options of a command line; throws for what the command could not heed. */
export const flagsOf = (command: Command): GlobalFlags => {
  const value = (name: string): unknown => valueOf(command, name);
  const text = (name: string): string | undefined => textOf(value(name));
  const flags: GlobalFlags = {
    given: {
      config: text('config'),
      context: contextOf(text('context'), text('env')),
      url: text('url'),
      tokenFile: text('tokenFile'),
      tenant: text('tenant'),
      output: text('output'),
      timeout: text('timeout'),
    },
    isQuiet: value('quiet') === true,
    isColourWanted: value('color') !== false,
    idempotencyKey: keyOf(text('idempotencyKey')),
    reason: text('reason'),
    incident: text('incident'),
    isDryRun: value('dryRun') === true,
    isYes: value('yes') === true,
  };
  refuseUnused(command, flags);
  return flags;
};
