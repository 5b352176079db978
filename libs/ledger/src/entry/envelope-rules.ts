import { isJsonObject, pointerStep } from '../json/json-value.js';
import type { JsonValue } from '../json/json-value.js';

export interface EnvelopeProblem {
  readonly code: 'member_missing' | 'member_unknown' | 'member_invalid' | 'not_nfc';
  /** JSON pointer within the envelope. */
  readonly pointer: string;
}

type Rule = (value: JsonValue) => boolean;

const INSTANT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)\.\d{3}Z$/;
const ORIGIN = /^[^\s+/]+(\/[^\s+/]+)+$/u;
const TYPE = /^[a-z][a-z0-9_]{0,127}$/;
const UUID_V5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const KIND = /^[a-z][a-z0-9-]{0,63}$/;
const NOT_ASCII = /[^\u0020-\u007e]/;
const ACTOR_KINDS: readonly JsonValue[] = ['user', 'service', 'system'];

const matches =
  (pattern: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const isIntegerFrom =
  (least: number): Rule =>
  (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
const isText: Rule = (value) => typeof value === 'string' && value !== '';
const isTextOrNull: Rule = (value) => value === null || typeof value === 'string';
const isArrayOf =
  (rule: Rule): Rule =>
  (value) =>
    Array.isArray(value) && (value as readonly JsonValue[]).every(rule);
const hasExactly = (rules: Readonly<Record<string, Rule>>): Rule => {
  const members = Object.entries(rules);
  return (value) =>
    isJsonObject(value) &&
    Object.keys(value).length === members.length &&
    members.every(([key, rule]) => Object.hasOwn(value, key) && rule(value[key] ?? null));
};

const isObserved: Rule = (value) =>
  isJsonObject(value) && Object.entries(value).every(([kind, seen]) => KIND.test(kind) && isIntegerFrom(-1)(seen));

const RULES: Readonly<Record<string, Rule>> = {
  actor: hasExactly({ id: isText, kind: (kind) => ACTOR_KINDS.includes(kind), roles: isArrayOf(isText) }),
  causes: isArrayOf(
    hasExactly({ leaf_hash: matches(SHA256_HEX), origin: matches(ORIGIN), revision: isIntegerFrom(0) }),
  ),
  command_id: isText,
  correlation_id: isTextOrNull,
  id: matches(UUID_V5),
  observed: isObserved,
  occurred_at: matches(INSTANT),
  origin: matches(ORIGIN),
  payload_sha256: matches(SHA256_HEX),
  recorded_at: matches(INSTANT),
  revision: isIntegerFrom(0),
  traceparent: isTextOrNull,
  type: matches(TYPE),
  type_v: isIntegerFrom(1),
  v: (version) => version === 1,
};
const MEMBERS = Object.keys(RULES);

/**
 * Every way in which an envelope breaks the table of ledger format section 1: missing, unknown or malformed members,
 * and identifiers that are not in Unicode normal form C. Empty when it is well-formed.
 *
 * @param text the canonical text of the envelope; one of ASCII alone has nothing to normalise.
 */
export const envelopeProblems = (envelope: object, text: string): readonly EnvelopeProblem[] => {
  const members = envelope as Readonly<Record<string, JsonValue>>;
  const problems: EnvelopeProblem[] = [];
  for (const key of MEMBERS) {
    const value = members[key];
    if (value === undefined) problems.push({ code: 'member_missing', pointer: pointerStep(key) });
    else if (RULES[key]?.(value) !== true) problems.push({ code: 'member_invalid', pointer: pointerStep(key) });
  }
  for (const key of Object.keys(members)) {
    if (!Object.hasOwn(RULES, key)) problems.push({ code: 'member_unknown', pointer: pointerStep(key) });
  }
  if (NOT_ASCII.test(text)) collectNotNfc(members, '', problems);
  return problems;
};

/** Two spellings of one name must not be two names: every text of the envelope identifies something. */
const collectNotNfc = (value: JsonValue, pointer: string, problems: EnvelopeProblem[]): void => {
  if (typeof value === 'string') {
    if (value.normalize('NFC') !== value) problems.push({ code: 'not_nfc', pointer });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value as Readonly<Record<string, JsonValue>>)) {
      collectNotNfc(member, pointer + pointerStep(key), problems);
    }
  }
};
