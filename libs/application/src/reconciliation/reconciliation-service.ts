import {
  decideReconcile,
  evolveReservations,
  noReservations,
  type Reconcile,
  type ReservationsRefusal,
  type ReservationsState,
} from '@verdict/domain';
import { observedEntry } from '../journals/entries.codec.js';
import type { ServiceDefinition } from '../journals/service-definition.js';

export type ReconciliationAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly refusal: ReservationsRefusal }
  | { readonly kind: 'replay'; readonly revision: bigint };

/** The reconciliation service: settles what was held with what was really spent. */
export const reconciliationService: ServiceDefinition<ReservationsState, Reconcile, ReconciliationAnswer> = {
  name: 'reconciliation',
  own: ['reservations'],
  kinds: ['policy', 'decisions', 'approvals', 'reservations'],
  initial: noReservations,
  stateVersion: 6,
  journalOf: () => 'reservations',
  decide: (command, state) => {
    const result = decideReconcile(command, state);
    return result.kind === 'accepted'
      ? { entries: result.entries, answer: { kind: 'accepted' } }
      : { entries: [], answer: result };
  },
  evolve: (state, kind, entry) => evolveReservations(state, observedEntry(kind, entry)),
  reactions: () => [],
};
