import type { CostRow } from '../context/cost-days.js';
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

/** What is booked on one account after a correction, and by how much that differs from before. */
export interface CorrectedLeg {
  readonly account: string;
  readonly spent_usd: UsdText;
  /** Negative: taken out of the period that it had been booked in. */
  readonly adjusted_usd: UsdText;
}

/**
 * Why what is booked changes after the hold has ended: an administrator corrects an actual; an actual comes after an
 * assumption, or after the hold was given back; what was assumed turns out never to have been applied.
 */
export type CorrectionCause = 'correction' | 'late_actual' | 'not_applied';
export type SettlementTrigger = 'manual' | 'import';
export type SweepAction = 'settle' | 'release';
export type Resolution = 'accepted' | 'corrected' | 'not_applied' | 'disputed';

/** One row of imported cost. Its identity is day, project, environment, service, resource and status. */
export interface ImportedCost extends CostRow {
  readonly service: string;
  readonly resource: string;
}

/** Entries of `reservations-<tenant>`, written by the reconciliation service alone. */
export type ReservationsEntry =
  | Entry<
      'actual_recorded',
      {
        readonly decision_id: DecisionId;
        readonly actual_monthly_delta_usd: UsdText;
        readonly trigger: SettlementTrigger;
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
        /** The first of those that it opened. */
        readonly exception_id: string | null;
        /** All that it opened. Absent: written when only the first was named. */
        readonly exception_ids?: readonly string[];
        readonly idempotency: Keyed;
        readonly trigger: SettlementTrigger;
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
        readonly resolution: Resolution;
        readonly notes: PersonalText | null;
        readonly resolved_by: string;
        readonly resolved_at: Instant;
        /** Absent: an actual that came late resolved it. */
        readonly idempotency?: Keyed;
      }
    >
  /** Nobody said in time what an overdue hold came to: it is booked as spent until somebody does. */
  | Entry<
      'reservation_assumed_spent',
      {
        readonly decision_id: DecisionId;
        readonly total_usd: UsdText;
        readonly legs: readonly SettledLeg[];
        readonly exception_id: string;
        readonly older_than_seconds: number;
        /** Of the sweep that somebody asked for; absent: swept by the clock, or before entries said so. */
        readonly idempotency?: Keyed;
        readonly swept_by: string;
        readonly swept_at: Instant;
      }
    >
  /** The same, where policy gives overdue holds back. */
  | Entry<
      'reservation_released',
      {
        readonly decision_id: DecisionId;
        readonly released_usd: UsdText;
        readonly exception_id: string;
        readonly older_than_seconds: number;
        /** As above. */
        readonly idempotency?: Keyed;
        readonly swept_by: string;
        readonly swept_at: Instant;
      }
    >
  | Entry<
      'overdue_swept',
      {
        readonly sweep_id: string;
        readonly action: SweepAction;
        readonly older_than_seconds: number;
        readonly limit: number;
        readonly released_count: number;
        readonly settled_count: number;
        readonly total_released_usd: UsdText;
        readonly total_settled_usd: UsdText;
        readonly decision_ids: readonly DecisionId[];
        readonly idempotency: Keyed;
        readonly swept_by: string;
        readonly swept_at: Instant;
      }
    >
  | Entry<
      'reservation_corrected',
      {
        readonly decision_id: DecisionId;
        readonly cause: CorrectionCause;
        readonly status: SettlementStatus;
        /** What the actual is compared with: the hold for a correction, what was still booked for a late actual. */
        readonly expected_usd: UsdText;
        readonly actual_usd: UsdText;
        readonly drift_usd: UsdText;
        readonly legs: readonly CorrectedLeg[];
        readonly overrun_usd: UsdText;
        /** The first of those that it opened. */
        readonly exception_id: string | null;
        /** All that it opened. Absent: written when only the first was named. */
        readonly exception_ids?: readonly string[];
        readonly idempotency: Keyed;
        readonly trigger: SettlementTrigger;
        readonly corrected_by: string;
        readonly corrected_at: Instant;
        /** When what is corrected was booked: reductions count there. */
        readonly booked_at: Instant;
      }
    >
  /** Rows of one import, in parts, since an entry has a size limit; all parts are in one append. */
  | Entry<
      'actual_costs_imported',
      {
        readonly import_id: string;
        readonly part: number;
        readonly parts: number;
        readonly rows: readonly ImportedCost[];
        readonly idempotency: Keyed;
        readonly imported_by: string;
        readonly imported_at: Instant;
      }
    >;
