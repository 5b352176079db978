import { describe, expect, it } from '@jest/globals';
import { type RuleTrace, type RuleVariables } from '@verdict/domain';
import { createCelRules } from './cel-rules.js';
import { ruleOf, VARIABLES } from './testing/variables.js';

const rules = createCelRules();
const traceOf = (condition: string, variables: RuleVariables = VARIABLES, total = 100_000): RuleTrace => {
  const [trace] = rules.evaluate([ruleOf(condition)], variables, total);
  if (trace === undefined) throw new Error('no trace');
  return trace;
};
const answerOf = (condition: string, variables?: RuleVariables) => {
  const { matched, error } = traceOf(condition, variables);
  return error ?? matched;
};

describe('conditions', () => {
  it.each([
    // Money
    ['cost.monthly > usd("411.999999")', true],
    ['cost.monthly == usd("412") && usd("-0.000001") == -1', true],
    ['cost.monthly - budget.fundable == budget.unfunded', true],
    // Each variable
    ['request.source == "terraform" && request.action == "terraform.apply" && request.project_id == "web"', true],
    ['request.environment == "prod" && request.environment_class == "prod" && !request.dry_run', true],
    ['request.resource_reference.startsWith("module.db.")', true],
    ['request.resource_types.exists(t, t == "aws_db_instance")', true],
    ['request.metadata.labels.team == "data" && request.metadata["replicas"] == 3', true],
    ['request.metadata.ratio == 0.5 && request.metadata.none == null', true],
    ['"ci@acme" == actor.subject && actor.kind == "service" && "requester" in actor.roles', true],
    ['actor.groups.size() == 1 && actor.on_behalf_of == ""', true],
    ['cost.hourly == usd("0.564384") && cost.method == "price_book"', true],
    ['cost.completeness != "complete" && cost.priced == 5 && cost.unpriced == 1', true],
    ['change.creates + change.updates + change.deletes + change.replaces == 4 && change.destructive', true],
    ['budget.matched.all(b, b.headroom == b.limit - b.spent - b.held)', true],
    ['budget.matched.exists_one(b, b.scope == "tenant" && b.period == "month")', true],
    ['credits.reserved == 0 && credits.emergency == usd("50")', true],
    ['context.mtd == usd("3100") && context.burn_daily == usd("310") && context.forecast_eom == usd("9300")', true],
    ['context.anomaly == "spike" && context.observed_days == 10 && !context.stale', true],
    ['context.data_source_mode == "mixed" && !has(context.project)', true],
    ['risk.score >= 6 && risk.class == "high"', true],
    ['now == timestamp("2026-11-22T02:13:17.25Z") && now.getHours() == 2 && now.getDayOfWeek() == 0', true],
    // Operators
    ['1 + 2 * 3 - 8 / 4 % 3 == 5', true],
    ['-7 / 2 == -3 && -7 % 2 == -1', true],
    ['1.5 * 2.0 + 1.0 - 0.5 == 3.5 && 7.0 / 2.0 == 3.5', true],
    ['1 < 1.5 && 2 > 1.5 && 2 >= 2 && 2 <= 2 && "a" < "b" && false < true', true],
    ['"ab" + "c" == "abc" && [1] + [2] == [1, 2] && {"a": [1]} == {"a": [1]}', true],
    ['[1, 2] != [2, 1] && {"a": 1} != {"a": 2} && {"a": 1} != {"b": 1}', true],
    ['request.metadata.replicas == 3.0 && request.metadata.replicas != "3"', true],
    ['2 in [1, 2] && !(3 in [1, 2]) && "a" in {"a": 1} && "team" in request.metadata.labels', true],
    ['true ? 1 == 1 : 1 == 2', true],
    ['[10, 20][1] == 20 && {1: "a"}[1] == "a" && cost["priced"] == 5', true],
    ['now - timestamp("2026-11-22T00:13:17.25Z") == duration("2h") && now + duration("-1.5s") < now', true],
    ['duration("1h30m").getMinutes() == 90 && duration("90s") - duration("30s") == duration("1m")', true],
    // Macros
    ['request.metadata.tags.map(t, t + "!") == ["a!", "b!", "c!"]', true],
    ['request.metadata.tags.map(t, t != "b", t + t) == ["aa", "cc"]', true],
    ['request.metadata.tags.filter(t, t > "a").size() == 2', true],
    ['request.metadata.labels.all(key, key == "team")', true],
    ['[1, 2].all(request, request > 0) && [[1], [2]].exists(x, x.exists(y, y == 2))', true],
    ['[].all(x, x == 1) && ![].exists(x, x == 1)', true],
    [
      'has(request.metadata.labels.team) && !has(request.metadata.labels.owner) && !has(request.metadata.nothing.at)',
      true,
    ],
    // Functions
    ['size("äöü😀") == 4 && "  x ".trim() == "x" && size([1, 2]) == 2 && size({"a": 1}) == 1', true],
    ['"ÄbC".lowerAscii() == "Äbc" && "äbc".upperAscii() == "äBC"', true],
    ['"a,b".split(",") == ["a", "b"] && ["a", "b"].join("-") == "a-b" && ["a", "b"].join() == "ab"', true],
    ['"abc".contains("b") && "abc".endsWith("bc") && !"abc".startsWith("b")', true],
    ['int("42") == 42 && int(2.9) == 2 && double("1e2") == 100.0 && double(1) == 1.0', true],
    ['string(1) + string(true) + string(0.5) == "1true0.5" && dyn(1) == 1', true],
    // What an error does to its neighbours
    ['1 / 0 == 1 || true', true],
    ['true || 1 / 0 == 1', true],
    ['1 / 0 == 1 && false', false],
    ['[0, 1].exists(x, 1 / x == 1)', true],
    ['[0, 2].all(x, 1 / x == 1)', false],
  ])('%s is %s', (condition, expected) => {
    expect(rules.check(condition)).toBeNull();
    expect(answerOf(condition)).toBe(expected);
  });

  it.each([
    ['1 / 0 == 1', 'division_by_zero'],
    ['1 % 0 == 1', 'division_by_zero'],
    ['9223372036854775807 + 1 > 0', 'integer_overflow'],
    ['[0, 1].all(x, 1 / x == 1)', 'division_by_zero'],
    ['[0, 1].map(x, 1 / x).size() == 2', 'division_by_zero'],
    ['request.metadata.owner == "x"', 'no_such_key'],
    ['dyn(cost)["constructor"] == 1', 'no_such_key'],
    ['dyn(risk)["__proto__"] == 1', 'no_such_key'],
    ['context.project.mtd > 0', 'no_such_key'],
    ['request.metadata.tags[3] == "d"', 'index_out_of_range'],
    ['request.metadata.tags[-1] == "d"', 'index_out_of_range'],
    ['request.metadata.labels > 1', 'no_such_overload'],
    ['request.metadata.none > 1', 'no_such_overload'],
    ['request.metadata.tags.exists(t, t > 1)', 'no_such_overload'],
    ['request.metadata.replicas || false', 'no_such_overload'],
    ['usd(request.project_id) > 0', 'evaluation_failed'],
    ['int(request.project_id) > 0', 'evaluation_failed'],
    ['timestamp(request.project_id) < now', 'evaluation_failed'],
    ['duration(request.project_id) > duration("1s")', 'evaluation_failed'],
  ])('%s has no answer: %s', (condition, error) => {
    expect(rules.check(condition)).toBeNull();
    expect(answerOf(condition)).toBe(error);
  });

  it('ask for a variable only where one of them reads it, and then once for all', () => {
    const asked: string[] = [];
    const variables = new Proxy(VARIABLES, {
      get: (all, name) => {
        asked.push(String(name));
        return Reflect.get(all, name) as unknown;
      },
    });
    const conditions = ['risk.score > 5 || context.stale', 'cost.priced == 5 && cost.unpriced == 1 && risk.score > 1'];
    rules.evaluate(
      conditions.map((condition) => ruleOf(condition)),
      variables,
      100_000,
    );
    expect(asked).toEqual(['risk', 'cost']);
  });

  it('make an unknown amount an error and never a small number', () => {
    const unknown = { ...VARIABLES, cost: { ...VARIABLES.cost, monthly: null } };
    expect(answerOf('cost.monthly < usd("25")', unknown)).toBe('no_such_key');
    expect(answerOf('cost.monthly == 0', unknown)).toBe('no_such_key');
    expect(answerOf('has(cost.monthly) && cost.monthly < usd("25")', unknown)).toBe(false);
    expect(answerOf('context.mtd > 0', { ...VARIABLES, context: null })).toBe('no_such_key');
  });
});

describe('the check of a condition', () => {
  it.each([
    ['cost.monthly >', 'line 1, column 15: Unexpected token: EOF'],
    ['true &&\n  budgets.fundable > 0', 'line 2, column 3: Unknown variable: budgets'],
    ['cost.yearly > 0', 'line 1, column 6: No such key: yearly'],
    ['has(cost.yearly)', 'line 1, column 5: No such key: yearly'],
    ['budget.matched.exists(b, b.left > 0)', 'line 1, column 28: No such key: left'],
    ['cost.monthly == "25"', 'line 1, column 1: no such overload: int == string'],
    ['cost.monthly + 0.5 > 0.0', 'line 1, column 1: no such overload: int + double'],
    ['cost.monthly', 'line 1, column 1: the result is int, not bool'],
    ['request.metadata.blocked', 'line 1, column 1: the result is dyn, not bool'],
    ['usd(25) > 0', "line 1, column 1: found no matching overload for 'usd(int)'"],
    [
      'cost.monthly > usd("1e3")',
      'line 1, column 16: usd() takes a decimal amount with at most 6 places, as in usd("25.00")',
    ],
    ...['2027-02-30T00:00:00Z', '2027-02-29T10:00:00Z', '2027-01-01T24:00:00Z', '2027-01-01', 'tomorrow'].map(
      (text): [string, string] => [
        `true &&\n  now < timestamp("${text}")`,
        'line 2, column 9: timestamp() takes a time that there is, with its zone, as in timestamp("2026-11-22T10:00:00Z")',
      ],
    ),
    ['now - now > duration("1 h")', 'line 1, column 13: duration() takes a length such as "1h30m" or "90s"'],
    ['request.action.matches("(a+)+b")', 'line 1, column 1: the function matches with 1 arguments is not offered'],
    ['now.getHours("Europe/Berlin") > 6', 'line 1, column 1: the function getHours with 1 arguments is not offered'],
    ['cel.bind(a, 1, a == 1)', 'line 1, column 1: the function bind with 3 arguments is not offered'],
    ['type(1) == int', 'line 1, column 1: the function type is not offered'],
    ['b"a" == b"a"', 'line 1, column 1: bytes and unsigned literals are not offered'],
    ['9223372036854775808 > 0', 'line 1, column 1: the integer does not fit in 64 bits'],
    ['', 'line 1, column 1: Unexpected token: EOF'],
  ])('%s: %s', (condition, text) => {
    expect(rules.check(condition)).toBe(text);
  });

  it('refuses 4097 bytes, counted as UTF-8, and takes 4096', () => {
    const padded = (bytes: number) => `"${'ä'.repeat((bytes - 8) / 2)}" != "${bytes % 2 === 0 ? '' : 'x'}"`;
    expect(rules.check(padded(4096))).toBeNull();
    expect(rules.check(`${padded(4096)} `)).toBe('the condition is longer than 4096 bytes');
  });

  it('refuses what is nested deeper than any reader could follow, and does not fall over it', () => {
    expect(rules.check(`${'('.repeat(1500)}true${')'.repeat(1500)}`)).toMatch(/^line 1/);
    expect(rules.check(`${'!'.repeat(3000)}true`)).toMatch(/^line 1/);
  });
});

describe('the cost of rules', () => {
  it.each([
    ['true', 1],
    ['cost.monthly > usd("1")', 5],
    ['true || cost.monthly > 0', 2],
    ['[1, 2, 3].all(x, x > 0)', 1 + 4 + 3 * (1 + 3)],
    ['"a" == "b"', 4],
    [`"${'a'.repeat(64)}".contains("b")`, 3 + 2],
  ])('%s uses %i units: one per node, per iteration, per pair compared, per 32 characters', (condition, units) => {
    expect(traceOf(condition).cost_used).toBe(units);
  });

  it('stops a rule that has used its own budget, and says so', () => {
    const trace = rules.evaluate([ruleOf('cost.monthly > usd("1")', { cost_budget: 4 })], VARIABLES, 100_000);
    expect(trace).toEqual([{ id: 'r1', matched: false, cost_used: 4, error: 'cost_budget_spent' }]);
  });

  it('stops the rules after which nothing is left of the budget of all', () => {
    const three = ['a', 'b', 'c'].map((id) => ruleOf('cost.monthly > usd("1")', { id, cost_budget: 10 }));
    expect(rules.evaluate(three, VARIABLES, 8)).toEqual([
      { id: 'a', matched: true, cost_used: 5, error: null },
      { id: 'b', matched: false, cost_used: 3, error: 'total_budget_spent' },
      { id: 'c', matched: false, cost_used: 0, error: 'total_budget_spent' },
    ]);
  });

  it('cannot be hidden by a logical operator or a macro', () => {
    const [trace] = rules.evaluate([ruleOf('[1, 2].exists(x, x > 2) || true', { cost_budget: 6 })], VARIABLES, 100_000);
    expect(trace?.error).toBe('cost_budget_spent');
  });

  const long = {
    ...VARIABLES,
    request: { ...VARIABLES.request, metadata: JSON.stringify({ l: Array(9000).fill(1), s: 'a'.repeat(60_000) }) },
  };
  it.each([
    ['nested macros', 'request.metadata.l.all(a, request.metadata.l.all(b, request.metadata.l.all(c, a + b + c > 0)))'],
    ['macros whose errors are absorbed', 'request.metadata.l.exists(a, request.metadata.l.exists(b, a.x == b))'],
    ['lists that double', `[[1, 1]]${'.map(a, a + a)'.repeat(60)} == []`],
    ['shared lists that are compared', `[1]${'.map(a, [a, a])'.repeat(60)} == [1]${'.map(a, [a, a])'.repeat(60)}`],
    ['texts that double', `["a"]${'.map(a, a + a + a + a)'.repeat(60)} == []`],
    ['a search of a long text in a long text', 'request.metadata.s.contains(request.metadata.s + "b")'],
    ['a long text cut into pieces', 'request.metadata.s.split("").size() > 0'],
  ])('ends %s within milliseconds', (_, condition) => {
    expect(rules.check(condition)).toBeNull();
    // The quickest of several: what the condition takes, and not what else the machine is doing.
    const runs = Array.from({ length: 6 }, () => {
      const began = performance.now();
      const trace = traceOf(condition, long);
      return { trace, tookMs: performance.now() - began };
    });
    for (const { trace } of runs) expect(trace).toMatchObject({ error: 'cost_budget_spent', cost_used: 10_000 });
    const tookMs = Math.min(...runs.map((run) => run.tookMs));
    expect(tookMs).toBeLessThan(100);
  });
});

describe('the rules of a policy', () => {
  it('are all evaluated in their order, without those that are disabled', () => {
    const list = [
      ruleOf('false', { id: 'a' }),
      ruleOf('true', { id: 'b', enabled: false }),
      ruleOf('true', { id: 'c' }),
    ];
    expect(rules.evaluate(list, VARIABLES, 100_000).map(({ id, matched }) => [id, matched])).toEqual([
      ['a', false],
      ['c', true],
    ]);
  });

  it('that name a day which there is not are decided as ever, though nobody may publish them any more', () => {
    const condition = 'now < timestamp("2027-02-30T00:00:00Z") && now < timestamp("2028-02-29T23:59:59.5+14:00")';
    expect(traceOf(condition)).toEqual({ id: 'r1', matched: true, cost_used: 9, error: null });
    expect(rules.check(condition)).toMatch(/^line 1, column 7: timestamp\(\)/);
    expect(rules.check('now < timestamp("2028-02-29T23:59:59.5+14:00")')).toBeNull();
  });

  it('that do not compile any more are an error and never a silent no', () => {
    expect(traceOf('cost.monthly >')).toEqual({ id: 'r1', matched: false, cost_used: 0, error: 'condition_invalid' });
  });
});
