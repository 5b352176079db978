import {
  type CommittedBatch,
  type ReconciliationCommand,
  reservationsEntryOf,
  type ServiceWatch,
  settlementOf,
  SWEEPER,
  type Turn,
} from '@verdict/application';
import {
  budgetAlerts,
  countOverdue,
  creditsReturnedLate,
  type ExceptionKind,
  instantOf,
  type ReservationsEntry,
  type ReservationsState,
} from '@verdict/domain';
import { countBudgetAlerts, countLostCredits, type Metrics } from '@verdict/nest-kit';

const EXCEPTION_KINDS = ['overage', 'savings', 'overrun', 'late_actual', 'unreconciled'] as const;

type Imported = Extract<ReservationsEntry, { type: 'actual_costs_imported' }>['payload'];

const countRows = (metrics: Metrics, { rows }: Imported): void => {
  const replaced = rows.filter(({ replaces_usd: replaces }) => replaces !== null).length;
  metrics.actualCostRows.add(rows.length - replaced, 'accepted');
  metrics.actualCostRows.add(replaced, 'replaced');
};

/** For graphs only: money that counts is decided in micro-USD and written in the ledger. */
const countSettlement = (metrics: Metrics, entry: ReservationsEntry): void => {
  const { cause, status, driftUsd, trigger } = settlementOf(entry);
  metrics.reservationReconciliations.inc(
    cause === 'correction' || cause === 'not_applied' ? 'correction' : trigger,
    cause === 'late_actual' ? 'late_actual' : status,
  );
  if (status !== 'matched') metrics.reservationDriftUsd.add(Math.abs(Number(driftUsd)), status);
};

const countEntry = (metrics: Metrics, entry: ReservationsEntry): void => {
  switch (entry.type) {
    case 'reservation_settled':
    case 'reservation_corrected':
      countSettlement(metrics, entry);
      break;
    case 'reservation_assumed_spent':
      metrics.reservationReconciliations.inc('overdue', 'assumed');
      break;
    case 'reservation_released':
      metrics.reservationReconciliations.inc('overdue', 'released');
      break;
    case 'actual_costs_imported':
      countRows(metrics, entry.payload);
      break;
    case 'overdue_swept':
      metrics.reconciliationSweepRuns.inc('ok');
      break;
    default:
      break; // Says what one of those above means.
  }
};

const BUDGET = 'budget:';
const chargedBy = (entry: ReservationsEntry): readonly string[] =>
  'legs' in entry.payload
    ? entry.payload.legs.flatMap(({ account }) => (account.startsWith(BUDGET) ? [account.slice(BUDGET.length)] : []))
    : [];

const countBatch = (metrics: Metrics, batch: CommittedBatch<ReservationsState>, nowMs: number): void => {
  const { before, after } = batch;
  const entries = batch.entries.map(reservationsEntryOf);
  for (const entry of entries) countEntry(metrics, entry);
  const money = [before.money, after.money] as const;
  const charged = new Set(entries.flatMap(chargedBy));
  if (charged.size > 0) countBudgetAlerts(metrics, budgetAlerts(charged, money, instantOf(nowMs)));
  countLostCredits(metrics, creditsReturnedLate(entries, money, instantOf(nowMs)));
};

/** A sweep that somebody asked for is counted by its entry, unless a part of it fails. */
const countSweep = (metrics: Metrics, { command, outcome }: Turn<ReconciliationCommand>): void => {
  if (command.kind !== 'sweep_overdue' && command.kind !== 'finish_sweep') return;
  if (outcome !== 'committed') metrics.reconciliationSweepRuns.inc('error');
  else if (command.kind === 'sweep_overdue' && command.by === SWEEPER) metrics.reconciliationSweepRuns.inc('ok');
};

/** Counts what the service writes, be it asked for or due by the clock. @source contract section 15 */
export const watchReconciliation = (
  metrics: Metrics,
  { nowMs }: { readonly nowMs: () => number },
): ServiceWatch<ReservationsState, ReconciliationCommand> => ({
  committed: (batch) => {
    countBatch(metrics, batch, nowMs());
  },
  turned: (turn) => {
    countSweep(metrics, turn);
  },
});

/** Sets the gauges over all tenants. */
export const showReservations = (metrics: Metrics, states: Iterable<ReservationsState>, nowMs: number): void => {
  const now = instantOf(nowMs);
  const none: Record<ExceptionKind, number> = { overage: 0, savings: 0, overrun: 0, late_actual: 0, unreconciled: 0 };
  const [open, pastDue] = [{ ...none }, { ...none }];
  let [active, overdue] = [0, 0];
  for (const state of states) {
    active += state.money.accounts.holds.size;
    overdue += countOverdue(state, now);
    for (const [, { kind, dueAt }] of state.openExceptions) {
      open[kind] += 1;
      if (dueAt <= now) pastDue[kind] += 1;
    }
  }
  metrics.reservationsActive.set(active);
  metrics.reservationsOverdue.set(overdue);
  for (const kind of EXCEPTION_KINDS) {
    metrics.reconciliationExceptionsOpen.set(open[kind], kind);
    metrics.reconciliationExceptionsPastDue.set(pastDue[kind], kind);
  }
};
