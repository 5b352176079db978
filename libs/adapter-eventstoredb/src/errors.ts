import type { JournalName } from '@verdict/application';

/** A journal is not as Verdict has left it: nothing is written to it before somebody has looked. */
export class LogDamaged extends Error {
  override readonly name = 'LogDamaged';
  constructor(
    readonly journals: readonly JournalName[],
    reason: string,
  ) {
    super(`${journals.slice(0, 5).join(', ')}: ${reason}`);
  }
}

/** Done or not done: the store did not answer, or its answer says nothing about what happened. */
export class Doubtful extends Error {
  override readonly name = 'Doubtful';
}

export class JournalsClosed extends Error {
  override readonly name = 'JournalsClosed';
  /** Read like the `type` of the client's own errors. */
  readonly type = 'closed';
  constructor() {
    super('the journals are closed');
  }
}

/** What an operator has to look at; nothing of it passes by itself. */
export type Alarm =
  /** The store refused an append for good: access, size, a deleted stream, a wrong argument. */
  | { readonly kind: 'append_refused'; readonly journal: JournalName; readonly reason: string }
  /** Nothing is written to this journal any more until the process starts again. */
  | { readonly kind: 'journal_stopped'; readonly journal: JournalName; readonly reason: string }
  /** A caller sent an entry whose envelope names another place: answered as a conflict. */
  | { readonly kind: 'entry_misplaced'; readonly journal: JournalName; readonly reason: string }
  /** The clocks of this process and of the store differ by more than a second. */
  | { readonly kind: 'clock_skew'; readonly reason: string };

export type OnAlarm = (alarm: Alarm) => void;

/** Looks at the shape, not at the class: errors may come from another realm. */
export const memberOf = (error: unknown, member: string): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, member) : undefined;

export const messageOf = (error: unknown): string => {
  const message = memberOf(error, 'message');
  const text = typeof message === 'string' && message !== '' ? message : memberOf(error, 'type');
  return typeof text === 'string' ? text : String(error);
};
