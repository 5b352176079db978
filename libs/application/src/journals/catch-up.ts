import { LogUnreadable } from '../ports/journals.js';
import type { EntryLog } from './entry-log.js';
import { type Folded, type FoldedState, foldInOrder } from './fold-in-order.js';
import { type JournalKind, journalName } from './kinds.js';
import type { ServiceDefinition } from './service-definition.js';

export interface Progress<State> {
  readonly at: FoldedState<State>;
  /** As it was after the last own entry. What was folded of other journals since then is provisional. */
  readonly pinned: FoldedState<State>;
}

export interface CatchUpTerms {
  readonly log: EntryLog;
  readonly tenantId: string;
  /** Fold as far as these, which somebody was told of, and do not ask the log for more. */
  readonly heads?: Partial<Folded> | undefined;
}

/**
 * Folds every journal of a tenant to its head. Unless `heads` are given, they are read afresh, so no acknowledged entry is missed. An own entry
 * that another replica wrote may have seen less of the other journals than is folded here, and folds do not commute: then
 * the fold goes back to the last own entry and takes the order that the new one pins, as everybody does who folds later.
 *
 * @throws LogUnreadable, or JournalGap; nothing is folded then.
 * @source architecture section 2 (a decision pins what it saw), guarantee G7
 */
export const catchUp = async <State, Command, Answer>(
  from: Progress<State>,
  { kinds, own, evolve }: Pick<ServiceDefinition<State, Command, Answer>, 'kinds' | 'own' | 'evolve'>,
  { log, tenantId, heads: told }: CatchUpTerms,
): Promise<Progress<State>> => {
  const names = kinds.map((kind) => journalName(kind, tenantId));
  const heads = told === undefined ? await log.heads(names) : kinds.map((kind) => told[kind]);
  const behind = (folded: Folded): readonly JournalKind[] =>
    kinds.filter((kind, index) => folded[kind] < (heads[index] ?? -1n));
  let { at, pinned } = from;
  for (let waiting = behind(at.folded); waiting.length > 0; waiting = behind(at.folded)) {
    const start = waiting.some((kind) => own.includes(kind)) ? pinned : at;
    const before = at.folded;
    const fold = { own, kinds, waiting: behind(start.folded), needsCauses: told !== undefined, evolve };
    const moved = await foldInOrder(start, fold, (kind, revision) => log.read(journalName(kind, tenantId), revision));
    at = { state: moved.state, folded: moved.folded };
    pinned = moved.pinned ?? pinned;
    if (kinds.every((kind) => at.folded[kind] <= before[kind]))
      throw new LogUnreadable(`the journals of ${tenantId} cannot be read up to their heads`);
  }
  return { at, pinned };
};
