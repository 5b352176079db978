import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NumberToken, type RawJson } from '../shared/raw-json.js';
import { readPlan } from './plan.js';
import type { Matcher, PriceBook, PriceBookEntry } from './price-book.js';
import { pricePlan } from './pricer.js';
import { reducePlan } from './reduce-plan.js';

const NAMES = ['a', 'b', 'region'];
const scalar = fc.oneof(
  fc.constantFrom('x', 'y', ''),
  // Each long text is its own, since a masked one that occurs twice is taken out twice.
  fc.nat().map((value) => `x${'y'.repeat(300)}${String(value)}`),
  fc.boolean(),
  fc.nat(3).map((value) => new NumberToken(String(value))),
  fc.constant(null),
);
const { tree, mask } = fc.letrec<{ tree: RawJson; mask: RawJson }>((tie) => {
  const nested = (kind: 'tree' | 'mask') => [
    fc.dictionary(fc.constantFrom(...NAMES), tie(kind), { maxKeys: 3 }),
    fc.array(tie(kind), { maxLength: 3 }),
  ];
  return {
    tree: fc.oneof({ maxDepth: 3 }, scalar, ...nested('tree')),
    mask: fc.oneof({ maxDepth: 3 }, fc.constantFrom<RawJson>(true, false), ...nested('mask')),
  };
});
const state = fc.dictionary(fc.constantFrom(...NAMES), tree, { maxKeys: 3 });
const change = fc
  .record({
    actions: fc.constantFrom(['create'], ['update'], ['delete'], ['delete', 'create'], ['no-op'], ['forget'], ['odd']),
    before: fc.option(state),
    after: fc.option(state),
    after_unknown: mask,
    before_sensitive: mask,
    after_sensitive: mask,
  })
  .map((states): RawJson => ({ address: 'r', type: 'aws_vm', mode: 'managed', name: 'r', change: states }));

const path = fc.array(fc.constantFrom('a', 'b', '0', '1', 'region'), { minLength: 1, maxLength: 3 });
const text = fc.constantFrom('x', 'y', '1', 'true', '');
const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  text,
  fc.array(text, { minLength: 1, maxLength: 2 }),
  fc.record({ prefix: text }),
  fc.constant({ absent: true } as const),
  fc.record({ absent_or: fc.array(text, { minLength: 1, maxLength: 2 }) }),
);
const entry = fc
  .record({
    match: fc.dictionary(
      path.map((segments) => segments.join('.')),
      matcher,
      { maxKeys: 2 },
    ),
    from: path,
    default: fc.constantFrom('2', undefined),
  })
  .map((parts): Omit<PriceBookEntry, 'id'> => {
    const quantity = { from: parts.from, ...(parts.default === undefined ? {} : { default: parts.default }) };
    const components = [{ name: 'c', unit: 'hour', unit_price: '0.1', quantity } as const];
    return { resource_type: 'aws_vm', match: parts.match, components };
  });
const book = fc.array(entry, { maxLength: 3 }).map((entries): PriceBook => ({
  format: 'verdict.price-book.v1',
  version: '1',
  currency: 'USD',
  hours_per_month: 730,
  defaults: { aws: { region: 'x' } },
  free: [],
  entries: entries.map((each, index) => ({ ...each, id: String(index) })),
}));

it('a reduced plan costs what the whole plan costs, whatever the masks and the book', () => {
  let pricedCount = 0;
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), book, (changes, prices) => {
      const plan: RawJson = { format_version: '1.2', resource_changes: changes };
      const [full, reduced] = [plan, reducePlan(plan)].map((each) => {
        const reading = readPlan(each);
        if (reading.kind !== 'plan') throw new Error(reading.detail);
        return pricePlan(reading.plan, prices);
      });
      expect(reduced).toEqual(full);
      pricedCount += full?.priced ?? 0;
    }),
    { numRuns: 3000 },
  );
  expect(pricedCount).toBeGreaterThan(100);
});
