import type {
  DecisionId,
  Instant,
  ReservationsEntry,
  SettledLeg,
  SettlementStatus,
  SettlementTrigger,
  UsdText,
} from '@verdict/domain';
import { formatUsd4, max, microUsd, NOTHING, usdOf, usdTextOf } from '@verdict/domain';

/** What became of a decision's money by one actual: by the settlement of its hold, or by a correction of what was booked. */
export interface Settlement {
  readonly decisionId: DecisionId;
  readonly cause: 'settled' | 'correction' | 'late_actual' | 'not_applied';
  readonly status: SettlementStatus;
  readonly expectedUsd: UsdText;
  readonly actualUsd: UsdText;
  readonly driftUsd: UsdText;
  readonly legs: readonly SettledLeg[];
  readonly overrunUsd: UsdText;
  /** What it opened, the first in front. */
  readonly exceptionIds: readonly string[];
  readonly trigger: SettlementTrigger;
  readonly at: Instant;
}

const TYPES = ['reservation_settled', 'reservation_corrected'] as const;
export const isSettlement = (type: string): boolean => TYPES.some((each) => each === type);

const ZERO = usdTextOf('0.0000');

type Corrected = Extract<ReservationsEntry, { type: 'reservation_corrected' }>['payload'];

/** After the hold has ended nothing is held; what a correction takes back is released. */
const correctedLegs = ({ legs }: Corrected): readonly SettledLeg[] =>
  legs.map(({ account, spent_usd, adjusted_usd }) => ({
    account,
    held_usd: ZERO,
    spent_usd,
    released_usd: formatUsd4(max(NOTHING, microUsd(0n - usdOf(adjusted_usd)))),
  }));

/** Reads the entry that an actual made. Throws TypeError for any other: a bug of the caller. */
export const settlementOf = (entry: ReservationsEntry): Settlement => {
  if (entry.type !== 'reservation_settled' && entry.type !== 'reservation_corrected')
    throw new TypeError(`no settlement but ${entry.type}`);
  const { payload } = entry;
  return {
    decisionId: payload.decision_id,
    cause: entry.type === 'reservation_settled' ? 'settled' : entry.payload.cause,
    status: payload.status,
    expectedUsd: payload.expected_usd,
    actualUsd: payload.actual_usd,
    driftUsd: payload.drift_usd,
    legs: entry.type === 'reservation_settled' ? entry.payload.legs : correctedLegs(entry.payload),
    overrunUsd: payload.overrun_usd,
    exceptionIds: payload.exception_ids ?? (payload.exception_id === null ? [] : [payload.exception_id]),
    trigger: payload.trigger,
    at: entry.type === 'reservation_settled' ? entry.payload.settled_at : entry.payload.corrected_at,
  };
};
