import type { DecisionId, Instant, UsdText } from '../shared/brand.js';
import type { Entry, Keyed, PersonalText } from '../shared/entry.js';

export type SettlementStatus = 'matched' | 'overage' | 'savings';
export type ExceptionKind = 'overage' | 'savings' | 'overrun' | 'late_actual' | 'unreconciled';

/** What became of the money on one account: held before, spent of it, given back. spent may exceed held by headroom. */
export interface SettledLeg {
  readonly account: string;
  readonly held_usd: UsdText;
  readonly spent_usd: UsdText;
  readonly released_usd: UsdText;
}

/** Entries of `reservations-<tenant>`, written by the reconciliation service alone. */
export type ReservationsEntry =
  | Entry<
      'actual_recorded',
      {
        readonly decision_id: DecisionId;
        readonly actual_monthly_delta_usd: UsdText;
        readonly trigger: 'manual' | 'import';
        readonly notes: PersonalText | null;
        readonly recorded_by: string;
        readonly recorded_at: Instant;
      }
    >
  | Entry<
      'reservation_settled',
      {
        readonly decision_id: DecisionId;
        readonly status: SettlementStatus;
        readonly expected_usd: UsdText;
        readonly actual_usd: UsdText;
        readonly drift_usd: UsdText;
        readonly legs: readonly SettledLeg[];
        /** The part of the actual that neither the hold nor any headroom covers: the exception `overrun:<decision id>`. */
        readonly overrun_usd: UsdText;
        readonly exception_id: string | null;
        readonly idempotency: Keyed;
        readonly trigger: 'manual' | 'import';
        readonly settled_by: string;
        readonly settled_at: Instant;
      }
    >
  | Entry<
      'drift_found',
      {
        readonly decision_id: DecisionId;
        readonly direction: 'overage' | 'savings';
        readonly drift_usd: UsdText;
        readonly found_at: Instant;
      }
    >
  | Entry<
      'exception_opened',
      {
        readonly exception_id: string;
        readonly kind: ExceptionKind;
        readonly decision_id: DecisionId;
        readonly expected_usd: UsdText;
        readonly actual_usd: UsdText;
        readonly amount_usd: UsdText;
        readonly owner: string;
        readonly opened_at: Instant;
        readonly due_at: Instant;
      }
    >
  | Entry<
      'exception_resolved',
      {
        readonly exception_id: string;
        readonly decision_id: DecisionId;
        readonly resolution: 'accepted' | 'corrected' | 'not_applied' | 'disputed';
        readonly notes: PersonalText | null;
        readonly resolved_by: string;
        readonly resolved_at: Instant;
      }
    >;
