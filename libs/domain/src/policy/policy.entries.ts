import type { BudgetId, DecisionId, Instant, Sha256Hex, UsdText } from '../shared/brand.js';
import type { Entry, Keyed } from '../shared/entry.js';
import type { PriceBook } from '../pricing/price-book.js';
import type { IntegrationEntry } from './integrations.entries.js';
import type { PolicyDocument } from './policy.document.js';

/** Which requests a budget is charged for: the whole tenant, a project, or a project in one environment class. */
export type BudgetScope = 'tenant' | `project:${string}` | `project:${string}/env:${string}`;
export type BudgetPeriod = 'month' | 'quarter' | 'year' | 'total';

export interface BudgetTerms {
  readonly budget_id: BudgetId;
  /** 1, 2, 3 ...: the ETag of the budget. */
  readonly version: number;
  readonly scope: BudgetScope;
  readonly period: BudgetPeriod;
  readonly limit_usd: UsdText;
  /** How often a monthly delta is charged within the period: 1, 3, 12, 1 unless set. */
  readonly months_charged: number;
  readonly owner: string | null;
  readonly active: boolean;
}

/** Entries of `policy-<tenant>`, written by the gate. */
export type PolicyEntry =
  | IntegrationEntry
  | Entry<
      'policy_published',
      {
        readonly version: number;
        readonly document: PolicyDocument;
        readonly document_sha256: Sha256Hex;
        readonly message: string;
        readonly author: string;
        readonly published_at: Instant;
        readonly effective_from: Instant;
        /** Set when this version repeats the text of an older one. */
        readonly rolled_back_to: number | null;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'budget_set',
      BudgetTerms & { readonly set_by: string; readonly set_at: Instant; readonly idempotency: Keyed }
    >
  | Entry<
      'price_book_published',
      {
        readonly version: string;
        readonly book: PriceBook;
        readonly book_sha256: Sha256Hex;
        readonly published_by: string;
        readonly published_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'exception_granted',
      {
        /** `overage:<decision id>`: room for the unfunded part of that decision alone. */
        readonly exception_id: string;
        readonly kind: 'overage';
        readonly decision_id: DecisionId;
        readonly limit_usd: UsdText;
        readonly approval_id: string;
        readonly granted_at: Instant;
      }
    >;
