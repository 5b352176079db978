import type { Meter } from './meter.js';
import type { Answer, Value } from './values.js';

/** The variables of conditions, each at the place that compiling gave its name. */
export interface Variables {
  at(place: number): Value;
}

/** What a running expression sees. */
export interface Scope {
  readonly variables: Variables;
  /** Variables of the macros around, outermost first. Overwritten by each iteration: nothing outlives one. */
  readonly locals: Value[];
  readonly meter: Meter;
}

/** A compiled expression. Runs in the caller's scope; throws BudgetSpent and nothing else. */
export type Program = (scope: Scope) => Answer;

/** Names of the variables that macros around an expression have bound, outermost first. */
export type LocalNames = readonly string[];
