import { type CreditScope, WAIVABLE_CODES } from '@verdict/domain';
import { z } from 'zod';
import { listOf } from './pages.js';
import { EntryReference } from './policy.js';
import {
  IdempotencyKey,
  InstantAnswer,
  InstantText,
  MonthlyUsd,
  name,
  PositiveUsd,
  ProjectId,
  text,
  UsdAnswer,
  UuidText,
} from './scalars.js';

const CREDIT_SCOPE = /^(tenant|project:[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127})$/;
const CreditScopeText = z
  .string()
  .regex(CREDIT_SCOPE, 'tenant or project:<id>')
  .refine((scope) => !scope.includes('/env:'), 'credits are for a tenant or a project')
  .transform((scope) => scope as CreditScope)
  .meta({ examples: ['tenant', 'project:web'] });

const CreditAmount = MonthlyUsd.refine((amount) => amount > 0n, {
  message: 'must be above 0',
  params: { code: 'money_out_of_range' },
});

const Pool = z.enum(['reserved', 'emergency']);
/** POST /credits. @source contract section 9.2 */
export const GrantCreditBody = z
  .strictObject({
    pool: Pool,
    scope: CreditScopeText,
    total_amount_usd: CreditAmount,
    priority: z.int().min(0).max(1000).default(100),
    expires_at: InstantText.optional(),
    reason: text(1, 1000),
    owner: name(1, 128).optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'CreditInput' });
export const CreditIdParams = z.strictObject({ credit_id: UuidText });
export const RevokeBody = z.strictObject({ idempotency_key: IdempotencyKey.optional() });

const written = { replayed: z.boolean().optional(), entry: EntryReference.nullable().optional() };
export const CreditAnswer = z
  .strictObject({
    credit_id: UuidText,
    pool: Pool,
    scope: z.string(),
    status: z.enum(['active', 'expired', 'revoked']),
    total_amount_usd: UsdAnswer,
    consumed_usd: UsdAnswer,
    held_usd: UsdAnswer,
    available_usd: UsdAnswer,
    priority: z.int(),
    expires_at: InstantAnswer.nullable(),
    reason: z.string(),
    owner: z.string().nullable(),
    granted_by: z.string(),
    granted_at: InstantAnswer,
    ...written,
  })
  .meta({ id: 'Credit' });
export const CreditsAnswer = listOf(CreditAnswer).meta({ id: 'Credits' });

const RuleName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a rule id or a code');
const MaxDelta = PositiveUsd;
/** POST /exceptions: a waiver. @source contract section 8.5 */
export const GrantWaiverBody = z
  .strictObject({
    scope: z
      .strictObject({
        project: ProjectId.optional(),
        environment_class: name(1, 32).optional(),
        source: z.enum(['terraform', 'k8s_admission', 'cloud_event']).optional(),
        resource_prefix: name(1, 512).optional(),
      })
      .default({}),
    waives: z
      .array(RuleName)
      .min(1)
      .max(64)
      .meta({ description: `rule ids, or ${WAIVABLE_CODES.join(', ')}` }),
    max_monthly_delta_usd: MaxDelta.optional(),
    max_uses: z.int().min(1).max(1_000_000).optional(),
    owner: name(1, 128),
    reason: text(1, 1000),
    ticket: name(1, 128),
    expires_at: InstantText,
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'WaiverInput' });
export const WaiverIdParams = z.strictObject({ exception_id: UuidText });
const ANY_EXCEPTION =
  /^(?:(?:overage|overrun):)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?::[1-9][0-9]{0,5})?$/;
export const AnyExceptionIdParams = z.strictObject({ exception_id: z.string().regex(ANY_EXCEPTION) });
export const WaiverAnswer = z
  .strictObject({
    exception_id: UuidText,
    version: z.int().meta({ description: 'what its ETag quotes' }),
    kind: z.literal('waiver'),
    status: z.enum(['active', 'expired', 'revoked', 'used_up']),
    scope: z.strictObject({
      project: z.string().nullable(),
      environment_class: z.string().nullable(),
      source: z.string().nullable(),
      resource_prefix: z.string().nullable(),
    }),
    waives: z.array(z.string()),
    max_monthly_delta_usd: UsdAnswer.nullable(),
    max_uses: z.int().nullable(),
    uses: z.int(),
    owner: z.string(),
    reason: z.string(),
    ticket: z.string(),
    expires_at: InstantAnswer,
    granted_by: z.string(),
    granted_at: InstantAnswer,
    ...written,
    warnings: z
      .array(z.strictObject({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'when it is granted: the rule ids that no policy in force or to come has' }),
  })
  .meta({ id: 'Waiver' });
export const OverageAnswer = z
  .strictObject({
    exception_id: z.string().meta({ description: '`overage:<decision id>`' }),
    kind: z.literal('overage'),
    decision_id: UuidText,
    approval_id: UuidText,
    limit_usd: UsdAnswer.meta({ description: 'the part of that decision which nothing funds' }),
    held_usd: UsdAnswer,
    spent_usd: UsdAnswer,
    granted_at: InstantAnswer,
  })
  .meta({ id: 'Overage' });
export const OverrunAnswer = z
  .strictObject({
    exception_id: z
      .string()
      .meta({ description: '`overrun:<decision id>`, `:2` behind it where a correction found more' }),
    kind: z.literal('overrun'),
    decision_id: UuidText,
    status: z.enum(['open', 'resolved']),
    expected_usd: UsdAnswer,
    actual_usd: UsdAnswer,
    amount_usd: UsdAnswer.meta({ description: 'the part of the actual that neither the hold nor any headroom covers' }),
    owner: z.string(),
    resolution: z.enum(['accepted', 'corrected', 'not_applied', 'disputed']).nullable(),
    opened_at: InstantAnswer,
    due_at: InstantAnswer,
  })
  .meta({ id: 'Overrun' });
export const AnyExceptionAnswer = z
  .discriminatedUnion('kind', [WaiverAnswer, OverageAnswer, OverrunAnswer])
  .meta({ id: 'Exception' });
export const ExceptionsAnswer = listOf(AnyExceptionAnswer).meta({ id: 'Exceptions' });
