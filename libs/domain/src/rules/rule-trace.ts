/** Why a condition has no answer. A closed list, since traces are recorded and re-derived byte for byte. */
export type RuleError =
  | 'cost_budget_spent'
  | 'total_budget_spent'
  | 'condition_invalid'
  | 'no_such_key'
  | 'no_such_overload'
  | 'index_out_of_range'
  | 'division_by_zero'
  | 'integer_overflow'
  | 'evaluation_failed';

/** What became of one rule. `matched` is false where `error` is given; the effect decides what an error counts as. */
export interface RuleTrace {
  readonly id: string;
  readonly matched: boolean;
  readonly cost_used: number;
  readonly error: RuleError | null;
}
