import { type Answer, EVALUATION_FAILED, Moment, NO_SUCH_OVERLOAD, Span, type Value } from './values.js';

const NANOS_PER_MS = 1_000_000n;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339 text with a zone. Its fraction is read as text, since milliseconds would lose it. */
export const momentOf = (text: string): Answer => {
  const found = INSTANT.exec(text);
  const fraction = found?.[1] ?? '';
  const ms = found === null ? NaN : Date.parse(text.replace(fraction, ''));
  if (Number.isNaN(ms)) return EVALUATION_FAILED;
  return new Moment(BigInt(ms) * NANOS_PER_MS + BigInt(fraction.slice(1).padEnd(9, '0')));
};

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  ns: 1n,
};
const DURATION = /^[+-]?(\d{1,12}(\.\d{1,9})?(h|ms|us|ns|m|s))+$/;

/** `1h30m`, `-1.5s`: signed, decimal, units h m s ms us ns. */
export const spanOf = (text: string): Answer => {
  if (text.length > 64 || !DURATION.test(text)) return EVALUATION_FAILED;
  let nanos = 0n;
  for (const [, whole = '0', fraction = '', unit = 's'] of text.matchAll(/(\d+)(?:\.(\d+))?(h|ms|us|ns|m|s)/g)) {
    const scale = UNIT_NANOS[unit] ?? 0n;
    nanos += BigInt(whole) * scale + (BigInt(fraction.padEnd(9, '0')) * scale) / 1_000_000_000n;
  }
  return new Span(text.startsWith('-') ? -nanos : nanos);
};

const DATE_PARTS: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};
const SPAN_UNITS: Readonly<Record<string, string>> = {
  getHours: 'h',
  getMinutes: 'm',
  getSeconds: 's',
  getMilliseconds: 'ms',
};

/** Parts of a time in UTC, months and days of the month counted from 0 as CEL has it; whole units of a length. */
export const partOf = (name: string, value: Value): Answer => {
  if (value instanceof Span) return value.nanos / (UNIT_NANOS[SPAN_UNITS[name] ?? ''] ?? 1n);
  const read = DATE_PARTS[name];
  if (!(value instanceof Moment) || read === undefined) return NO_SUCH_OVERLOAD;
  // Rounded down, so that times before 1970 fall into their own millisecond.
  const ms = (value.nanos - (((value.nanos % NANOS_PER_MS) + NANOS_PER_MS) % NANOS_PER_MS)) / NANOS_PER_MS;
  const part = read(new Date(Number(ms)));
  return Number.isNaN(part) ? EVALUATION_FAILED : BigInt(part);
};
export const TIME_PARTS: readonly string[] = Object.keys(DATE_PARTS);
