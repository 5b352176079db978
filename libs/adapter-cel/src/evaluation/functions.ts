import { parseUsd } from '@verdict/domain';
import type { Meter } from './meter.js';
import { momentOf, partOf, spanOf, TIME_PARTS } from './time.js';
import {
  type Answer,
  EVALUATION_FAILED,
  intOf,
  isInt,
  isList,
  isMap,
  Moment,
  NO_SUCH_OVERLOAD,
  type Value,
} from './values.js';

/** The receiver of a method comes first; no function has more than two arguments. Text work is paid for before it is done. */
export type CelFunction = (first: Value | undefined, second: Value | undefined, meter: Meter) => Answer;

const onText =
  (use: (text: string, meter: Meter) => Answer): CelFunction =>
  (text, _, meter) => {
    if (typeof text !== 'string') return NO_SUCH_OVERLOAD;
    meter.spendOnText(text.length);
    return use(text, meter);
  };
const onTexts =
  (use: (text: string, other: string) => Answer): CelFunction =>
  (text, other, meter) => {
    if (typeof text !== 'string' || typeof other !== 'string') return NO_SUCH_OVERLOAD;
    // A search may compare the whole of one at every place of the other.
    meter.spendOnText(text.length * (1 + Math.floor(other.length / 32)));
    return use(text, other);
  };

const size: CelFunction = (value, _, meter) => {
  if (typeof value === 'string') {
    meter.spendOnText(value.length);
    return BigInt(Array.from(value).length); // Code points, not UTF-16 units.
  }
  if (value === undefined) return NO_SUCH_OVERLOAD;
  if (isList(value)) return BigInt(value.length);
  return isMap(value) ? BigInt(value.size) : NO_SUCH_OVERLOAD;
};

const DECIMAL_INT = /^[+-]?[0-9]{1,19}$/;
const toInt: CelFunction = (value) => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? intOf(BigInt(Math.trunc(value))) : EVALUATION_FAILED;
  if (value instanceof Moment) return value.nanos / 1_000_000_000n;
  if (typeof value !== 'string') return NO_SUCH_OVERLOAD;
  return DECIMAL_INT.test(value) && isInt(BigInt(value)) ? BigInt(value) : EVALUATION_FAILED;
};

const DECIMAL = /^[+-]?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?$/;
const toDouble: CelFunction = (value) => {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value);
  if (typeof value !== 'string') return NO_SUCH_OVERLOAD;
  return DECIMAL.test(value) ? Number(value) : EVALUATION_FAILED;
};

const toText: CelFunction = (value) => {
  if (typeof value === 'string') return value;
  const hasText = typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';
  return hasText ? String(value) : NO_SUCH_OVERLOAD;
};

/** Int micro-USD of a decimal amount with at most 6 places. */
const usd: CelFunction = (value) => {
  if (typeof value !== 'string') return NO_SUCH_OVERLOAD;
  const amount = parseUsd(value, 6);
  return typeof amount === 'bigint' ? intOf(amount) : EVALUATION_FAILED;
};

const identity: CelFunction = (value) => value ?? null;
const timestamp: CelFunction = (value) => {
  if (typeof value === 'bigint') return new Moment(value * 1_000_000_000n);
  return typeof value === 'string' ? momentOf(value) : NO_SUCH_OVERLOAD;
};
const duration: CelFunction = (value) => (typeof value === 'string' ? spanOf(value) : NO_SUCH_OVERLOAD);

/** Called as `name(value)`; all take one argument. */
export const FUNCTIONS: ReadonlyMap<string, CelFunction> = new Map([
  ['size', size],
  ['int', toInt],
  ['double', toDouble],
  ['string', toText],
  ['dyn', identity],
  ['usd', usd],
  ['timestamp', timestamp],
  ['duration', duration],
]);

const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const upperAscii = (text: string): string => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());

const split: CelFunction = (text, separator, meter) => {
  if (typeof text !== 'string' || typeof separator !== 'string') return NO_SUCH_OVERLOAD;
  meter.spend(text.length); // At worst one element per character.
  return text.split(separator);
};

const join: CelFunction = (list, separator = '', meter) => {
  if (list === undefined || !isList(list) || typeof separator !== 'string') return NO_SUCH_OVERLOAD;
  const texts = list.filter((item) => typeof item === 'string');
  if (texts.length < list.length) return NO_SUCH_OVERLOAD;
  meter.spend(texts.length);
  meter.spendOnText(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
};

const parts = TIME_PARTS.map((name): [string, CelFunction] => [`${name}/0`, (value = null) => partOf(name, value)]);

/** Called as `value.name(...)`; keyed by name and count of arguments. */
export const METHODS: ReadonlyMap<string, CelFunction> = new Map<string, CelFunction>([
  ['size/0', size],
  ['startsWith/1', onTexts((text, other) => text.startsWith(other))],
  ['endsWith/1', onTexts((text, other) => text.endsWith(other))],
  ['contains/1', onTexts((text, other) => text.includes(other))],
  ['lowerAscii/0', onText(lowerAscii)],
  ['upperAscii/0', onText(upperAscii)],
  ['trim/0', onText((text) => text.trim())],
  ['split/1', split],
  ['join/0', join],
  ['join/1', join],
  ...parts,
]);
