import {
  approvalIdOf,
  budgetIdOf,
  type BudgetScope,
  type CreditScope,
  decisionIdOf,
  type HourlyUsdText,
  type Instant,
  sha256Of,
  usdTextOf,
} from '@verdict/domain';
import { z } from 'zod';

// Entries hold canonical text: each scalar has one spelling, so reading changes nothing but its type.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const DecisionId = z.string().regex(UUID).transform(decisionIdOf).meta({ description: 'id of a decision' });
export const ApprovalId = z.string().regex(UUID).transform(approvalIdOf).meta({ description: 'id of an approval' });
export const BudgetId = z.string().regex(UUID).transform(budgetIdOf).meta({ description: 'id of a budget' });

export const EntryId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  .meta({ description: 'UUIDv5 of origin, command and ordinal: the same however often it is sent' });
export const Origin = z
  .string()
  .regex(/^[^\s+/]+(\/[^\s+/]+)+$/)
  .meta({
    description: 'checkpoint origin of a journal: `<log host>/<tenant>/<kind>`',
    examples: ['log.example.com/acme/decisions'],
  });

/** RFC 3339, UTC, milliseconds. @source ledger format section 1 */
export const InstantText = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)\.\d{3}Z$/)
  .transform((text) => text as Instant)
  .meta({ description: 'RFC 3339, UTC, with milliseconds', examples: ['2026-11-22T02:13:17.000Z'] });

/** Monthly money. @source contract section 3 */
export const Usd = z
  .string()
  .regex(/^-?(0|[1-9]\d*)\.\d{4}$/)
  .transform(usdTextOf)
  .meta({ description: 'USD as decimal text with exactly 4 decimal places', examples: ['125.5000'] });
/** Hourly money. @source contract section 3 */
export const HourlyUsd = z
  .string()
  .regex(/^-?(0|[1-9]\d*)\.\d{6}$/)
  .transform((text) => text as HourlyUsdText)
  .meta({ description: 'USD an hour as decimal text with exactly 6 decimal places', examples: ['0.170000'] });

/** Hex text of SHA-256, lower case. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform(sha256Of)
  .meta({ description: 'SHA-256, 64 lower-case hex digits' });

/** A number of things, or seconds: 0 or more. */
export const Count = z.int().min(0);
/** Versions and generations: 1, 2, 3 ... */
export const Ordinal = z.int().min(1);

export const ScopeText = z
  .string()
  .regex(/^(tenant|project:.+)$/)
  .transform((text) => text as BudgetScope)
  .meta({
    description: '`tenant`, `project:<id>` or `project:<id>/env:<class>`',
    examples: ['tenant', 'project:web/env:prod'],
  });

export const CreditScopeText = z
  .string()
  .regex(/^(tenant|project:.+)$/)
  .transform((text) => text as CreditScope)
  .meta({ description: '`tenant` or `project:<id>`' });

/** Money set aside is named by its account: `budget:<id>`, `ceiling:plan`, `ceiling:enterprise`, `overage:<decision id>`, `credit:<id>`. */
export const Account = z
  .string()
  .min(1)
  .meta({ examples: ['ceiling:plan'] });

/** Codes of contract section 17: a later release may record one that an earlier one does not know. */
export const Code = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/)
  .meta({ description: 'a code of a list that only grows', examples: ['within_policy'] });

/** What makes a repeated command recognisable. */
export const Keyed = z
  .object({ key: z.string().nullable(), payload_hash: Sha256 })
  .meta({ id: 'Idempotency', description: 'the key that the caller sent, if any, and the hash of what it asked' });

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]*$/);
/** Personal text in the only form that a log holds. @source ledger format section 1 */
export const Sealed = z
  .strictObject({ $sealed: z.strictObject({ kid: z.string(), iv: Base64Url, ct: Base64Url, tag: Base64Url }) })
  .meta({
    id: 'Sealed',
    description:
      'Text of a person, AES-256-GCM under the key `kid` of that person; additional data is the entry id, then the JSON pointer of this member in the payload. Once the key is destroyed nobody reads it, and every hash still holds.',
  });
