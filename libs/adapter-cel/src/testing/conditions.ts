import fc from 'fast-check';

/** Expressions beside literals that a generated condition is made of, by their type. */
export interface Leaves {
  readonly int: readonly string[];
  readonly text: readonly string[];
  readonly list: readonly string[];
  readonly bool: readonly string[];
}
export const NO_LEAVES: Leaves = { int: [], text: [], list: [], bool: [] };

/** What the variables of a test offer: known, unknown and missing. */
export const VARIABLE_LEAVES: Leaves = {
  int: ['cost.monthly', 'cost.priced', 'budget.unfunded', 'context.observed_days', 'context.project.mtd', 'risk.score'],
  text: ['request.project_id', 'actor.on_behalf_of', 'request.resource_reference', 'string(now.getHours())'],
  list: ['budget.matched.map(b, b.headroom)', '[cost.unpriced, usd("0.5")]', 'request.resource_types.map(t, size(t))'],
  bool: [
    'change.destructive',
    'has(request.metadata.labels.team)',
    'has(context.project)',
    '"replicas" in request.metadata',
    'request.metadata.labels.exists(key, request.metadata.labels[key] == "data")',
    'request.metadata.replicas > 2',
    'request.metadata.owner == "nobody"',
    'budget.matched.all(b, b.period == "month" && request.resource_types.exists(t, t != b.scope))',
    '{"a": cost.priced} == {"a": 5}',
    'now - duration("1h") < timestamp("2026-11-22T02:00:00Z")',
  ],
};

/** Typed expressions, so that all of them compile; their errors are those of values. */
export const conditionsWith = (leaves: Leaves): fc.Arbitrary<string> =>
  fc.letrec<{ bool: string; int: string; text: string; list: string }>((tie) => ({
    int: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.integer({ min: -9, max: 99 }).map((value) => (value < 0 ? `(${value})` : String(value))),
      fc.constantFrom('9223372036854775807', ...leaves.int),
      fc
        .tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('text').map((text) => `size(${text})`),
      tie('list').map((list) => `${list}.size()`),
      tie('list').map((list) => `${list}[0]`),
      fc.tuple(tie('bool'), tie('int'), tie('int')).map(([test, a, b]) => `(${test} ? ${a} : ${b})`),
    ),
    text: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('"a"', '"bc"', '""', '"😀"', ...leaves.text),
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
      tie('int').map((int) => `string(${int})`),
    ),
    list: fc.oneof(
      { maxDepth: 3 },
      fc.array(tie('int'), { minLength: 1, maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      ...leaves.list.map((leaf) => fc.constant(leaf)),
      fc.tuple(tie('list'), tie('int')).map(([list, int]) => `${list}.map(x, x + ${int})`),
      fc.tuple(tie('list'), tie('int')).map(([list, int]) => `${list}.filter(x, x > ${int})`),
      fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
    ),
    bool: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('true', 'false', ...leaves.bool.map((leaf) => `(${leaf})`)),
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
  })).bool;
