import type { FreshEntry } from './entry-log.js';
import type { JournalKind } from './kinds.js';
import type { LaneOutcome } from './service-definition.js';

/** Entries that this process has written, once they are durable, and what they changed. */
export interface CommittedBatch<State> {
  readonly kind: JournalKind;
  readonly entries: readonly Pick<FreshEntry, 'type' | 'payload'>[];
  readonly before: State;
  readonly after: State;
}

/** A command's turn in its tenant's queue. */
export interface Turn<Command> {
  readonly command: Command;
  /** `committed` also where the answer needed no entry. */
  readonly outcome: LaneOutcome<unknown>['kind'];
  /** From the question until the append that answered it began, or until it was given up. */
  readonly seconds: number;
  readonly hasLostRace: boolean;
}

/** Told by a service what operators count, reactions included; must be cheap and never throw. */
export interface ServiceWatch<State, Command> {
  readonly committed?: (batch: CommittedBatch<State>) => void;
  readonly turned?: (turn: Turn<Command>) => void;
}
