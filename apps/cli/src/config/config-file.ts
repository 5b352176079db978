import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type CliFailure, wrongCall } from '../failure.js';
import { codeOf, decodeText, unreadable } from '../input/input-file.js';
import { ConfigShape, type Context, SETTINGS } from './context.js';

/** A configuration file as it was read. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** Its own folder may be somebody else's work: what it names is believed less. */
  readonly isOfFolder: boolean;
  /** The context that it has chosen. */
  readonly chosen: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
}

export interface ConfigPlace {
  readonly path: string;
  readonly isOfFolder: boolean;
  /** Somebody named this file: it has to be there. */
  readonly isNamed: boolean;
}

const SECRET_NAME = /token|secret|password|passwd|bearer|key|credential/i;
const SECRET_ADVICE =
  'a secret is never a value in a configuration: write it to a file of mode 600 and name that as token_file';

interface Text {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** The line of a member's name, or of the nearest thing around it. */
const lineOf = (text: Text, path: readonly PropertyKey[]): number => {
  const [name, around] = [path.at(-1), path.slice(0, -1)];
  if (name === undefined) return 1;
  const map = around.length === 0 ? text.document.contents : text.document.getIn(around, true);
  const pair = isMap(map)
    ? map.items.find(({ key }) => isScalar(key) && String(key.value) === String(name))
    : undefined;
  const offset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  return offset === undefined ? lineOf(text, around) : text.lines.linePos(offset).line;
};

const invalid = (path: string, line: number, detail: string): CliFailure =>
  wrongCall('config_invalid', `${path} is not a configuration`, `line ${String(line)}: ${detail}`);

const pointerOf = (path: readonly PropertyKey[]): string => path.map((key) => `/${String(key)}`).join('');

const isSecret = (issue: z.core.$ZodIssue, name: string | undefined): boolean =>
  name === undefined ? issue.code === 'custom' && issue.params?.['isSecret'] === true : SECRET_NAME.test(name);

/** Names what is wrong and where; never a value, since it may be a secret at the wrong place. */
const defectOf = (path: string, text: Text, issue: z.core.$ZodIssue): CliFailure => {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const place = unknown === undefined ? issue.path : [...issue.path, unknown];
  const line = lineOf(text, place);
  if (isSecret(issue, unknown))
    return wrongCall(
      'config_holds_secret',
      `${path} holds a secret`,
      `line ${String(line)}: ${pointerOf(place)}: ${SECRET_ADVICE}`,
    );
  const known = issue.path.length === 0 ? 'context and contexts' : SETTINGS.join(', ');
  const expected = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return invalid(path, line, `${pointerOf(place)}: ${unknown === undefined ? expected : `expected ${known}`}`);
};

/** The document of a text that is YAML, with its comments. */
export const yamlOf = (path: string, text: string): Text => {
  const lines = new LineCounter();
  // Pretty errors show the line, and a secret may be on it.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw invalid(path, lines.linePos(error.pos[0]).line, `expected YAML: ${error.message}`);
  return { document, lines };
};

const readBytes = ({ path, isNamed }: ConfigPlace): Uint8Array | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && !isNamed) return undefined;
    throw unreadable(path, error);
  }
};

/** Reads a configuration file; undefined: it is not there, and nobody has named it. An empty file says nothing. */
export const readConfigFile = (place: ConfigPlace): ConfigFile | undefined => {
  const bytes = readBytes(place);
  if (bytes === undefined) return undefined;
  const { path, isOfFolder } = place;
  const text = yamlOf(path, bytes.length === 0 ? '' : decodeText(bytes, path));
  const read = ConfigShape.safeParse(text.document.toJS({ maxAliasCount: 0 }) ?? {});
  const [issue] = read.error?.issues ?? [];
  if (issue !== undefined) throw defectOf(path, text, issue);
  const { context, contexts = {} } = read.data ?? {};
  return { path, isOfFolder, chosen: context, contexts: new Map(Object.entries(contexts)) };
};
