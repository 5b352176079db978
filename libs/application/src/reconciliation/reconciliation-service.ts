import {
  decideFinishSweep,
  decideImport,
  decideReconcile,
  decideResolve,
  decideSweep,
  evolveReservations,
  type FinishSweep,
  type ImportCosts,
  instantOf,
  noReservations,
  overdueHolds,
  type Reconcile,
  type ReconcileResult,
  type ReservationsRefusal,
  type ReservationsState,
  type ResolveException,
  SWEPT_AT_ONCE,
  type SweepOverdue,
  sweepTerms,
} from '@verdict/domain';
import { observedEntry } from '../journals/entries.codec.js';
import type { Decided, Reaction, ServiceDefinition } from '../journals/service-definition.js';
import type { ServiceHost } from '../journals/service-host.js';

export type ReconciliationCommand = ImportCosts | Reconcile | SweepOverdue | FinishSweep | ResolveException;
export type ReconciliationAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly refusal: ReservationsRefusal }
  | { readonly kind: 'replay'; readonly revision: bigint };
export type ReconciliationHost = ServiceHost<ReservationsState, ReconciliationCommand, ReconciliationAnswer>;

const resultOf = (command: ReconciliationCommand, state: ReservationsState): ReconcileResult => {
  switch (command.kind) {
    case 'reconcile':
      return decideReconcile(command, state);
    case 'sweep_overdue':
      return decideSweep(command, state);
    case 'finish_sweep':
      return decideFinishSweep(command, state);
    case 'import_costs':
      return decideImport(command, state);
    case 'resolve_exception':
      return decideResolve(command, state);
  }
};

const decide = (command: ReconciliationCommand, state: ReservationsState): Decided<ReconciliationAnswer> => {
  const result = resultOf(command, state);
  return result.kind === 'accepted'
    ? { entries: result.entries, answer: { kind: 'accepted' } }
    : { entries: [], answer: result };
};

const MINUTE_MS = 60_000;
/** Two ticks of the clock: one of them always falls into it. */
const LOOK_MS = 2_000;
/** Who sweeps by the clock. */
export const SWEEPER = 'verdict:reconciliation';

/** Nobody waits for a sweep to the second, and together they are fewer appends: once a minute is enough. */
const reactions = (state: ReservationsState, nowMs: number): readonly Reaction<ReconciliationCommand>[] => {
  if (nowMs % MINUTE_MS >= LOOK_MS) return [];
  const now = instantOf(nowMs);
  const terms = sweepTerms(state, now);
  if (terms === undefined || overdueHolds(state, { ...terms, now }).length === 0) return [];
  const command: SweepOverdue = {
    kind: 'sweep_overdue',
    olderThanSeconds: null,
    action: null,
    limit: SWEPT_AT_ONCE,
    by: SWEEPER,
    now,
  };
  return [{ command, cause: null }];
};

/** The reconciliation service: settles what was held with what was really spent, and ends what nobody settles in time. */
export const reconciliationService: ServiceDefinition<ReservationsState, ReconciliationCommand, ReconciliationAnswer> =
  {
    name: 'reconciliation',
    own: ['reservations'],
    kinds: ['policy', 'decisions', 'approvals', 'reservations'],
    initial: noReservations,
    stateVersion: 15,
    journalOf: () => 'reservations',
    decide,
    evolve: (state, kind, entry) => evolveReservations(state, observedEntry(kind, entry)),
    reactions,
  };
