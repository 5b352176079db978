import { isRawObject, memberOf, type RawJson } from '@verdict/domain';
import { parse, YAMLParseError } from 'yaml';
import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { decodeText, parseJsonInput, readInput } from './input-file.js';
import { jsonTextOf } from './json-text.js';

export interface RuleFile {
  readonly id: string;
  /** JSON text of the rule. */
  readonly text: string;
}

const BYTES_MAX = 64 * 1024;

/** YAML becomes JSON first, so that one strict reader has the last word. */
const asJson = (bytes: Uint8Array, path: string): Uint8Array => {
  const text = decodeText(bytes, path);
  if (text.trimStart().startsWith('{')) return bytes;
  try {
    const value: unknown = parse(text, { maxAliasCount: 0 });
    return Buffer.from(JSON.stringify(value ?? null));
  } catch (error) {
    if (!(error instanceof YAMLParseError || error instanceof ReferenceError)) throw error;
    throw wrongCall('rule_invalid', `${path} is neither JSON nor YAML`, error.message);
  }
};

const idOf = (rule: RawJson): string | undefined => {
  const id = isRawObject(rule) ? memberOf(rule, 'id') : undefined;
  return typeof id === 'string' && id !== '' ? id : undefined;
};

/** Reads one rule of contract section 8.4 from JSON or YAML. What is wrong in it beside its name is for validation to say. */
export const readRuleFile = async (io: Io, path: string): Promise<RuleFile> => {
  const bytes = await readInput(io, path);
  if (bytes.length > BYTES_MAX)
    throw wrongCall('file_too_large', `${path} is larger than 64 KiB: one rule is expected`);
  const rule = parseJsonInput(asJson(bytes, path), path);
  const id = idOf(rule);
  if (id === undefined)
    throw wrongCall(
      'rule_invalid',
      `${path} is not one rule: it must be an object with an id`,
      'see --help for an example',
    );
  return { id, text: jsonTextOf(rule) };
};
