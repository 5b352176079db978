import {
  BoundedMap,
  type PolicyRule,
  type RuleEngine,
  type RuleError,
  type RuleTrace,
  type RuleVariables,
} from '@verdict/domain';
import { checkCondition } from './check-condition.js';
import { compile } from './evaluation/compile.js';
import { BudgetSpent, Meter } from './evaluation/meter.js';
import type { Program } from './evaluation/program.js';
import { Fault, type Value } from './evaluation/values.js';
import { createLanguage } from './language.js';
import { valuesOf } from './variables.js';

/** Programs kept at least; a tenant's policy has at most 128 rules. */
const PROGRAMS_KEPT = 4_096;

type Compiled =
  { readonly kind: 'program'; readonly program: Program } | { readonly kind: 'defect'; readonly text: string };
type Outcome = Pick<RuleTrace, 'matched' | 'error'>;

const failed = (error: RuleError): Outcome => ({ matched: false, error });

const outcomeOf = (
  program: Program,
  variables: ReadonlyMap<string, Value>,
  meter: Meter,
  onSpent: RuleError,
): Outcome => {
  try {
    const answer = program({ variables, locals: null, meter });
    if (answer instanceof Fault) return failed(answer.code);
    return typeof answer === 'boolean' ? { matched: answer, error: null } : failed('no_such_overload');
  } catch (error) {
    if (error instanceof BudgetSpent) return failed(onSpent);
    throw error;
  }
};

class CelRules implements RuleEngine {
  readonly #language = createLanguage();
  #programs: BoundedMap<Compiled> = BoundedMap.ofCapacity(PROGRAMS_KEPT);

  check(condition: string): string | null {
    const compiled = this.#compiled(condition);
    return compiled.kind === 'defect' ? compiled.text : null;
  }

  evaluate(rules: readonly PolicyRule[], variables: RuleVariables, totalBudget: number): readonly RuleTrace[] {
    const enabled = rules.filter((rule) => rule.enabled);
    if (enabled.length === 0) return [];
    const values = valuesOf(variables);
    let left = totalBudget;
    return enabled.map((rule) => {
      const trace = this.#trace(rule, values, left);
      left -= trace.cost_used;
      return trace;
    });
  }

  #trace(rule: PolicyRule, values: ReadonlyMap<string, Value>, left: number): RuleTrace {
    const compiled = this.#compiled(rule.condition);
    if (compiled.kind === 'defect') return { id: rule.id, ...failed('condition_invalid'), cost_used: 0 };
    const meter = new Meter(Math.min(rule.cost_budget, left));
    const onSpent = rule.cost_budget <= left ? 'cost_budget_spent' : 'total_budget_spent';
    const outcome = outcomeOf(compiled.program, values, meter, onSpent);
    return { cost_used: meter.used, error: outcome.error, id: rule.id, matched: outcome.matched };
  }

  #compiled(condition: string): Compiled {
    const known = this.#programs.get(condition);
    if (known !== undefined) return known;
    const checked = checkCondition(this.#language, condition);
    const compiled: Compiled = checked.kind === 'defect' ? checked : { kind: 'program', program: compile(checked.ast) };
    this.#programs = this.#programs.set(condition, compiled);
    return compiled;
  }
}

/** Rules in CEL. Keeps nothing but compiled conditions, which follow from their text alone. */
export const createCelRules = (): RuleEngine => new CelRules();
