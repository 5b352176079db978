import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type CliFailure, wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import type { ConfigFile } from './config-file.js';
import type { Context, SettingName } from './context.js';
import { given, readConfigFiles } from './places.js';

/** Where a setting was said. */
export type Source =
  | { readonly kind: 'flag' | 'variable'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string; readonly context: string | null }
  | { readonly kind: 'server'; readonly path: string }
  | { readonly kind: 'default' };

/** One of those that say a setting, nearest first; the first that is not passed over wins. */
export interface Candidate {
  /** Never a secret: of VERDICT_TOKEN only that it is set. */
  readonly value: string;
  readonly source: Source;
  /** Why it is passed over although it is near. */
  readonly passedOver?: string;
}

/** What is said before the configuration is read. */
export interface GivenFlags {
  readonly config: string | undefined;
  readonly context: string | undefined;
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
  readonly tenant: string | undefined;
  readonly output: string | undefined;
  readonly timeout: string | undefined;
}

export type Candidates = Readonly<Record<SettingName | 'context', readonly Candidate[]>>;
export interface Resolution {
  /** Nearest first. */
  readonly files: readonly ConfigFile[];
  readonly candidates: Candidates;
  /** The context that is chosen is in no file. */
  readonly unknownContext: CliFailure | undefined;
}

export const HIDDEN = '(set)';

const FLAGS = {
  url: '--url',
  token_file: '--token-file',
  tenant: '--tenant',
  output: '--output',
  timeout: '--timeout',
  context: '--context',
} as const satisfies Record<SettingName | 'context', string>;
const VARIABLES = {
  url: ['VERDICT_URL'],
  token_file: ['VERDICT_TOKEN', 'VERDICT_TOKEN_FILE'],
  tenant: ['VERDICT_TENANT'],
  output: ['VERDICT_OUTPUT'],
  timeout: ['VERDICT_TIMEOUT'],
  context: ['VERDICT_CONTEXT'],
} as const satisfies Record<SettingName | 'context', readonly string[]>;

const ofFlag = (name: SettingName | 'context', value: string | undefined): readonly Candidate[] =>
  value === undefined ? [] : [{ value, source: { kind: 'flag', name: FLAGS[name] } }];

const ofVariables = ({ env }: Io, name: SettingName | 'context'): readonly Candidate[] =>
  VARIABLES[name].flatMap((variable) => {
    const value = given(env[variable]);
    if (value === undefined) return [];
    return [{ value: variable === 'VERDICT_TOKEN' ? HIDDEN : value, source: { kind: 'variable', name: variable } }];
  });

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path; // It is not there: whoever reads it says so.
  }
};
const isWithin = (folder: string, path: string): boolean => {
  const way = relative(real(folder), real(path));
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/** Relative to the file that names it; `~/` is the person's own folder. */
const tokenPath = (io: Io, file: ConfigFile, text: string): string => {
  const home = given(io.env['HOME']);
  const path = text.startsWith('~/') && home !== undefined ? join(home, text.slice(2)) : text;
  return resolve(dirname(file.path), path);
};

const sameOrigin = (one: string, other: string): boolean =>
  URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;

/** A folder that was fetched from elsewhere must not have tokens of its reader sent anywhere. */
const whyNotToken = (
  { path, isOfFolder }: ConfigFile,
  { url: ownUrl }: Context,
  { token, url }: { readonly token: string; readonly url: Candidate | undefined },
): string | undefined => {
  if (isOfFolder && !isWithin(dirname(path), token)) return `${path} names token files of its own folder only`;
  if (url === undefined) return undefined;
  const { source } = url;
  const isOwn =
    source.kind === 'file'
      ? source.path === path
      : source.kind !== 'server' && sameOrigin(ownUrl ?? url.value, url.value);
  return isOwn ? undefined : `it is not for ${url.value}`;
};

const ofFiles = (files: readonly ConfigFile[], context: string, name: SettingName): readonly Candidate[] =>
  files.flatMap(({ path, contexts }) => {
    const value = contexts.get(context)?.[name];
    return value === undefined ? [] : [{ value, source: { kind: 'file', path, context } }];
  });

/** The one that counts. */
export const winnerOf = (candidates: readonly Candidate[]): Candidate | undefined =>
  candidates.find(({ passedOver }) => passedOver === undefined);

const contextCandidates = (io: Io, flags: GivenFlags, files: readonly ConfigFile[]): readonly Candidate[] => [
  ...ofFlag('context', flags.context),
  ...ofVariables(io, 'context'),
  ...files.flatMap(({ path, chosen }): readonly Candidate[] =>
    chosen === undefined ? [] : [{ value: chosen, source: { kind: 'file', path, context: null } }],
  ),
];

export const contextUnknown = (name: string, files: readonly ConfigFile[]): CliFailure => {
  const known = [...new Set(files.flatMap(({ contexts }) => [...contexts.keys()]))];
  const where = files.length === 0 ? 'there is no configuration' : `known: ${known.join(', ') || 'none'}`;
  return wrongCall('context_unknown', `no context ${name}`, where);
};

const tokenCandidates = (
  io: Io,
  {
    files,
    context,
    url,
  }: { readonly files: readonly ConfigFile[]; readonly context: string; readonly url: Candidate | undefined },
): readonly Candidate[] =>
  ofFiles(files, context, 'token_file').map((candidate): Candidate => {
    const file = files.find(({ path }) => candidate.source.kind === 'file' && candidate.source.path === path);
    if (file === undefined) return candidate;
    const value = tokenPath(io, file, candidate.value);
    const passedOver = whyNotToken(file, file.contexts.get(context) ?? {}, { token: value, url });
    return { ...candidate, value, ...(passedOver === undefined ? {} : { passedOver }) };
  });

/**
 * Everything that says a setting, nearest first: flag, variable, `./.verdict.yaml`, the file of the person. A context that a
 * flag names counts as a flag, so that a variable that is left over does not lead to another server.
 * @source operations section 11
 */
export const resolveSettings = (io: Io, flags: GivenFlags, local: Candidate | undefined): Resolution => {
  const files = readConfigFiles(io, flags.config);
  const contexts = contextCandidates(io, flags, files);
  const chosen = winnerOf(contexts);
  const context = chosen?.value;
  const isFlagged = chosen?.source.kind === 'flag';
  const isKnown = context === undefined || files.some((file) => file.contexts.has(context));
  const merged = (name: SettingName, flag: string | undefined, filed: readonly Candidate[]): readonly Candidate[] => {
    const variables = ofVariables(io, name);
    return [...ofFlag(name, flag), ...(isFlagged ? [...filed, ...variables] : [...variables, ...filed])];
  };
  const filed = (name: SettingName): readonly Candidate[] =>
    context === undefined ? [] : ofFiles(files, context, name);
  const url = [...merged('url', flags.url, filed('url')), ...(local === undefined ? [] : [local])];
  const tokens = context === undefined ? [] : tokenCandidates(io, { files, context, url: winnerOf(url) });
  return {
    files,
    candidates: {
      context: contexts,
      url,
      token_file: merged('token_file', flags.tokenFile, tokens),
      tenant: merged('tenant', flags.tenant, filed('tenant')),
      output: merged('output', flags.output, filed('output')),
      timeout: merged('timeout', flags.timeout, filed('timeout')),
    },
    unknownContext: context === undefined || isKnown ? undefined : contextUnknown(context, files),
  };
};
