import {
  type ApprovalId,
  type BudgetId,
  type DecisionId,
  type Instant,
  isMoney,
  jcsText,
  type MicroUsd,
  NumberToken,
  parseNumberToken,
  parseUsd,
} from '@verdict/domain';
import { z } from 'zod';
import { finiteNumberOf } from './wire.js';

const moneyOf = (value: unknown, places: 4 | 6) => {
  if (typeof value === 'string') return parseUsd(value, places);
  if (value instanceof NumberToken) return parseNumberToken(value.text, places);
  if (typeof value === 'number') return parseNumberToken(String(value), places);
  return 'money_invalid' as const;
};

const DETAILS = {
  money_invalid: 'an amount is a decimal such as "125.5" or "-300"',
  money_too_precise: 'too many decimal places',
  money_not_exact: 'send this amount as text: a JSON number of that form is not exact',
  money_out_of_range: 'beyond +-1000000000000',
} as const;

const money = (places: 4 | 6) =>
  z
    .unknown()
    .transform((value, context): MicroUsd => {
      const amount = moneyOf(value, places);
      if (isMoney(amount)) return amount;
      context.addIssue({ code: 'custom', message: DETAILS[amount], params: { code: amount } });
      return z.NEVER;
    })
    .meta({
      type: ['string', 'number'],
      description: `USD, at most ${String(places)} decimal places; as text or as a JSON number of at most 15 digits`,
      examples: ['125.5'],
    });

/** Monthly money of a request, in micro-USD once read. @source contract section 3 */
export const MonthlyUsd = money(4);
/** Hourly money of a request, in micro-USD once read. */
export const HourlyUsd = money(6);
/** Money that may not be negative: limits, ceilings, thresholds. */
export const PositiveUsd = money(4).refine((amount) => amount >= 0n, {
  message: 'must not be negative',
  params: { code: 'money_out_of_range' },
});

/** Money of an answer: decimal text, 4 or 6 places. */
export const UsdAnswer = z
  .string()
  .regex(/^-?\d+\.\d{4}$/)
  .meta({ examples: ['125.5000'] });
export const HourlyUsdAnswer = z
  .string()
  .regex(/^-?\d+\.\d{6}$/)
  .meta({ examples: ['0.170000'] });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const id = <Id>() =>
  z
    .string()
    .regex(UUID, 'an id is a lower-case UUID')
    .transform((text) => text as Id);
export const DecisionIdText = id<DecisionId>();
export const ApprovalIdText = id<ApprovalId>();
export const BudgetIdText = id<BudgetId>();
export const UuidText = z.string().regex(UUID);

const INSTANT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z$/;
const DAY_CHARACTERS = 10;
/** UTC instant; seconds or milliseconds, stored with milliseconds. */
export const InstantText = z
  .string()
  .regex(INSTANT, 'a UTC instant such as 2026-11-22T10:00:00.000Z')
  .transform((sent, context): Instant => {
    const instant = new Date(sent).toISOString();
    // A `Date` takes February 30 for March 2.
    if (instant.slice(0, DAY_CHARACTERS) === sent.slice(0, DAY_CHARACTERS)) return instant as Instant;
    context.addIssue({ code: 'custom', message: 'there is no such day' });
    return z.NEVER;
  });
export const InstantAnswer = z.string().meta({ format: 'date-time' });

/** Text without control characters; lengths in code points, NFC where it identifies something. */
export const text = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .refine(
      (value) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value),
      'control characters are not allowed',
    );
/** Text that names something: also one line, and in Unicode normal form C. */
export const name = (min: number, max: number) =>
  text(min, max)
    .refine((value) => !/[\n\r\t]/.test(value), 'line breaks are not allowed')
    .refine((value) => value.normalize('NFC') === value, 'names are in Unicode normal form C');
const unlessEmpty = (sent: string): string | undefined => (sent === '' ? undefined : sent);
/** What somebody has to say about a request. Empty says nothing: it is as if it had not been sent. @source contract sections 5.1, 11.2 */
export const remark = (max: number) => text(0, max).transform(unlessEmpty).optional();
/** Where the request is discussed; empty is as if it had not been sent. */
export const Ticket = name(0, 128).transform(unlessEmpty).optional();

export const ProjectId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/, 'letters, digits and ._:/@- (at most 128)')
  .refine((value) => !value.includes('/env:'), '"/env:" separates a project from its environment class');
const QUOTED = /^"(.*)"$/s;
/**
 * A caller's key, of the header or the body. One pair of quotes around it is spelling (a header may be a string of RFC 9651):
 * quoted or not, it is one key. @source contract section 1
 */
export const IdempotencyKey = z
  .string()
  .transform((sent) => QUOTED.exec(sent)?.[1] ?? sent)
  .pipe(z.string().regex(/^[\x21-\x7e]{4,128}$/, '4 to 128 visible ASCII characters'))
  .meta({ pattern: '^([\\x21-\\x7e]{4,128}|"[\\x21-\\x7e]{4,128}")$' });
export const Sha256Text = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 as 64 lower-case hex digits');

/** A whole number in a path or query: plain digits, nothing that only a number parser would take. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `from ${String(least)} to ${String(most)}`)
    .meta({ type: 'integer', minimum: least, maximum: most });

const METADATA_DEPTH_MAX = 8;
const METADATA_BYTES_MAX = 64 * 1024;
const depthOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null || value instanceof NumberToken) return 0;
  return 1 + Object.values(value).reduce<number>((deepest, each) => Math.max(deepest, depthOf(each)), 0);
};
const withNumbers = (value: unknown): unknown => {
  if (value instanceof NumberToken) return finiteNumberOf(value) ?? value;
  return typeof value === 'object' && value !== null ? membersWithNumbers(value) : value;
};
const membersWithNumbers = (value: object): object =>
  Array.isArray(value)
    ? value.map(withNumbers)
    : Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withNumbers(each)]));
const holdsToken = (value: unknown): boolean =>
  value instanceof NumberToken ||
  (typeof value === 'object' && value !== null && Object.values(value).some(holdsToken));

/** Free facts about a change, kept as their RFC 8785 text so that decimals are legal in it. @source contract section 5.1 */
export const Metadata = z
  .unknown()
  .transform((value, context): string => {
    const refuse = (code: string, message: string): never => {
      context.addIssue({ code: 'custom', message, params: { code } });
      return z.NEVER;
    };
    if (value === undefined) return '{}';
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberToken) {
      return refuse('validation_failed', 'metadata is an object');
    }
    if (depthOf(value) > METADATA_DEPTH_MAX) return refuse('metadata_too_large', 'metadata is nested at most 8 deep');
    const exact = holdsToken(value) ? membersWithNumbers(value) : value;
    if (holdsToken(exact)) return refuse('validation_failed', 'numbers are finite, of at most 15 significant digits');
    const canonical = jcsText(exact); // Just checked, member by member.
    return Buffer.byteLength(canonical) > METADATA_BYTES_MAX
      ? refuse('metadata_too_large', 'metadata is at most 64 KiB')
      : canonical;
  })
  .meta({ type: 'object', additionalProperties: true });
