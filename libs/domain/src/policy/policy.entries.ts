import type { BudgetId, DecisionId, Instant, Sha256Hex, UsdText } from '../shared/brand.js';
import type { Entry, Keyed } from '../shared/entry.js';
import type { PriceBook } from '../pricing/price-book.js';
import type { IntegrationEntry } from './integrations.entries.js';
import type { StoredPolicyDocument } from './policy.document.js';

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
  /** `forecast`: the forecast of the month has to stay below the limit as well. Contract section 9.1. */
  readonly basis: 'allocation' | 'forecast';
  /** Whether a negative actual is taken off what is spent. */
  readonly credit_savings: boolean;
  readonly alert_percents: readonly number[];
}
/** Members that entries of the first release do not have. */
type LaterBudgetTerms = 'basis' | 'credit_savings' | 'alert_percents';
export type RecordedBudgetTerms = Omit<BudgetTerms, LaterBudgetTerms> & Partial<Pick<BudgetTerms, LaterBudgetTerms>>;

export type CreditPool = 'reserved' | 'emergency';
export type CreditScope = 'tenant' | `project:${string}`;
/** Money beside the budgets: reserved credits of a team, or the emergency pool. Contract section 9.2. */
export interface CreditTerms {
  readonly credit_id: string;
  readonly pool: CreditPool;
  readonly scope: CreditScope;
  readonly total_amount_usd: UsdText;
  /** 0 is drawn first. */
  readonly priority: number;
  /** null: it does not end. */
  readonly expires_at: Instant | null;
  readonly reason: string;
  readonly owner: string | null;
}

/** Which requests a waiver is for; all that are given must hold. */
export interface WaiverScope {
  readonly project: string | null;
  readonly environment_class: string | null;
  readonly source: string | null;
  readonly resource_prefix: string | null;
}
/** Findings that an administrator lets pass for a time. Contract section 8.5. */
export interface WaiverTerms {
  readonly exception_id: string;
  readonly scope: WaiverScope;
  /** Rule ids, or codes of `WAIVABLE_CODES`. */
  readonly waives: readonly string[];
  readonly max_monthly_delta_usd: UsdText | null;
  readonly max_uses: number | null;
  readonly owner: string;
  readonly reason: string;
  readonly ticket: string;
  readonly expires_at: Instant;
}

export interface Rollout {
  /** 1 to 100. */
  readonly cohort_percent: number;
  readonly salt: string;
}
export type PolicyRole = 'active' | 'challenger';

/** Entries of `policy-<tenant>`, written by the gate. */
export type PolicyEntry =
  | IntegrationEntry
  | Entry<
      'policy_published',
      {
        readonly version: number;
        readonly document: StoredPolicyDocument;
        readonly document_sha256: Sha256Hex;
        readonly message: string;
        readonly author: string;
        readonly published_at: Instant;
        readonly effective_from: Instant;
        /** Set when this version repeats the text of an older one. */
        readonly rolled_back_to: number | null;
        /** A part of the projects only, chosen by hash. Absent: all. */
        readonly rollout?: Rollout | null;
        /** A challenger is evaluated beside what is in force and never decides. Absent: active. */
        readonly role?: PolicyRole;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'policy_rollout_set',
      {
        readonly version: number;
        readonly cohort_percent: number;
        readonly set_by: string;
        readonly set_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'policy_cancelled',
      {
        readonly version: number;
        readonly cancelled_by: string;
        readonly cancelled_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'budget_set',
      RecordedBudgetTerms & {
        readonly set_by: string;
        readonly set_at: Instant;
        /** What was asked for; absent: entries did not say so yet. */
        readonly operation?: 'create' | 'update' | 'close';
        readonly idempotency: Keyed;
      }
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
      'credit_granted',
      CreditTerms & { readonly granted_by: string; readonly granted_at: Instant; readonly idempotency: Keyed }
    >
  | Entry<
      'credit_revoked',
      {
        readonly credit_id: string;
        /** What was neither used nor held; holds stay good. */
        readonly revoked_usd: UsdText;
        readonly revoked_by: string;
        readonly revoked_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'waiver_granted',
      WaiverTerms & { readonly granted_by: string; readonly granted_at: Instant; readonly idempotency: Keyed }
    >
  | Entry<
      'waiver_revoked',
      {
        readonly exception_id: string;
        readonly revoked_by: string;
        readonly revoked_at: Instant;
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
