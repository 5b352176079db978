import { isAbsolute, join, resolve } from 'node:path';
import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { type ConfigFile, type ConfigPlace, readConfigFile } from './config-file.js';

/** What is empty is not given. */
export const given = (text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : text;

/** Where the configuration of a person lies. @source XDG Base Directory Specification: a relative path is passed over */
const userConfigPath = ({ env }: Io): string | undefined => {
  const [base, home] = [given(env['XDG_CONFIG_HOME']), given(env['HOME'])];
  if (base !== undefined && isAbsolute(base)) return join(base, 'verdict', 'config.yaml');
  return home === undefined ? undefined : join(home, '.config', 'verdict', 'config.yaml');
};

const namedConfig = (io: Io, flag: string | undefined): string | undefined =>
  given(flag) ?? given(io.env['VERDICT_CONFIG']);

/** The file that `context use` writes: the one that was named, else that of the person. */
export const ownConfigPath = (io: Io, flag: string | undefined): string => {
  const named = namedConfig(io, flag);
  const path = named === undefined ? userConfigPath(io) : resolve(io.cwd, named);
  if (path === undefined)
    throw wrongCall(
      'config_missing',
      'nowhere to keep a configuration',
      'set HOME or XDG_CONFIG_HOME, or give --config',
    );
  return path;
};

/** A file that was named is the only one. */
const placesOf = (io: Io, flag: string | undefined): readonly ConfigPlace[] => {
  const named = namedConfig(io, flag);
  if (named !== undefined) return [{ path: resolve(io.cwd, named), isOfFolder: false, isNamed: true }];
  const user = userConfigPath(io);
  return [
    { path: join(io.cwd, '.verdict.yaml'), isOfFolder: true, isNamed: false },
    ...(user === undefined ? [] : [{ path: user, isOfFolder: false, isNamed: false }]),
  ];
};

export const readConfigFiles = (io: Io, flag: string | undefined): readonly ConfigFile[] =>
  placesOf(io, flag).flatMap((place) => readConfigFile(place) ?? []);
