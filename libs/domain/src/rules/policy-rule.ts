/** What a rule that matches does. A deny is a violation; an obligation is passed on to the caller. */
export type RuleEffect = 'deny' | 'require_approval' | 'warn' | 'add_obligation';

/** One rule of a policy document, complete. Limits: {@link CONDITION_BYTES_MAX}, {@link RULE_COST_MAX}. */
export interface PolicyRule {
  readonly id: string;
  readonly enabled: boolean;
  /** A CEL expression over `RuleVariables` that yields a bool. */
  readonly condition: string;
  readonly effect: RuleEffect;
  /** Shown to the caller; at most 256 characters. */
  readonly message: string;
  /** Given for `add_obligation`, null otherwise. */
  readonly obligation: { readonly key: string; readonly value: string } | null;
  /** Units that one evaluation may use, 1 to {@link RULE_COST_MAX}. */
  readonly cost_budget: number;
}

export const RULES_MAX = 128;
export const CONDITION_BYTES_MAX = 4096;
/** Units that one rule may be given, and is given where it names none. */
export const RULE_COST_MAX = 10_000;
/** Units that all rules of a decision may use together. */
export const RULES_COST_MAX = 100_000;
