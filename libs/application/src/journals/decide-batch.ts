import type { Sealer } from '../ports/system.js';
import type { CallersWait } from './callers-wait.js';
import type { FreshEntry } from './entry-log.js';
import type { JournalKind } from './kinds.js';
import { type BatchStamp, sealFresh } from './seal-entry.js';
import type { CommandContext, ServiceDefinition } from './service-definition.js';

/** A batch closes once it is past these; the port takes 500 entries and 900 KiB, one command makes up to 200 entries. */
const BATCH_ENTRIES_MAX = 290;
const BATCH_BYTES_MAX = 560 * 1024;

export interface DecidedBatch<State, Answer> {
  readonly next: State;
  readonly fresh: readonly FreshEntry[];
  /** Per command taken: its answer and its slice of `fresh`; or why it could not be decided or sealed. */
  readonly answers: readonly (
    { readonly answer: Answer; readonly from: number; readonly to: number } | { readonly error: unknown }
  )[];
}

export interface BatchStart<State, Command, Answer> {
  readonly service: ServiceDefinition<State, Command, Answer>;
  readonly state: State;
  readonly kind: JournalKind;
  /** Revision of the first entry it would append. */
  readonly next: bigint;
  readonly stamp: BatchStamp;
  readonly sealer: Sealer;
}

interface Waiting<Command> {
  readonly command: Command;
  readonly context: CommandContext;
  readonly wait?: CallersWait | undefined;
}

/** The clock is asked here, once for each attempt, so that deciding stays pure. */
const asTimeAllows = <Command>(
  { hurried }: Pick<ServiceDefinition<never, Command, unknown>, 'hurried'>,
  { command, wait }: Waiting<Command>,
): Command => (hurried !== undefined && wait?.isHalfGone() === true ? hurried(command) : command);

/**
 * Decides commands one after the other, each on the state that its predecessors leave, and seals what they make.
 * Speculative: the state is persistent, so a batch that loses the race is simply dropped.
 */
export const decideBatch = <State, Command, Answer>(
  { service, state, kind, next: base, stamp, sealer }: BatchStart<State, Command, Answer>,
  batch: readonly Waiting<Command>[],
): DecidedBatch<State, Answer> => {
  let next = state;
  let bytes = 0;
  const fresh: FreshEntry[] = [];
  const answers: DecidedBatch<State, Answer>['answers'][number][] = [];
  for (const waiting of batch) {
    const { context } = waiting;
    if (answers.length > 0 && (fresh.length > BATCH_ENTRIES_MAX || bytes > BATCH_BYTES_MAX)) break;
    const from = fresh.length;
    const first = base + BigInt(from);
    try {
      const { entries, answer } = service.decide(asTimeAllows(service, waiting), next);
      const sealed = entries.map((entry, ordinal) =>
        sealFresh(entry, stamp, { context, ordinal, revision: first + BigInt(ordinal) }, sealer),
      );
      next = sealed.reduce(
        // The revision first: adding to what was spread costs the engine a microsecond each time.
        (folded, entry, ordinal) => service.evolve(folded, kind, { revision: first + BigInt(ordinal), ...entry }),
        next,
      );
      fresh.push(...sealed);
      bytes += sealed.reduce((sum, entry) => sum + entry.bytes.length, 0);
      answers.push({ answer, from, to: fresh.length });
    } catch (error) {
      answers.push({ error }); // One defective command must not take its neighbours with it.
    }
  }
  return { next, fresh, answers };
};
