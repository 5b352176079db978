import type { EntryLog } from '../journals/entry-log.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Bus } from '../ports/bus.js';
import type { JournalName, Revision } from '../ports/journals.js';
import type { ParkedJournal, ProjectionStore } from '../ports/projection-store.js';
import type { Clock } from '../ports/system.js';
import type { RetryTerms } from './lane.js';

/** Called at moments that operators count; must be cheap and never throw. */
export interface ProjectorObserver {
  /** One transaction of rows and marks. */
  applied(round: { readonly journals: number; readonly entries: number; readonly seconds: number }): void;
  failed(failure: {
    readonly journal: JournalName;
    readonly revision: Revision;
    readonly tries: number;
    readonly error: unknown;
  }): void;
  parked(parked: ParkedJournal): void;
  resumed(journal: JournalName): void;
  /** The log or the store is away; the projector goes on trying. */
  unavailable(error: unknown): void;
}
export const silentProjectorObserver: ProjectorObserver = {
  applied: () => undefined,
  failed: () => undefined,
  parked: () => undefined,
  resumed: () => undefined,
  unavailable: () => undefined,
};

export interface ProjectorDeps {
  readonly log: EntryLog;
  readonly store: ProjectionStore;
  readonly clock: Clock;
  /** Default: the log, tailed. */
  readonly bus?: Bus;
}
export interface ProjectorOptions {
  readonly observer?: ProjectorObserver;
  readonly retry?: RetryTerms;
  /** How often heads and marks are compared besides the hints. */
  readonly pollEveryMs?: number;
  /** Pause between transactions, so that a busy log makes fewer and larger ones; a waiting reader cuts it short. */
  readonly restMs?: number;
  /** Runs around a transaction, for instance as spans of the traces that its entries belong to. */
  readonly around?: AroundApply;
}

export type AroundApply = <Answer>(
  round: { readonly traceparents: readonly (string | null)[]; readonly entries: number },
  apply: () => Promise<Answer>,
) => Promise<Answer>;

export interface ProjectorLag {
  /** Entries that the log has and the read models have not. */
  readonly entries: Readonly<Record<JournalKind, number>>;
  /** Milliseconds since the oldest of them was noticed; 0 when there is none. */
  readonly oldestMs: number;
  readonly parkedJournals: readonly JournalName[];
}
