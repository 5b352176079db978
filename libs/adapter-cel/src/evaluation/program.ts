import type { Meter } from './meter.js';
import type { Answer, Value } from './values.js';

/** What a running expression sees. Locals are the variables of macros, innermost first. */
export interface Scope {
  readonly variables: ReadonlyMap<string, Value>;
  readonly locals: Local | null;
  readonly meter: Meter;
}
export interface Local {
  readonly name: string;
  readonly value: Value;
  readonly outer: Local | null;
}

/** A compiled expression. Runs in the caller's scope; throws BudgetSpent and nothing else. */
export type Program = (scope: Scope) => Answer;

export const withLocal = (scope: Scope, name: string, value: Value): Scope => ({
  ...scope,
  locals: { name, value, outer: scope.locals },
});

export const localOf = (locals: Local | null, name: string): Value | undefined => {
  for (let local = locals; local !== null; local = local.outer) if (local.name === name) return local.value;
  return undefined;
};
