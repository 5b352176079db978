import { policyInForce } from '../policy/policy.state.js';
import type { PolicyDocument } from '../policy/policy.document.js';
import type { DecisionId, Instant } from '../shared/brand.js';
import { plusSeconds } from '../shared/instant.js';
import { formatUsd4, max, type MicroUsd, microUsd, NOTHING, roundHalfEven, usdOf } from '../shared/money.js';
import type { ExceptionKind, ReservationsEntry, SettlementStatus } from './reservations.entries.js';
import type { ReservationsState } from './reservations.state.js';

export type ReconciliationRules = PolicyDocument['reconciliation'];

export const rulesAt = (state: ReservationsState, now: Instant): ReconciliationRules | undefined =>
  policyInForce(state.money.policy, now)?.document.reconciliation;

/** matched if |drift| <= max(absolute, percent of |expected|). Contract section 13.2. */
export const classify = (drift: MicroUsd, expected: MicroUsd, rules: ReconciliationRules): SettlementStatus => {
  const size = (amount: MicroUsd): bigint => (amount < 0n ? 0n - amount : amount);
  const relative = roundHalfEven(size(expected) * BigInt(rules.tolerance_percent), 100n);
  const tolerance = max(usdOf(rules.tolerance_absolute_usd), microUsd(relative));
  if (size(drift) <= tolerance) return 'matched';
  return drift > 0n ? 'overage' : 'savings';
};

/** What an exception is about; `count` numbers those of one kind after the first. */
export interface ExceptionCause {
  readonly kind: ExceptionKind;
  readonly decisionId: DecisionId;
  readonly count: number;
  readonly expected: MicroUsd;
  readonly actual: MicroUsd;
  readonly amount: MicroUsd;
}

export const exceptionIdOf = (kind: ExceptionKind, decisionId: DecisionId, count: number): string =>
  count === 0 ? `${kind}:${decisionId}` : `${kind}:${decisionId}:${String(count + 1)}`;

export const exceptionOpened = (
  { kind, decisionId, count, expected, actual, amount }: ExceptionCause,
  rules: ReconciliationRules,
  now: Instant,
): ReservationsEntry => ({
  type: 'exception_opened',
  payload: {
    exception_id: exceptionIdOf(kind, decisionId, count),
    kind,
    decision_id: decisionId,
    expected_usd: formatUsd4(expected),
    actual_usd: formatUsd4(actual),
    amount_usd: formatUsd4(amount),
    owner: rules.default_owner,
    opened_at: now,
    due_at: plusSeconds(now, rules.exception_due_seconds),
  },
});

export interface SettledAmounts {
  readonly decisionId: DecisionId;
  readonly count: number;
  readonly status: SettlementStatus;
  readonly expected: MicroUsd;
  readonly actual: MicroUsd;
  readonly drift: MicroUsd;
  /** The part of the overrun that is new. */
  readonly overrun: MicroUsd;
}

/**
 * The exceptions of a settlement: any overage, a saving from the policy's size on, any overrun.
 * @source contract section 13.4
 */
export const settlementExceptions = (
  { status, drift, overrun, ...cause }: SettledAmounts,
  rules: ReconciliationRules,
  now: Instant,
): readonly ReservationsEntry[] => {
  const saved = microUsd(0n - drift);
  const isLargeSaving = status === 'savings' && saved >= usdOf(rules.savings_exception_usd);
  const opened = (kind: ExceptionKind, amount: MicroUsd) => exceptionOpened({ kind, amount, ...cause }, rules, now);
  return [
    ...(status === 'overage' ? [opened('overage', drift)] : []),
    ...(isLargeSaving ? [opened('savings', saved)] : []),
    ...(overrun > NOTHING ? [opened('overrun', overrun)] : []),
  ];
};

/** How an entry names the exceptions that were opened with it. */
export const namesOf = (opened: readonly ReservationsEntry[]) => {
  const exception_ids = opened.flatMap((entry) =>
    entry.type === 'exception_opened' ? [entry.payload.exception_id] : [],
  );
  return { exception_id: exception_ids[0] ?? null, exception_ids };
};
