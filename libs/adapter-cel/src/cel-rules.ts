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
import type { Program, Variables } from './evaluation/program.js';
import { Fault } from './evaluation/values.js';
import { createLanguage } from './language.js';
import { variablesOf } from './variables.js';

/** Programs kept at least by their text; a tenant's policy has at most 128 rules. */
const PROGRAMS_KEPT = 4_096;

type Compiled =
  | { readonly kind: 'program'; readonly program: Program; readonly unpublishable: string | null }
  | { readonly kind: 'defect'; readonly text: string };
type Outcome = Pick<RuleTrace, 'matched' | 'error'>;
interface EnabledRule {
  readonly rule: PolicyRule;
  readonly compiled: Compiled;
}

const failed = (error: RuleError): Outcome => ({ matched: false, error });

const outcomeOf = (program: Program, variables: Variables, meter: Meter, onSpent: RuleError): Outcome => {
  try {
    const answer = program({ variables, locals: [], meter });
    if (answer instanceof Fault) return failed(answer.code);
    return typeof answer === 'boolean' ? { matched: answer, error: null } : failed('no_such_overload');
  } catch (error) {
    if (error instanceof BudgetSpent) return failed(onSpent);
    throw error;
  }
};

/** Members in canonical order, so that sealing has nothing to sort. */
const traceOf = ({ id }: PolicyRule, { matched, error }: Outcome, cost_used: number): RuleTrace => ({
  cost_used,
  error,
  id,
  matched,
});

const evaluated = ({ rule, compiled }: EnabledRule, variables: Variables, left: number): RuleTrace => {
  if (compiled.kind === 'defect') return traceOf(rule, failed('condition_invalid'), 0);
  const meter = new Meter(Math.min(rule.cost_budget, left));
  const onSpent = rule.cost_budget <= left ? 'cost_budget_spent' : 'total_budget_spent';
  const outcome = outcomeOf(compiled.program, variables, meter, onSpent);
  return traceOf(rule, outcome, meter.used);
};

class CelRules implements RuleEngine {
  readonly #language = createLanguage();
  #programs: BoundedMap<Compiled> = BoundedMap.ofCapacity(PROGRAMS_KEPT);
  /** By the list that a policy has: as long as that lives, its conditions need not be looked up by their text. */
  readonly #enabled = new WeakMap<readonly PolicyRule[], readonly EnabledRule[]>();

  check(condition: string): string | null {
    const compiled = this.#compiled(condition);
    return compiled.kind === 'defect' ? compiled.text : compiled.unpublishable;
  }

  evaluate(rules: readonly PolicyRule[], variables: RuleVariables, totalBudget: number): readonly RuleTrace[] {
    const values = variablesOf(variables);
    let left = totalBudget;
    return this.#enabledOf(rules).map((rule) => {
      const trace = evaluated(rule, values, left);
      left -= trace.cost_used;
      return trace;
    });
  }

  #enabledOf(rules: readonly PolicyRule[]): readonly EnabledRule[] {
    const known = this.#enabled.get(rules);
    if (known !== undefined) return known;
    const enabled = rules
      .filter((rule) => rule.enabled)
      .map((rule) => ({ rule, compiled: this.#compiled(rule.condition) }));
    this.#enabled.set(rules, enabled);
    return enabled;
  }

  #compiled(condition: string): Compiled {
    const known = this.#programs.get(condition);
    if (known !== undefined) return known;
    const checked = checkCondition(this.#language, condition);
    const compiled: Compiled =
      checked.kind === 'defect'
        ? checked
        : { kind: 'program', program: compile(checked.ast), unpublishable: checked.unpublishable };
    this.#programs = this.#programs.set(condition, compiled);
    return compiled;
  }
}

/** Rules in CEL. Keeps nothing but compiled conditions, which follow from their text alone. */
export const createCelRules = (): RuleEngine => new CelRules();
