import { assertNever } from '../shared/entry.js';
import type { ScopedKey } from '../shared/key-answers.js';
import type { ReservationsEntry } from './reservations.entries.js';

/** Key spaces of the commands over `reservations-<tenant>`. */
export type Operation = 'reconcile' | 'sweep' | 'import' | 'resolve';

const scoped = (scope: Operation, keyed: ScopedKey['keyed'] | undefined): ScopedKey | undefined =>
  keyed === undefined ? undefined : { scope, keyed };

/**
 * The command that an entry answers, by its key space and key. State remembers by it, and the read models find by it, so
 * both mean the same. An import is answered by the last of its parts.
 *
 * @returns undefined for entries that answer nobody, or are more of another's answer.
 */
// eslint-disable-next-line complexity -- one case per entry type
export const reservationsAnswerOf = (entry: ReservationsEntry): ScopedKey | undefined => {
  switch (entry.type) {
    case 'reservation_settled':
    case 'reservation_corrected':
      return scoped('reconcile', entry.payload.idempotency);
    case 'overdue_swept':
      return scoped('sweep', entry.payload.idempotency);
    case 'actual_costs_imported':
      return entry.payload.part === entry.payload.parts ? scoped('import', entry.payload.idempotency) : undefined;
    case 'exception_resolved':
      return scoped('resolve', entry.payload.idempotency);
    case 'reservation_assumed_spent':
    case 'reservation_released':
    case 'exception_opened':
    case 'actual_recorded':
    case 'drift_found':
      return undefined;
    default:
      return assertNever(entry);
  }
};
