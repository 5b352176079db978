import { assertNever, reservationsAnswerOf, type ReservationsEntry } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { Revision } from '../ports/journals.js';
import type { BookingRow, ExceptionRow, SettlementRow } from '../ports/read-models.js';
import type { RowChange } from './changes.js';
import { reservationsEntry } from './entries.codec.js';
import { keyedAnswer } from './keyed-answers.projection.js';

type Settled = Extract<ReservationsEntry, { type: 'reservation_settled' }>['payload'];
type Opened = Extract<ReservationsEntry, { type: 'exception_opened' }>['payload'];

const settlementRow = (tenantId: string, revision: Revision, settled: Settled): SettlementRow => ({
  tenantId,
  decisionId: settled.decision_id,
  revision,
  status: settled.status,
  expectedUsd: settled.expected_usd,
  actualUsd: settled.actual_usd,
  driftUsd: settled.drift_usd,
  overrunUsd: settled.overrun_usd,
  settledAt: settled.settled_at,
});

type Booked = Extract<
  ReservationsEntry,
  { type: 'reservation_assumed_spent' | 'reservation_released' | 'reservation_corrected' }
>;

const bookingRow = (tenantId: string, revision: Revision, { type, payload }: Booked): BookingRow => {
  const row = { tenantId, decisionId: payload.decision_id, revision };
  if (type === 'reservation_corrected') {
    const { status, cause, actual_usd: actualUsd, drift_usd: driftUsd, overrun_usd: overrunUsd } = payload;
    const shown = cause === 'not_applied' ? 'released' : status;
    return { ...row, status: shown, actualUsd, driftUsd, overrunUsd, bookedAt: payload.corrected_at };
  }
  const nothing = '0.0000';
  return {
    ...row,
    status: type === 'reservation_released' ? 'released' : 'assumed',
    actualUsd: type === 'reservation_released' ? nothing : payload.total_usd,
    driftUsd: nothing,
    overrunUsd: nothing,
    bookedAt: payload.swept_at,
  };
};

const exceptionRow = (tenantId: string, revision: Revision, opened: Opened): ExceptionRow => ({
  tenantId,
  exceptionId: opened.exception_id,
  kind: opened.kind,
  decisionId: opened.decision_id,
  expectedUsd: opened.expected_usd,
  actualUsd: opened.actual_usd,
  amountUsd: opened.amount_usd,
  owner: opened.owner,
  status: 'open',
  openedAt: opened.opened_at,
  dueAt: opened.due_at,
  revision,
  resolution: null,
  resolvedRevision: null,
});

// eslint-disable-next-line complexity -- one case per entry type
const ofReservation = (tenantId: string, revision: Revision, entry: ReservationsEntry): readonly RowChange[] => {
  switch (entry.type) {
    case 'reservation_settled':
      return [{ op: 'insert', table: 'settlements', row: settlementRow(tenantId, revision, entry.payload) }];
    case 'exception_opened':
      return [{ op: 'insert', table: 'exceptions', row: exceptionRow(tenantId, revision, entry.payload) }];
    case 'exception_resolved':
      return [
        {
          op: 'update',
          table: 'exceptions',
          tenantId,
          exceptionId: entry.payload.exception_id,
          status: 'resolved',
          resolution: entry.payload.resolution,
          resolvedRevision: revision,
        },
      ];
    case 'reservation_assumed_spent':
    case 'reservation_released':
    case 'reservation_corrected':
      return [{ op: 'insert', table: 'bookings', row: bookingRow(tenantId, revision, entry) }];
    case 'overdue_swept':
    case 'actual_costs_imported':
      return []; // Neither is about one reservation.
    case 'actual_recorded':
    case 'drift_found':
      return []; // Both are in the settlement that they come with.
    default:
      return assertNever(entry);
  }
};

/** Row changes of one entry of `reservations-<tenant>`. Throws TypeError for a type that this release does not know. */
export const projectReservations = (tenantId: string, recorded: RecordedEntry): readonly RowChange[] => {
  const entry = reservationsEntry(recorded);
  return [
    ...ofReservation(tenantId, recorded.revision, entry),
    ...keyedAnswer({ tenantId, kind: 'reservations' }, recorded, reservationsAnswerOf(entry)),
  ];
};
