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
import { BudgetId, DecisionId, InstantText, Keyed, Ordinal, ScopeText, Sha256, Usd } from './scalars.js';

const PolicyPublished = z.object({
  version: Ordinal,
  document: StoredPolicy,
  document_sha256: Sha256,
  message: z.string(),
  author: z.string(),
  published_at: InstantText,
  effective_from: InstantText,
  rolled_back_to: Ordinal.nullable().meta({ description: 'the older version whose text this one repeats' }),
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
  set_by: z.string(),
  set_at: InstantText,
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
