import { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import type { ConfigFile } from '../config/config-file.js';
import type { Context, SettingName } from '../config/context.js';
import { ownConfigPath } from '../config/places.js';
import { type Candidate, contextUnknown, type Source, winnerOf } from '../config/resolve.js';
import { writeContext } from '../config/write-context.js';
import { DEFAULT_TIMEOUT } from '../global-flags.js';
import type { Io } from '../io.js';
import { type Column, table } from '../output/table.js';
import { openSession, type Session } from '../session.js';

const FILES = `
A configuration names servers, so that a command line need not:

  context: staging                 # the one that is used, if nothing else names one
  contexts:
    staging:
      url: https://verdict.staging.example.org
      token_file: staging.token    # relative to this file, mode 600; a token itself is refused
      tenant: acme
      output: table
      timeout: 1m

Read are ./.verdict.yaml and $XDG_CONFIG_HOME/verdict/config.yaml (~/.config without the variable), or the one file that
--config names. For each setting the first of these wins: flag, VERDICT_* variable, ./.verdict.yaml, the other file. A context
that --context names counts as a flag. ./.verdict.yaml names token files of its own folder only, and a token file is used with
the address that its own file names for the context: a folder that was fetched from elsewhere gets nobody's token.`;

interface Listed extends Context {
  readonly name: string;
  readonly files: readonly string[];
  readonly current: boolean;
}

const currentOf = ({ settings }: Session): string | undefined => winnerOf(settings.candidates.context)?.value;

const mergedOf = (files: readonly ConfigFile[], name: string): Context =>
  files.reduceRight<Context>((merged, { contexts }) => ({ ...merged, ...contexts.get(name) }), {});

const listedOf = (session: Session): readonly Listed[] => {
  const { files } = session.settings;
  const current = currentOf(session);
  const names = [...new Set(files.flatMap(({ contexts }) => [...contexts.keys()]))];
  return names.sort().map((name) => ({
    name,
    ...mergedOf(files, name),
    files: files.filter(({ contexts }) => contexts.has(name)).map(({ path }) => path),
    current: name === current,
  }));
};

const COLUMNS: readonly Column<Listed>[] = [
  { title: '', value: ({ current }) => (current ? '*' : '') },
  { title: 'CONTEXT', value: ({ name }) => name },
  { title: 'URL', value: ({ url }) => url ?? '-' },
  { title: 'TENANT', value: ({ tenant }) => tenant ?? '-' },
  { title: 'FILE', value: ({ files }) => files.join(', ') },
];

const listCommand = (io: Io): Command =>
  new CliCommand('list')
    .description('contexts of the configuration; * marks the one that is used')
    .about({ reach: 'files', notes: FILES, examples: ['verdict context list'] })
    .action((_flags: object, command: Command) => {
      const session = openSession(io, command);
      const items = listedOf(session);
      session.printer.print({
        body: { schema: 'verdict.cli.contexts.v1', items },
        text: () => (items.length === 0 ? 'no contexts\n' : table(COLUMNS, items)),
        id: items.map(({ name }) => name).join('\n'),
        itemSchema: 'verdict.cli.context.v1',
      });
    });

const use = async (session: Session, name: string): Promise<void> => {
  const { io, settings, flags, printer } = session;
  const { files } = settings;
  if (!files.some(({ contexts }) => contexts.has(name))) throw contextUnknown(name, files);
  const path = ownConfigPath(io, flags.given.config);
  await writeContext(io, path, name);
  printer.print({
    body: { schema: 'verdict.cli.context_use.v1', context: name, file: path },
    text: () => `${name} is used from now on (${path})\n`,
    id: name,
  });
  const nearer = files.find(({ isOfFolder, chosen }) => isOfFolder && chosen !== undefined && chosen !== name);
  if (nearer !== undefined) printer.hint(`here ${nearer.path} wins: it names ${nearer.chosen ?? ''}\n`);
};

const useCommand = (io: Io): Command =>
  new CliCommand('use')
    .description('make a context the one that is used; the rest of the file stays as it is')
    .argument('<name>', 'as in `context list`')
    .about({ reach: 'files', examples: ['verdict context use staging'] })
    .action((name: string, _flags: object, command: Command) => use(openSession(io, command), name));

type Shown = SettingName | 'context';
const SHOWN = ['context', 'url', 'token_file', 'tenant', 'output', 'timeout'] as const satisfies readonly Shown[];
const DEFAULTS: Readonly<Partial<Record<Shown, string>>> = {
  timeout: DEFAULT_TIMEOUT,
  output: 'table on a terminal, else json',
};

const sourceText = (source: Source): string => {
  switch (source.kind) {
    case 'flag':
    case 'variable':
      return source.name;
    case 'file':
      return source.context === null ? source.path : `${source.path}, context ${source.context}`;
    case 'server':
      return `the server that runs from ${source.path}`;
    case 'default':
      return 'default';
  }
};

interface ShownSetting {
  readonly setting: Shown;
  readonly value: string | null;
  readonly from: Source | null;
  readonly over: readonly Candidate[];
}

const shownOf = ({ settings }: Session): readonly ShownSetting[] =>
  SHOWN.map((setting): ShownSetting => {
    const candidates = settings.candidates[setting];
    const winner = winnerOf(candidates);
    const over = candidates.filter((each) => each !== winner);
    const byDefault = DEFAULTS[setting];
    if (winner !== undefined) return { setting, value: winner.value, from: winner.source, over };
    return { setting, value: byDefault ?? null, from: byDefault === undefined ? null : { kind: 'default' }, over };
  });

const overText = ({ over }: ShownSetting): string =>
  over
    .map(({ value, source, passedOver }) =>
      passedOver === undefined
        ? `${value} of ${sourceText(source)}`
        : `${value} of ${sourceText(source)}: ${passedOver}`,
    )
    .join('; ');

const showText = (shown: readonly ShownSetting[]): string =>
  table<ShownSetting>(
    [
      { title: 'SETTING', value: ({ setting }) => setting },
      { title: 'VALUE', value: ({ value }) => value ?? '-' },
      { title: 'FROM', value: ({ from }) => (from === null ? '-' : sourceText(from)) },
      { title: 'INSTEAD OF', value: overText },
    ],
    shown,
  );

const showCommand = (io: Io): Command =>
  new CliCommand('show')
    .description('every setting: what it is here, what has said so, and what that goes before')
    .about({ reach: 'files', examples: ['verdict context show', 'verdict context show --context staging'] })
    .action((_flags: object, command: Command) => {
      const session = openSession(io, command);
      if (session.settings.unknownContext !== undefined) throw session.settings.unknownContext;
      const shown = shownOf(session);
      session.printer.print({
        body: {
          schema: 'verdict.cli.settings.v1',
          files: session.settings.files.map(({ path }) => path),
          settings: Object.fromEntries(shown.map(({ setting, ...rest }) => [setting, rest])),
        },
        text: () => showText(shown),
        id: currentOf(session) ?? '-',
      });
    });

/** `verdict context`: which server, and as whom, by name. */
export const contextCommand = (io: Io): Command => {
  const group = new Command('context').description('servers by name, and the settings that count');
  for (const create of [listCommand, useCommand, showCommand]) group.addCommand(create(io));
  return group;
};
