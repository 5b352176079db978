import {
  type ReservationsEntry,
  type ReservationsRefusal,
  reservationsAnswerOf,
  type SweepAction,
} from '@verdict/domain';
import { reservationsEntryOf } from '../journals/entries.codec.js';
import { differingMembers, type Told } from '../shared/differing-members.js';
import { problemOf, type UseCaseResult } from '../shared/refusal.js';
import { keyNotLookedUp } from '../shared/under-key.js';
import { type KeyedReconciliationDeps, reservationsEntryAt } from './under-reservations-key.js';

type Sweep = Extract<ReservationsEntry, { type: 'overdue_swept' }>['payload'];

/** What was not sent is as policy said. */
const sweeps = ({ older_than_seconds: seconds, limit, action }: Sweep): readonly Told[] =>
  [seconds, null].flatMap((older_than_seconds) =>
    [action, null].map((each) => ({ operation: 'sweep', older_than_seconds, limit, action: each })),
  );

/** A part of a sweep does not tell how many were to be ended. */
const parts = (action: SweepAction, seconds: number): readonly Told[] =>
  [seconds, null].flatMap((older_than_seconds) =>
    [action, null].map((each) => ({ operation: 'sweep', older_than_seconds, action: each })),
  );

/** What was asked for, as far as the entry tells; see `differingMembers`. */
const toldBy = ({ type, payload }: ReservationsEntry): readonly Told[] => {
  switch (type) {
    case 'reservation_settled':
    case 'reservation_corrected': {
      const told = { operation: 'reconcile', decision_id: payload.decision_id, actual: payload.actual_usd };
      return [
        { ...told, correction: undefined },
        { ...told, correction: true },
      ];
    }
    case 'overdue_swept':
      return sweeps(payload);
    case 'reservation_assumed_spent':
      return parts('settle', payload.older_than_seconds);
    case 'reservation_released':
      return parts('release', payload.older_than_seconds);
    case 'exception_resolved':
      return [{ operation: 'resolve_exception', exception_id: payload.exception_id, resolution: payload.resolution }];
    default:
      return [{ operation: 'import_costs' }];
  }
};

const NAMES = { actual: 'actual_monthly_delta_usd' };

/** The hash of what was asked under the key of an entry, be it the answer or a part of one. */
const hashIn = (entry: ReservationsEntry): string => {
  const keyed =
    reservationsAnswerOf(entry)?.keyed ?? ('idempotency' in entry.payload ? entry.payload.idempotency : null);
  return keyed?.payload_hash ?? '';
};

/** The key stands for something else already. Throws LogUnreadable. */
const keyConflict = async (
  deps: Pick<KeyedReconciliationDeps, 'log'>,
  tenantId: string,
  firstRevision: bigint,
  asked: Told,
): Promise<UseCaseResult<never>> => {
  const entry = reservationsEntryOf(await reservationsEntryAt(deps, tenantId, firstRevision));
  const first = { firsts: toldBy(entry), hash: hashIn(entry) };
  return problemOf('idempotency_conflict', {
    detail: 'this key answered another request before',
    extra: { differing_fields: differingMembers(asked, first, NAMES) },
  });
};

/** What a keyed command is told that was refused, for its key or otherwise. Throws LogUnreadable. */
export const refusedUnderKey = async (
  deps: Pick<KeyedReconciliationDeps, 'log'>,
  tenantId: string,
  refusal: ReservationsRefusal,
  asked: Told,
): Promise<UseCaseResult<never>> => {
  if (refusal.code === 'key_not_looked_up') return keyNotLookedUp();
  if (refusal.code === 'idempotency_conflict') return keyConflict(deps, tenantId, refusal.firstRevision, asked);
  return problemOf(refusal.code);
};
