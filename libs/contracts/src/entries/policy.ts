import type { PolicyEntry } from '@verdict/domain';
import { z } from 'zod';
import { entrySchema } from './entry-schema.js';
import {
  IntegrationCreated,
  IntegrationRevoked,
  IntegrationSecretRetired,
  IntegrationSecretRotated,
} from './integrations.js';
import { StoredPolicy } from './policy-document.js';
import { StoredPriceBook } from './price-book.js';
import { schemasOf } from './recorded.js';
import {
  BudgetId,
  Count,
  CreditScopeText,
  DecisionId,
  InstantText,
  Keyed,
  Ordinal,
  ScopeText,
  Sha256,
  Usd,
} from './scalars.js';

const PolicyPublished = z.object({
  version: Ordinal,
  document: StoredPolicy,
  document_sha256: Sha256,
  message: z.string(),
  author: z.string(),
  published_at: InstantText,
  effective_from: InstantText,
  rolled_back_to: Ordinal.nullable().meta({ description: 'the older version whose text this one repeats' }),
  rollout: z
    .object({ cohort_percent: Count, salt: z.string() })
    .nullable()
    .exactOptional()
    .meta({ description: 'a part of the projects only, chosen by hash; absent: all' }),
  role: z
    .enum(['active', 'challenger'])
    .exactOptional()
    .meta({ description: 'a challenger is evaluated and never decides; absent: active' }),
  idempotency: Keyed,
});

const PolicyRolloutSet = z.object({
  version: Ordinal,
  cohort_percent: Count,
  set_by: z.string(),
  set_at: InstantText,
  idempotency: Keyed,
});

const PolicyCancelled = z.object({
  version: Ordinal,
  cancelled_by: z.string(),
  cancelled_at: InstantText,
  idempotency: Keyed,
});

const CreditGranted = z.object({
  credit_id: z.string(),
  pool: z.enum(['reserved', 'emergency']),
  scope: CreditScopeText,
  total_amount_usd: Usd,
  priority: Count.meta({ description: '0 is drawn first' }),
  expires_at: InstantText.nullable(),
  reason: z.string(),
  owner: z.string().nullable(),
  granted_by: z.string(),
  granted_at: InstantText,
  idempotency: Keyed,
});

const CreditRevoked = z.object({
  credit_id: z.string(),
  revoked_usd: Usd.meta({ description: 'what was neither used nor held; holds stay good' }),
  revoked_by: z.string(),
  revoked_at: InstantText,
  idempotency: Keyed,
});

const WaiverGranted = z.object({
  exception_id: z.string(),
  scope: z.object({
    project: z.string().nullable(),
    environment_class: z.string().nullable(),
    source: z.string().nullable(),
    resource_prefix: z.string().nullable(),
  }),
  waives: z.array(z.string()).meta({ description: 'rule ids or reason codes' }),
  max_monthly_delta_usd: Usd.nullable(),
  max_uses: Ordinal.nullable(),
  owner: z.string(),
  reason: z.string(),
  ticket: z.string(),
  expires_at: InstantText,
  granted_by: z.string(),
  granted_at: InstantText,
  idempotency: Keyed,
});

const WaiverRevoked = z.object({
  exception_id: z.string(),
  revoked_by: z.string(),
  revoked_at: InstantText,
  idempotency: Keyed,
});

const BudgetSet = z.object({
  budget_id: BudgetId,
  version: Ordinal,
  scope: ScopeText,
  period: z.enum(['month', 'quarter', 'year', 'total']),
  limit_usd: Usd,
  months_charged: Ordinal.meta({ description: 'how often a monthly delta is charged within the period' }),
  owner: z.string().nullable(),
  active: z.boolean(),
  basis: z.enum(['allocation', 'forecast']).exactOptional().meta({ description: 'absent: allocation' }),
  credit_savings: z.boolean().exactOptional(),
  alert_percents: z.array(Count).exactOptional(),
  set_by: z.string(),
  set_at: InstantText,
  operation: z
    .enum(['create', 'update', 'close'])
    .exactOptional()
    .meta({ description: 'what was asked for; absent: written before entries said so' }),
  idempotency: Keyed,
});

const PriceBookPublished = z.object({
  version: z.string(),
  book: StoredPriceBook,
  book_sha256: Sha256,
  published_by: z.string(),
  published_at: InstantText,
  idempotency: Keyed,
});

const ExceptionGranted = z.object({
  exception_id: z.string().meta({ description: '`overage:<decision id>`' }),
  kind: z.literal('overage'),
  decision_id: DecisionId,
  limit_usd: Usd,
  approval_id: z.string(),
  granted_at: InstantText,
});

const kind = 'policy';
/** Entries of `policy-<tenant>`, written by the gate. */
export const POLICY_ENTRIES = schemasOf<PolicyEntry>()({
  policy_published: { 1: entrySchema({ kind, type: 'policy_published', typeV: 1 }, PolicyPublished) },
  policy_rollout_set: { 1: entrySchema({ kind, type: 'policy_rollout_set', typeV: 1 }, PolicyRolloutSet) },
  policy_cancelled: { 1: entrySchema({ kind, type: 'policy_cancelled', typeV: 1 }, PolicyCancelled) },
  credit_granted: { 1: entrySchema({ kind, type: 'credit_granted', typeV: 1 }, CreditGranted) },
  credit_revoked: { 1: entrySchema({ kind, type: 'credit_revoked', typeV: 1 }, CreditRevoked) },
  waiver_granted: { 1: entrySchema({ kind, type: 'waiver_granted', typeV: 1 }, WaiverGranted) },
  waiver_revoked: { 1: entrySchema({ kind, type: 'waiver_revoked', typeV: 1 }, WaiverRevoked) },
  budget_set: { 1: entrySchema({ kind, type: 'budget_set', typeV: 1 }, BudgetSet) },
  price_book_published: { 1: entrySchema({ kind, type: 'price_book_published', typeV: 1 }, PriceBookPublished) },
  exception_granted: { 1: entrySchema({ kind, type: 'exception_granted', typeV: 1 }, ExceptionGranted) },
  integration_created: { 1: entrySchema({ kind, type: 'integration_created', typeV: 1 }, IntegrationCreated) },
  integration_secret_rotated: {
    1: entrySchema({ kind, type: 'integration_secret_rotated', typeV: 1 }, IntegrationSecretRotated),
  },
  integration_secret_retired: {
    1: entrySchema({ kind, type: 'integration_secret_retired', typeV: 1 }, IntegrationSecretRetired),
  },
  integration_revoked: { 1: entrySchema({ kind, type: 'integration_revoked', typeV: 1 }, IntegrationRevoked) },
});
