import type { CallersWait } from './callers-wait.js';

const BATCH_COMMANDS_MAX = 128;

interface Queued<Command> {
  readonly command: Command;
  readonly wait?: CallersWait | undefined;
}

/** Whether a writer may go on with a command: from now on its caller can no longer give it up. */
export const isTaken = ({ wait }: Queued<unknown>): boolean => wait?.take() !== false;

/** Whether its caller still waits; he may give it up as long as nothing is appended. */
export const isWaitedFor = ({ wait }: Queued<unknown>): boolean => wait?.isGivenUp !== true;

/**
 * Takes the longest run of waiting commands that write to one journal out of a queue.
 *
 * @param queue is shortened.
 * @param isWanted of the two above: the second for commands that are decided ahead.
 * @returns those to decide now; and those that their callers have given up, which are never decided.
 */
export const nextBatch = <Command, Each extends Queued<Command>>(
  queue: Each[],
  journalOf: (command: Command) => unknown,
  isWanted: (each: Queued<unknown>) => boolean = isTaken,
): { readonly taken: readonly Each[]; readonly givenUp: readonly Each[] } => {
  const taken: Each[] = [];
  const givenUp: Each[] = [];
  const kind = queue[0] === undefined ? undefined : journalOf(queue[0].command);
  for (const each of queue.slice(0, BATCH_COMMANDS_MAX)) {
    if (journalOf(each.command) !== kind) break;
    (isWanted(each) ? taken : givenUp).push(each);
  }
  queue.splice(0, taken.length + givenUp.length);
  return { taken, givenUp };
};
