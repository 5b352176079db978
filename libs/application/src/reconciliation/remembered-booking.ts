import {
  bookingFrom,
  type BookingHistory,
  bookingOf,
  type DecisionId,
  type DecisionsEntry,
  hasForgotten,
  isReconcilable,
  overageAccount,
  type RememberedBooking,
  type ReservationsEntry,
  type ReservationsState,
} from '@verdict/domain';
import { decisionsEntryOf, recordedDecision, reservationsEntryOf } from '../journals/entries.codec.js';
import { entriesNaming } from '../journals/entries-naming.js';
import type { EntryLog, RecordedEntry } from '../journals/entry-log.js';
import type { Folded } from '../journals/fold-in-order.js';
import { type JournalKind, journalName } from '../journals/kinds.js';
import type { Revision } from '../ports/journals.js';
import type { ReadBarrier } from '../ports/platform.js';
import { type ReadModels, ReadModelsUnavailable } from '../ports/read-models.js';

export interface RememberedBookingDeps {
  readonly log: EntryLog;
  readonly readModels: Pick<ReadModels, 'findDecision' | 'bookingRevisions'>;
  readonly barrier: ReadBarrier;
}

interface Known {
  readonly state: ReservationsState;
  readonly folded: Folded;
}

const WAIT_MS = 2_000;

const entryAt = async ({ log }: RememberedBookingDeps, journal: string, revision: Revision): Promise<RecordedEntry> => {
  for await (const entry of log.read(journal, revision, 1)) return entry;
  throw new Error(`the entry ${journal}@${revision.toString()} is in the read models and not in the log`);
};

/** What the read models say of this moment, and not of an earlier one. */
const upTo = async ({ barrier }: RememberedBookingDeps, tenantId: string, folded: Folded): Promise<void> => {
  for (const kind of ['decisions', 'reservations'] as const satisfies readonly JournalKind[])
    if (!(await barrier.waitFor(tenantId, kind, folded[kind], WAIT_MS)))
      throw new ReadModelsUnavailable(`the read models are behind ${journalName(kind, tenantId)}`);
};

const isHoldOf = (entry: DecisionsEntry, id: string): boolean =>
  (entry.type === 'hold_reduced' || entry.type === 'hold_voided' || entry.type === 'hold_expired') &&
  entry.payload.decision_id === id;

/** What became of a hold in a range of the decisions journal; ends with the hold. */
const holdsIn = async (
  log: EntryLog,
  journal: string,
  { id, from, to }: { readonly id: string; readonly from: Revision; readonly to: Revision },
): Promise<readonly { readonly entry: DecisionsEntry; readonly revision: Revision }[]> => {
  const found: { readonly entry: DecisionsEntry; readonly revision: Revision }[] = [];
  for await (const recorded of entriesNaming(log, journal, { text: id, from, to })) {
    const entry = decisionsEntryOf(recorded);
    if (!isHoldOf(entry, id)) continue;
    found.push({ entry, revision: recorded.revision });
    if (entry.type !== 'hold_reduced') break;
  }
  return found;
};

/** Types that end a hold and say what it was made of. */
const ENDS: ReadonlySet<ReservationsEntry['type']> = new Set([
  'reservation_settled',
  'reservation_assumed_spent',
  'reservation_released',
]);

/**
 * The decisions journal is read on from the decision only where its hold was ended by the gate, or used in parts, and no
 * further than that hold lived: what ends it otherwise says what it was made of.
 */
const holdsOf = async (
  { log }: RememberedBookingDeps,
  journal: string,
  {
    decision,
    first,
    head,
  }: { readonly decision: RecordedEntry; readonly first: RecordedEntry | undefined; readonly head: Revision },
): Promise<BookingHistory['holds']> => {
  const payload = recordedDecision(decision);
  const isEnd = first !== undefined && ENDS.has(reservationsEntryOf(first).type);
  const isUsedInParts = payload.approval?.channel === 'grant';
  if (!isReconcilable(payload) || (isEnd && !isUsedInParts)) return [];
  const to = isEnd ? BigInt(first.observed['decisions'] ?? -1) : head;
  return holdsIn(log, journal, { id: payload.decision_id, from: decision.revision + 1n, to });
};

/**
 * What is booked for a decision that has left memory, read back from the journals by the entries that the read models
 * name. null: it is in memory, nothing has left memory yet, or there is nothing to know.
 *
 * @throws ReadModelsUnavailable, LogUnreadable.
 * @source contract section 13.3: a later actual is always accepted
 */
export const rememberedBooking = async (
  deps: RememberedBookingDeps,
  tenantId: string,
  { state, folded }: Known,
  id: DecisionId,
): Promise<RememberedBooking | null> => {
  if (state.reservations.has(id) || bookingOf(state, id) !== undefined || !hasForgotten(state)) return null;
  await upTo(deps, tenantId, folded);
  const view = await deps.readModels.findDecision(tenantId, id);
  if (view === undefined) return null;
  const [decisions, reservations] = [journalName('decisions', tenantId), journalName('reservations', tenantId)];
  const decision = await entryAt(deps, decisions, view.row.revision);
  const revisions = await deps.readModels.bookingRevisions(tenantId, id);
  const booked = await Promise.all(revisions.map((each) => entryAt(deps, reservations, each)));
  const [first] = booked;
  const booking = bookingFrom({
    decision: { payload: recordedDecision(decision), revision: decision.revision },
    overage: state.money.policy.overages.get(overageAccount(id))?.limit,
    holds: await holdsOf(deps, decisions, {
      decision,
      first,
      head: folded.decisions,
    }),
    bookings: booked.map((each) => ({ entry: reservationsEntryOf(each), revision: each.revision })),
  });
  return booking === undefined ? null : { booking, asOf: folded.reservations };
};
