import { expect } from '@jest/globals';
import type { Result } from '@verdict/domain';

/** What `specFor` needs of a decider: `evolve` may also take entries that the journal's owner only observes. */
export interface SpecifiedDecider<State, Command, Own, Observed, Refusal> {
  readonly initial: State;
  decide(command: Command, state: State): Result<Own, Refusal>;
  evolve(state: State, entry: Own | Observed): State;
}

export interface WhenSpec<Own, Refusal> {
  /** The command is accepted with exactly these entries, in this order; with none, it changes nothing. */
  thenRecords(...entries: readonly Own[]): void;
  /** The command is refused with this code and therefore writes nothing. */
  thenRefuses(refusal: Refusal): void;
}
export interface GivenSpec<Command, Own, Refusal> {
  when(command: Command): WhenSpec<Own, Refusal>;
}
export interface Spec<Command, Own, Observed, Refusal> {
  given(...history: readonly (Own | Observed)[]): GivenSpec<Command, Own, Refusal>;
}

/**
 * Given a history, when a command arrives, then these entries are recorded, or this refusal.
 * A `decide` that changes the state it was given fails the spec: the same command is decided twice and must agree.
 */
export const specFor = <State, Command, Own, Observed, Refusal>(
  decider: SpecifiedDecider<State, Command, Own, Observed, Refusal>,
): Spec<Command, Own, Observed, Refusal> => ({
  given: (...history) => ({
    when: (command) => {
      const state = history.reduce((folded: State, entry) => decider.evolve(folded, entry), decider.initial);
      const result = decider.decide(command, state);
      expect(decider.decide(command, state)).toEqual(result);
      return {
        thenRecords: (...entries) => {
          expect(result).toEqual({ kind: 'accepted', entries });
        },
        thenRefuses: (refusal) => {
          expect(result).toEqual({ kind: 'refused', refusal });
        },
      };
    },
  }),
});
