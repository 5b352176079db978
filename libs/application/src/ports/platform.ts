import type { RuleEngine } from '@verdict/domain';
import type { Bus } from './bus.js';
import type { EntryLog } from '../journals/entry-log.js';
import type { JournalKind } from '../journals/kinds.js';
import type { KeyStore } from './key-store.js';
import type { ReadModels } from './read-models.js';
import type { Clock, Ids, Observer, Sealer } from './system.js';

/** Waits until read models hold an entry, so that a caller reads what it has just written. */
export interface ReadBarrier {
  /** False when the entry is not there within the limit. */
  waitFor(tenantId: string, kind: JournalKind, revision: bigint, timeoutMs: number): Promise<boolean>;
}

/** All ports of one process, opened. Services take it whole and neither know nor care which adapters are behind it. */
export interface Platform {
  readonly log: EntryLog;
  /** Tells what moved; what is true is the log. */
  readonly bus: Bus;
  readonly readModels: ReadModels;
  readonly barrier: ReadBarrier;
  readonly keys: KeyStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Evaluates the conditions of policies' rules. */
  readonly rules: RuleEngine;
  readonly observer: Observer;
  /** First part of every journal's origin. */
  readonly logHost: string;
}
