import type { DecisionId, Sha256Hex } from '../shared/brand.js';
import { type Keyed, refused } from '../shared/entry.js';
import type { EarlierAnswer } from '../shared/key-answers.js';
import { type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { ReservationsEntry, SweepAction } from './reservations.entries.js';

/** What a sweep that somebody asked for has ended so far: it takes many appends, and nobody else may take it further. */
export interface SweepProgress {
  readonly payloadHash: Sha256Hex;
  readonly olderThanSeconds: number;
  readonly action: SweepAction;
  readonly decisionIds: readonly DecisionId[];
  /** Micro-USD, monthly. */
  readonly total: MicroUsd;
  /** Of its first entry. */
  readonly revision: bigint;
}

/** Sweeps that are not finished, by their keys. One that nobody finished is forgotten after SWEEPS_KEPT others. */
export type Sweeps = PersistentMap<SweepProgress>;

export const noSweeps: Sweeps = PersistentMap.empty;
export const SWEEPS_KEPT = 100;

const withoutOldest = (sweeps: Sweeps): Sweeps => {
  if (sweeps.size <= SWEEPS_KEPT) return sweeps;
  const [oldest] = [...sweeps].sort(([, a], [, b]) => (a.revision < b.revision ? -1 : 1));
  return oldest === undefined ? sweeps : sweeps.delete(oldest[0]);
};

type Part = Extract<ReservationsEntry, { type: 'reservation_assumed_spent' | 'reservation_released' }>;

const withPart = (sweeps: Sweeps, { type, payload }: Part, revision: bigint): Sweeps => {
  const { key = null, payload_hash: payloadHash } = payload.idempotency ?? {};
  if (key === null || payloadHash === undefined) return sweeps;
  const amount = usdOf(type === 'reservation_assumed_spent' ? payload.total_usd : payload.released_usd);
  const { decisionIds, total, revision: first } = sweeps.get(key) ?? { decisionIds: [], total: NOTHING, revision };
  const progress: SweepProgress = {
    payloadHash,
    olderThanSeconds: payload.older_than_seconds,
    action: type === 'reservation_assumed_spent' ? 'settle' : 'release',
    decisionIds: [...decisionIds, payload.decision_id],
    total: microUsd(total + amount),
    revision: first,
  };
  return withoutOldest(sweeps.set(key, progress));
};

/** The sweeps after an entry of the reservations journal. */
export const withSwept = (sweeps: Sweeps, entry: ReservationsEntry, revision: bigint): Sweeps => {
  if (entry.type === 'reservation_assumed_spent' || entry.type === 'reservation_released')
    return withPart(sweeps, entry, revision);
  const key = entry.type === 'overdue_swept' ? entry.payload.idempotency.key : null;
  return key === null ? sweeps : sweeps.delete(key);
};

/** How far the sweep of this key is; undefined: not begun, or without a key. A refusal where it is another sweep's key. */
export const sweepUnder = (
  sweeps: Sweeps,
  { key, payload_hash: hash }: Keyed,
): SweepProgress | Extract<EarlierAnswer, { kind: 'refused' }> | undefined => {
  const progress = key === null ? undefined : sweeps.get(key);
  return progress === undefined || progress.payloadHash === hash
    ? progress
    : refused({ code: 'idempotency_conflict', firstRevision: progress.revision });
};
