import type { CallersWait } from './callers-wait.js';

const BATCH_COMMANDS_MAX = 128;

interface Queued<Command> {
  readonly command: Command;
  readonly wait?: CallersWait | undefined;
}

/**
 * Takes the longest run of waiting commands that write to one journal out of a queue.
 *
 * @param queue is shortened.
 * @returns those to decide now; and those that their callers have given up, which are never decided.
 */
export const nextBatch = <Command, Each extends Queued<Command>>(
  queue: Each[],
  journalOf: (command: Command) => unknown,
): { readonly taken: readonly Each[]; readonly givenUp: readonly Each[] } => {
  const taken: Each[] = [];
  const givenUp: Each[] = [];
  const kind = queue[0] === undefined ? undefined : journalOf(queue[0].command);
  for (const each of queue.slice(0, BATCH_COMMANDS_MAX)) {
    if (journalOf(each.command) !== kind) break;
    (each.wait?.take() === false ? givenUp : taken).push(each);
  }
  queue.splice(0, taken.length + givenUp.length);
  return { taken, givenUp };
};
