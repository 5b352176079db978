import { EntryTooLarge } from '@verdict/ledger';
import type { Revision } from '../ports/journals.js';
import type { DecidedBatch } from './decide-batch.js';
import type { Folded } from './fold-in-order.js';
import type { JournalKind } from './kinds.js';
import type { LaneOutcome } from './service-definition.js';

/** What one command of an appended batch came to. `base`: revision of the batch's first entry. */
export const outcomeOf = <Answer>(
  answer: DecidedBatch<unknown, Answer>['answers'][number],
  batch: {
    readonly kind: JournalKind;
    readonly origin: string;
    readonly base: Revision;
    readonly fresh: DecidedBatch<unknown, Answer>['fresh'];
    readonly observed: Folded;
  },
): LaneOutcome<Answer> => {
  if ('error' in answer) {
    const { error } = answer;
    return error instanceof EntryTooLarge
      ? { kind: 'too_large', bytes: error.bytes, bytesMax: error.bytesMax }
      : { kind: 'failed', error };
  }
  const { kind, origin, base, fresh, observed } = batch;
  const entries = fresh
    .slice(answer.from, answer.to)
    .map((entry, offset) => ({ kind, origin, entry: { revision: base + BigInt(answer.from + offset), ...entry } }));
  return { kind: 'committed', answer: answer.answer, entries, observed };
};

/** What was wrong with a command that nobody waits for, where trying again would end the same way. */
export const defectIn = (outcome: LaneOutcome<unknown>): unknown => {
  if (outcome.kind === 'failed') return outcome.error;
  if (outcome.kind !== 'too_large') return undefined;
  return new RangeError(`an entry of ${String(outcome.bytes)} bytes, at most ${String(outcome.bytesMax)} are allowed`);
};
