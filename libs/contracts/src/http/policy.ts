import type { BudgetScope } from '@verdict/domain';
import { z } from 'zod';
import { listOf } from './pages.js';
import { PolicyDocumentInput } from './policy-document.js';
import {
  IdempotencyKey,
  InstantAnswer,
  InstantText,
  name,
  PositiveUsd,
  ProjectId,
  Sha256Text,
  text,
  UsdAnswer,
  UuidText,
} from './scalars.js';

const publication = {
  message: text(1, 1000),
  effective_from: InstantText.optional(),
  rollout: z.strictObject({ cohort_percent: z.int().min(1).max(100), salt: name(1, 64) }).optional(),
  role: z.enum(['active', 'challenger']).default('active'),
  idempotency_key: IdempotencyKey.optional(),
};
export const PublishPolicyBody = z.strictObject({ document: PolicyDocumentInput, ...publication });
export const ValidatePolicyBody = z.strictObject({ document: PolicyDocumentInput });
/** The same with the document left as it was read: `readPolicy` finds all its defects at once. */
export const PublishPolicyEnvelope = z.strictObject({ document: z.unknown(), ...publication });
export const ValidatePolicyEnvelope = z.strictObject({ document: z.unknown() });
export const RolloutBody = z.strictObject({
  cohort_percent: z.int().min(1).max(100),
  idempotency_key: IdempotencyKey.optional(),
});
export const CancelVersionBody = z.strictObject({ idempotency_key: IdempotencyKey.optional() });
export const RollBackPolicyBody = z.strictObject({
  to_version: z.int().min(1),
  message: text(1, 1000),
  idempotency_key: IdempotencyKey.optional(),
});
const ENTRY = z
  .strictObject({ origin: z.string(), revision: z.int(), leaf_hash: Sha256Text })
  .meta({ id: 'EntryReference' });
export const EntryReference = ENTRY;

export const PolicyVersionAnswer = z
  .strictObject({
    version: z.int(),
    document: z.looseObject({}),
    document_sha256: Sha256Text,
    message: z.string(),
    author: z.string(),
    published_at: InstantAnswer,
    effective_from: InstantAnswer,
    rolled_back_to: z.int().nullable(),
    role: z.enum(['active', 'challenger']),
    rollout: z.strictObject({ cohort_percent: z.int(), salt: z.string() }).nullable(),
    status: z.enum(['in_force', 'scheduled', 'rolling_out', 'challenger', 'superseded', 'cancelled']),
    in_force: z.boolean(),
    unchanged: z.boolean().optional(),
    replayed: z.boolean().optional(),
    entry: ENTRY.nullable().optional(),
  })
  .meta({ id: 'PolicyVersion' });
export const PolicyVersionsAnswer = listOf(PolicyVersionAnswer).meta({ id: 'PolicyVersions' });
const Finding = z.strictObject({ pointer: z.string(), code: z.string(), detail: z.string() });
/** Of a defective document only the errors are known. */
export const ValidatePolicyAnswer = z
  .strictObject({
    valid: z.boolean(),
    document: z.looseObject({}).nullable(),
    document_sha256: Sha256Text.nullable(),
    errors: z.array(Finding),
    warnings: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })),
    loosens: z.array(z.string()).meta({ description: 'paths that let more pass than the policy in force' }),
    tightens: z.array(z.string()),
  })
  .meta({ id: 'PolicyValidation' });
const AnyJson = z
  .unknown()
  .meta({ type: ['object', 'array', 'string', 'number', 'boolean', 'null'], description: 'what stands there' });
export const PolicyDiffAnswer = z
  .strictObject({
    from_version: z.int(),
    to_version: z.int(),
    changes: z.array(
      z.strictObject({
        op: z.enum(['add', 'remove', 'replace']),
        path: z.string(),
        from: AnyJson.optional(),
        to: AnyJson.optional(),
      }),
    ),
    loosens: z.array(z.string()),
    tightens: z.array(z.string()),
  })
  .meta({ id: 'PolicyDiff' });

const SCOPE = /^(tenant|project:[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}(\/env:[a-z][a-z0-9_-]{0,31})?)$/;
const SCOPE_FORMS = 'tenant, project:<id> or project:<id>/env:<class>';
const CLASS_AT_END = /\/env:[a-z][a-z0-9_-]{0,31}$/;
const Scope = z
  .string()
  .regex(SCOPE, SCOPE_FORMS)
  // No id of a project has `/env:` in it: with a class that is none, nothing would ever be charged there.
  .refine((scope) => !scope.replace(CLASS_AT_END, '').includes('/env:'), { message: SCOPE_FORMS })
  .transform((scope) => scope as BudgetScope);
const budgetTerms = {
  limit_usd: PositiveUsd,
  months_charged: z.int().min(1).max(12).optional(),
  owner: name(1, 128).optional(),
  active: z.boolean().optional(),
  credit_savings: z.boolean().optional(),
  alert_percents: z.array(z.int().min(1).max(1000)).max(10).optional(),
  idempotency_key: IdempotencyKey.optional(),
};
export const CloseBudgetBody = z.strictObject({ idempotency_key: IdempotencyKey.optional() });
export const CreateBudgetBody = z.strictObject({
  scope: Scope,
  period: z.enum(['month', 'quarter', 'year', 'total']).default('month'),
  basis: z.enum(['allocation', 'forecast']).default('allocation'),
  ...budgetTerms,
});
export const UpdateBudgetBody = z.strictObject({
  ...budgetTerms,
  when_committed: z.enum(['refuse', 'ratchet']).default('refuse'),
});
export const BudgetAnswer = z
  .strictObject({
    budget_id: UuidText,
    version: z.int(),
    scope: z.string(),
    period: z.enum(['month', 'quarter', 'year', 'total']),
    limit_usd: UsdAnswer,
    effective_limit_usd: UsdAnswer,
    months_charged: z.int(),
    owner: z.string().nullable(),
    active: z.boolean(),
    basis: z.enum(['allocation', 'forecast']),
    credit_savings: z.boolean(),
    alert_percents: z.array(z.int()),
    spent_usd: UsdAnswer,
    held_usd: UsdAnswer,
    headroom_usd: UsdAnswer,
    set_by: z.string(),
    set_at: InstantAnswer,
    replayed: z.boolean().optional(),
    entry: ENTRY.nullable().optional(),
  })
  .meta({ id: 'Budget' });
export const BudgetsAnswer = listOf(BudgetAnswer).meta({ id: 'Budgets' });

export const PriceBookBody = z
  .looseObject({ format: z.literal('verdict.price-book.v1'), idempotency_key: IdempotencyKey.optional() })
  .meta({ id: 'PriceBookInput' });
/** The key alone: all else of the body is read by `readPriceBook`. */
export const PriceBookKey = z.looseObject({ idempotency_key: IdempotencyKey.optional() });
export const PriceBookAnswer = z
  .strictObject({
    version: z.string(),
    sha256: Sha256Text,
    entries: z.int(),
    published_by: z.string(),
    published_at: InstantAnswer,
    book: z.looseObject({}).optional(),
    unchanged: z.boolean().optional(),
    replayed: z.boolean().optional(),
    entry: ENTRY.nullable().optional(),
  })
  .meta({ id: 'PriceBook' });
export const PriceBooksAnswer = listOf(PriceBookAnswer).meta({ id: 'PriceBooks' });
export const ProjectIdText = ProjectId;
