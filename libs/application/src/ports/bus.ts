import type { RecordedEntry } from '../journals/entry-log.js';
import type { JournalKind } from '../journals/kinds.js';
import type { JournalName, Revision, Subscription } from './journals.js';

/** Consecutive entries of one tenant's journal on their way to the bus, in revision order. */
export interface RelayedSlice {
  readonly kind: JournalKind;
  readonly tenantId: string;
  readonly entries: readonly RecordedEntry[];
}

/** A journal has moved. A hint: what is true is the log's revisions and the consumer's own mark. */
export interface Movement {
  readonly journal: JournalName;
  readonly kind: JournalKind;
  readonly tenantId: string;
  /** The journal has at least this revision. */
  readonly head: Revision;
  /**
   * Consecutive entries that end at `head`, where the bus carried them: canonical bytes, leaf hash, origin and revision were
   * checked. Empty where it carried none, or where one did not pass: the consumer reads the log then.
   */
  readonly entries: readonly RecordedEntry[];
}

export interface BusConsumer {
  /**
   * Members of one group share the journals, and what a group has dealt with is not delivered to it again after a
   * restart. Undefined: this process alone, told of everything that moves from now on.
   */
  readonly group: string | undefined;
  readonly kinds: readonly JournalKind[];
  /**
   * At least once; may lose, double and reorder, since consumers compare their marks with the log besides. Never two calls
   * at once for one journal. The movements count as dealt with when the promise resolves; a rejection delivers them again.
   */
  readonly deliver: (movements: readonly Movement[]) => Promise<void>;
}

/**
 * Carries what was appended from its writer to every service that follows it. Loses nothing that matters by design: each
 * consumer also compares its mark with the log's head.
 * @source architecture sections 3 and 6, protocols section 4
 */
export interface Bus {
  /**
   * Publishes slices, in order within a journal; resolves once the bus has them durably. Rejects with BusUnavailable when
   * that is not known: the same slices again are safe, as consumers drop what they have.
   */
  publish(slices: readonly RelayedSlice[]): Promise<void>;
  /**
   * Follows the journals of these kinds. Resolves at once: it connects in the background, and again whenever it must, since
   * a service starts and answers while the bus is away. What it misses, the consumer's comparison with the log finds.
   */
  consume(consumer: BusConsumer): Promise<Subscription>;
  /** Rejects when the bus does not answer. */
  ping(): Promise<void>;
  /** Ends deliveries after those under way, and connections. */
  close(): Promise<void>;
}

/** The bus is away or did not acknowledge: repeating is safe. */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
}

/** Called by a bus at moments that operators count; must be cheap and never throw. */
export interface BusObserver {
  /** What came from the bus was not the entry it claimed to be; the log is read instead. An alarm. */
  mismatched(record: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: string;
    readonly reason: string;
  }): void;
  /** A consumer lost its connection or its deliveries failed; it goes on by itself. */
  interrupted(consumer: { readonly group: string | undefined; readonly error: unknown }): void;
}
export const silentBusObserver: BusObserver = { mismatched: () => undefined, interrupted: () => undefined };
