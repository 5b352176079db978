import { ROUTES } from '@verdict/contracts';
import type { z } from 'zod';
import { CliFailure, wrongCall } from '../failure.js';
import type { Client } from '../http/client.js';
import { wholeList } from '../http/pages.js';
import { EXIT } from '../io.js';

type Version = z.output<typeof ROUTES.listPolicyVersions.response>['items'][number];

/** Names that need no number; `HEAD~1` and digests are names too. */
export const VERSION_NAMES = ['HEAD', 'in-force', 'champion', 'challenger', 'scheduled'] as const;
export const VERSION_NAMES_HELP = `
A version is its number, or has a name:
  HEAD, in-force, champion  the version in force
  HEAD~N                    the number N before that one
  challenger                the version that is evaluated beside it
  scheduled                 the one that waits for its time; if several do, name its number
  sha256:HEX                the newest version with that text; the first 6 digits or more will do`;

const NUMBER = /^[1-9][0-9]{0,8}$/;
const HEAD = /^(?:in-force|champion|HEAD(?:~(0|[1-9][0-9]{0,8}))?)$/;
const STATUS = /^(challenger|scheduled)$/;
const DIGEST = /^sha256:([0-9a-f]{6,64})$/;

/** What a command knows of the versions: read once, so that all its names speak of the same ones. */
interface Known {
  readonly inForce: number;
  readonly versions: readonly Version[];
}

/** The server was asked, and there is no such version: as for a number that there is not. */
const unknown = (title: string): CliFailure =>
  new CliFailure(EXIT.refused, { code: 'not_found', title, retry: 'never', idempotencyKey: null });

const before = (name: string, back: string | undefined, { inForce }: Known): number => {
  const number = inForce - Number(back ?? 0);
  if (number < 1) throw wrongCall('version_invalid', `${name} lies before version 1`);
  return number;
};

const withStatus = (name: string, { versions }: Known): number => {
  const [found, ...others] = versions.filter(({ status }) => status === name);
  if (found === undefined) throw unknown(`no version is ${name === 'challenger' ? 'a challenger' : name}`);
  if (others.length === 0) return found.version;
  const numbers = [found, ...others].map(({ version }) => String(version)).join(', ');
  throw wrongCall('version_ambiguous', `several versions are ${name}: ${numbers}`, 'name the number of one');
};

/** Several versions may have one text, as after a rollback; several texts are too many. */
const withDigest = (name: string, digits: string, { versions }: Known): number => {
  const found = versions.filter(({ document_sha256: sha256 }) => sha256.startsWith(digits));
  if (found.length === 0) throw unknown(`no version has a text whose digest is ${name}`);
  if (new Set(found.map(({ document_sha256: sha256 }) => sha256)).size === 1)
    return Math.max(...found.map(({ version }) => version));
  const numbers = found.map(({ version }) => String(version)).join(', ');
  throw wrongCall(
    'version_ambiguous',
    `${name} begins the digests of several texts: versions ${numbers}`,
    'add digits',
  );
};

const isName = (name: string): boolean => [NUMBER, HEAD, STATUS, DIGEST].some((form) => form.test(name));
const needsList = (name: string): boolean => STATUS.test(name) || DIGEST.test(name);

const numberOf = (name: string, known: Known): string => {
  if (NUMBER.test(name)) return name;
  const head = HEAD.exec(name);
  if (head !== null) return String(before(name, head[1], known));
  const [, digits] = DIGEST.exec(name) ?? [];
  return String(digits === undefined ? withStatus(name, known) : withDigest(name, digits, known));
};

const inForceOf = (versions: readonly Version[]): number => versions.find((each) => each.in_force)?.version ?? 0;

const knownFor = async (client: Client, names: readonly string[]): Promise<Known> => {
  if (names.some(needsList)) {
    const { items } = await wholeList(client, ROUTES.listPolicyVersions);
    return { inForce: inForceOf(items), versions: items };
  }
  const isHeadMeant = names.some((name) => HEAD.test(name));
  return { inForce: isHeadMeant ? (await client.send(ROUTES.getPolicy)).value.version : 0, versions: [] };
};

/** Throws for what can be no name of a version, before anybody is asked. */
export const checkVersionNames = (names: readonly string[]): void => {
  const wrong = names.find((name) => !isName(name));
  if (wrong !== undefined)
    throw wrongCall(
      'version_invalid',
      `no number and no name of a version: ${wrong}`,
      `a number, ${VERSION_NAMES.join(', ')}, HEAD~N, or sha256: and 6 digits or more`,
    );
};

/**
 * The numbers of the versions that are named, in their order. Asks the server only where a name is not a number already.
 *
 * @throws CliFailure: 2 for what is no name of a version or names several, 4 for what names none.
 */
export const versionNumbers = async (client: Client, names: readonly string[]): Promise<readonly string[]> => {
  checkVersionNames(names);
  const known = await knownFor(client, names);
  return names.map((name) => numberOf(name, known));
};

/** The parameters of a path that names one version. */
export const versionParams = async (client: Client, name: string): Promise<{ readonly version: string }> => {
  const [version = ''] = await versionNumbers(client, [name]);
  return { version };
};
