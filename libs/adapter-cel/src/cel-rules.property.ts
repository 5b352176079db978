import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCelRules } from './cel-rules.js';
import { ruleOf, VARIABLES } from './testing/variables.js';

/** Typed expressions, so that all of them compile; their errors are those of values. */
const { bool } = fc.letrec<{ bool: string; int: string; text: string; list: string }>((tie) => ({
  int: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.integer({ min: -9, max: 99 }).map((value) => (value < 0 ? `(${value})` : String(value))),
    fc.constant('9223372036854775807'),
    fc.tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('text').map((text) => `size(${text})`),
    tie('list').map((list) => `${list}.size()`),
    tie('list').map((list) => `${list}[0]`),
    fc.tuple(tie('bool'), tie('int'), tie('int')).map(([test, a, b]) => `(${test} ? ${a} : ${b})`),
  ),
  text: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('"a"', '"bc"', '""', '"😀"'),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
    tie('int').map((int) => `string(${int})`),
  ),
  list: fc.oneof(
    { maxDepth: 3 },
    fc.array(tie('int'), { minLength: 1, maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.tuple(tie('list'), tie('int')).map(([list, int]) => `${list}.map(x, x + ${int})`),
    fc.tuple(tie('list'), tie('int')).map(([list, int]) => `${list}.filter(x, x > ${int})`),
    fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
  ),
  bool: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('true', 'false'),
    fc
      .tuple(tie('int'), fc.constantFrom('<', '<=', '==', '!=', '>', '>='), tie('int'))
      .map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('text'), fc.constantFrom('<', '==', '!='), tie('text')).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool')).map((parts) => `(${parts.join(' ')})`),
    tie('bool').map((test) => `!${test}`),
    fc.tuple(tie('int'), tie('list')).map(([int, list]) => `(${int} in ${list})`),
    fc
      .tuple(tie('text'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('text'))
      .map(([a, name, b]) => `${a}.${name}(${b})`),
    fc
      .tuple(tie('list'), fc.constantFrom('all', 'exists', 'exists_one'), tie('bool'))
      .map(([list, name, test]) => `${list}.${name}(x, x > 1 || ${test})`),
    fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} == ${b})`),
  ),
}));

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

describe('evaluation of conditions', () => {
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
