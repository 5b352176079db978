import type { Actor } from '@verdict/domain';
import type { Cause } from '@verdict/ledger';
import type { Revision } from '../ports/journals.js';
import type { RecordedEntry } from './entry-log.js';
import type { Folded } from './fold-in-order.js';
import type { JournalKind } from './kinds.js';

/** An entry as a decider makes it: a type and a payload that is the ledger's JSON. */
export interface DomainEntry {
  readonly type: string;
  readonly payload: unknown;
}

/** What a decider made of one command: entries to append (none for refusals and replays) and what to answer. */
export interface Decided<Answer> {
  readonly entries: readonly DomainEntry[];
  readonly answer: Answer;
}

/** A service as a deterministic state machine over the journals of one tenant. */
export interface ServiceDefinition<State, Command, Answer> {
  readonly name: string;
  readonly own: readonly JournalKind[];
  /** All journals it folds, its own included. */
  readonly kinds: readonly JournalKind[];
  readonly initial: State;
  /** Raised whenever the shape or meaning of the state changes: older snapshots are dropped. */
  readonly stateVersion: number;
  /** The own journal a command writes to. */
  readonly journalOf: (command: Command) => JournalKind;
  /** The command as it is decided once half of its caller's time is gone: without what can be left out. Default: as it is. */
  readonly hurried?: (command: Command) => Command;
  readonly decide: (command: Command, state: State) => Decided<Answer>;
  readonly evolve: (
    state: State,
    kind: JournalKind,
    entry: { readonly type: string; readonly payload: unknown; readonly revision: bigint },
  ) => State;
  /** What the state says is due now; decided like any command, and gone once its entries are folded. */
  readonly reactions: (state: State, nowMs: number) => readonly Reaction<Command>[];
}

/** A command that the state itself asks for, and the entry of another journal that made it due. */
export interface Reaction<Command> {
  readonly command: Command;
  readonly cause: { readonly kind: JournalKind; readonly revision: Revision } | null;
}

/** Who and what stands behind a command; enters the envelope. */
export interface CommandContext {
  /** Idempotency anchor: equal for repetitions of one command. */
  readonly commandId: string;
  readonly actor: Actor;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly causes: readonly Cause[];
}

export interface CommittedEntry {
  readonly kind: JournalKind;
  readonly origin: string;
  readonly entry: RecordedEntry;
}

export type LaneOutcome<Answer> =
  | {
      readonly kind: 'committed';
      readonly answer: Answer;
      readonly entries: readonly CommittedEntry[];
      readonly observed: Folded;
    }
  /** The entries may or may not be in the log: repeating the command with the same key is safe. */
  | { readonly kind: 'unknown' }
  /** Other writers won every race, or the caller gave up before a turn came; nothing was written. */
  | { readonly kind: 'contended' }
  /** The log cannot be read; nothing was written. */
  | { readonly kind: 'unavailable' }
  /** Too many commands of this tenant wait already; nothing was written. */
  | { readonly kind: 'overloaded' }
  /** An entry would be larger than the ledger allows; nothing was written. */
  | { readonly kind: 'too_large'; readonly bytes: number; readonly bytesMax: number }
  /** A defect: the command could not be decided; nothing was written. */
  | { readonly kind: 'failed'; readonly error: unknown };
