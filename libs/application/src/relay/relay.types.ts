import type { EntryLog } from '../journals/entry-log.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Bus, RelayedSlice } from '../ports/bus.js';
import type { RelayStore } from '../ports/relay-store.js';
import type { Clock } from '../ports/system.js';

/** Called at moments that operators count; must be cheap and never throw. */
export interface RelayObserver {
  /** This process relays a kind from now on, or does not any more. */
  led(change: { readonly kind: JournalKind; readonly isLeader: boolean }): void;
  published(round: { readonly kind: JournalKind; readonly entries: number; readonly seconds: number }): void;
  /** Log, bus or store are away; the relay goes on trying from its marks. */
  unavailable(failure: { readonly kind: JournalKind; readonly error: unknown }): void;
}
export const silentRelayObserver: RelayObserver = {
  led: () => undefined,
  published: () => undefined,
  unavailable: () => undefined,
};

export interface RelayDeps {
  readonly log: EntryLog;
  readonly bus: Bus;
  readonly store: RelayStore;
  readonly clock: Clock;
  /** Names this process among those that may relay. */
  readonly holder: string;
}

export interface RelayOptions {
  readonly observer?: RelayObserver;
  /** How long a lease lasts without being prolonged: the longest that a dead holder holds others up. Default 5,000. */
  readonly leaseMs?: number;
  /** How often marks and heads are compared besides the hints. Default 10,000. */
  readonly compareEveryMs?: number;
  /** Pause between two publications, so that a busy log makes fewer and larger ones. Default 10. */
  readonly restMs?: number;
  /** Runs around a publication, for instance as spans of the traces that the entries belong to. */
  readonly around?: (slices: readonly RelayedSlice[], publish: () => Promise<void>) => Promise<void>;
}

export interface RelayLag {
  readonly isLeader: boolean;
  /** Entries of the log that the bus has not acknowledged, as far as this process knows; 0 while another one relays. */
  readonly entries: number;
  /** Milliseconds since the oldest of them was noticed; 0 when there is none. */
  readonly oldestMs: number;
}
