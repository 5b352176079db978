import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCelRules } from './cel-rules.js';
import { checkCondition } from './check-condition.js';
import { BudgetSpent, Meter } from './evaluation/meter.js';
import { Fault } from './evaluation/values.js';
import { createLanguage, VARIABLES as DECLARED } from './language.js';
import { conditionsWith, NO_LEAVES, VARIABLE_LEAVES } from './testing/conditions.js';
import { walk } from './testing/reference.js';
import { ruleOf, VARIABLES } from './testing/variables.js';
import { placeOf, variablesOf } from './variables.js';

const bool = conditionsWith(NO_LEAVES);

const evaluate = (condition: string, budget: number, total = 100_000) =>
  createCelRules().evaluate([ruleOf(condition, { cost_budget: budget })], VARIABLES, total);

/** The library's own evaluation: an independent reading of the same language. */
const library = new Environment();
const peerAnswer = (condition: string): boolean | 'error' => {
  try {
    return library.evaluate(condition) as boolean;
  } catch {
    return 'error';
  }
};

const language = createLanguage();
const values = variablesOf(VARIABLES);
const byName = Object.fromEntries(
  [...Object.keys(DECLARED), 'now'].map((name) => [name, values.at(placeOf(name) ?? -1)]),
);
/** What walking the tree itself comes to. */
const referenceTrace = (condition: string, budget: number) => {
  const checked = checkCondition(language, condition);
  if (checked.kind === 'defect') throw new Error(`${condition}: ${checked.text}`);
  const meter = new Meter(budget);
  try {
    const answer = walk(checked.ast, byName, meter);
    const error = answer instanceof Fault ? answer.code : null;
    return { id: 'r1', matched: answer === true, cost_used: meter.used, error };
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    return { id: 'r1', matched: false, cost_used: meter.used, error: 'cost_budget_spent' };
  }
};

describe('evaluation of conditions', () => {
  it('gives what walking the tree gives: the answer, the error, and the cost to the unit, whatever the budget', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(conditionsWith(VARIABLE_LEAVES), fc.integer({ min: 1, max: 60 }), (condition, budget) => {
        fc.pre(condition.length < 4000);
        for (const limit of [budget, 10_000]) {
          const [trace] = evaluate(condition, limit);
          seen.set(String(trace?.error), (seen.get(String(trace?.error)) ?? 0) + 1);
          expect([condition, trace]).toEqual([condition, referenceTrace(condition, limit)]);
        }
      }),
      { numRuns: 1500 },
    );
    for (const outcome of ['null', 'no_such_key', 'cost_budget_spent', 'integer_overflow', 'division_by_zero'])
      expect([outcome, (seen.get(outcome) ?? 0) > 5]).toEqual([outcome, true]);
  });

  it('agrees with the library that parsed them, on values and on errors', () => {
    let errors = 0;
    fc.assert(
      fc.property(bool, (condition) => {
        fc.pre(condition.length < 4000);
        const [trace] = evaluate(condition, 10_000);
        const mine = trace?.error === null ? trace.matched : 'error';
        if (mine === 'error') errors += 1;
        expect([condition, mine]).toEqual([condition, peerAnswer(condition)]);
      }),
      { numRuns: 1000 },
    );
    expect(errors).toBeGreaterThan(10);
  });

  it('gives the same trace for the same arguments, whatever was evaluated before', () => {
    const used = createCelRules();
    fc.assert(
      fc.property(bool, (condition) => {
        const again = used.evaluate([ruleOf(condition)], VARIABLES, 100_000);
        expect(again).toEqual(evaluate(condition, 10_000));
        expect(used.evaluate([ruleOf(condition)], VARIABLES, 100_000)).toEqual(again);
      }),
      { numRuns: 200 },
    );
  });

  it('never costs more than the budget, and the answer under a smaller budget is the same or that it is spent', () => {
    let spent = 0;
    fc.assert(
      fc.property(
        bool,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        (condition, budget, total) => {
          const [trace] = evaluate(condition, budget, total);
          const [whole] = evaluate(condition, 10_000);
          expect(trace?.cost_used).toBeLessThanOrEqual(Math.min(budget, total));
          if ((whole?.cost_used ?? 0) <= Math.min(budget, total)) expect(trace).toEqual(whole);
          else {
            expect(trace?.error).toBe(budget <= total ? 'cost_budget_spent' : 'total_budget_spent');
            spent += 1;
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(spent).toBeGreaterThan(20);
  });

  it('finds a defect or compiles any text, and never fails', () => {
    const rules = createCelRules();
    const texts = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[a-z0-9 ().,"&|!=<>[\]{}?:+*/%-]*$/));
    fc.assert(
      fc.property(texts, (text) => {
        const defect = rules.check(text);
        expect(defect === null || defect.startsWith('line ')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
