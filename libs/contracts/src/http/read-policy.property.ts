import { describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import { jcsText, type PolicyDocument, sha256Hex } from '@verdict/domain';
import fc from 'fast-check';
import { readJson } from '../json/strict-json.js';
import { readPolicy } from './read-policy.js';
import { toWire } from './wire.js';

const engine = createCelRules();
/** JSON text of a value with an amount written in one of its ways and members in any order. */
interface Style {
  readonly amount: (whole: number) => string;
  readonly seed: number;
}
class Amount {
  constructor(readonly whole: number) {}
}
const shuffled = <Item>(items: readonly Item[], seed: number): readonly Item[] =>
  items
    .map((item, index) => ({ item, rank: (seed * 31 + index * 17) % 101 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
const write = (value: unknown, style: Style): string => {
  if (value instanceof Amount) return style.amount(value.whole);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, style)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = shuffled(Object.entries(value), style.seed);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member, style)}`).join(',')}}`;
};
const AMOUNTS = [
  (whole: number) => String(whole),
  (whole: number) => `"${String(whole)}"`,
  (whole: number) => `"${String(whole)}.0000"`,
  (whole: number) => `${String(whole)}.00`,
];
const style = fc.record({ amount: fc.constantFrom(...AMOUNTS), seed: fc.nat({ max: 1000 }) });

const amount = fc.nat({ max: 1_000_000 }).map((whole) => new Amount(whole));
const some = <Value extends object>(model: { readonly [Key in keyof Value]: fc.Arbitrary<Value[Key]> }) =>
  fc.record(model, { requiredKeys: [] });
const bool = fc.boolean();
const text = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'B', 'é', 'İ', ' x') });
const mode = fc.constantFrom('shadow', 'soft', 'hard');
const row = some({ default: mode, prod: mode, nonprod: mode });
const perClass = <Value>(value: fc.Arbitrary<Value>) => some({ prod: value, nonprod: value });
const id = fc.constantFrom('a', 'b', 'c');
const stage = fc.record(
  {
    id,
    quorum: fc.integer({ min: 1, max: 5 }),
    roles: fc.subarray(['approver']),
    subjects: fc.subarray(['ana', 'ben']),
  },
  { requiredKeys: ['id'] },
);
const tree = fc.oneof(stage, fc.record({ all: fc.array(stage, { minLength: 1, maxLength: 2 }) }));
const route = fc.record(
  {
    id,
    enabled: bool,
    match: some({
      projects: fc.array(text, { maxLength: 2 }),
      monthly_delta_usd: some({ min: fc.option(amount), max: fc.option(amount) }),
      risk: fc.subarray(['low', 'high']),
    }),
    effect: fc.constantFrom('require', 'waive'),
    require: fc.option(tree),
    overrides: some({
      separation: bool,
      justification: some({ min_length: fc.nat({ max: 9 }), ticket_pattern: fc.option(fc.constant('T-[0-9]+')) }),
    }),
  },
  { requiredKeys: ['id', 'effect'] },
);
const rule = fc.record(
  {
    id,
    condition: fc.constantFrom('true', 'cost.monthly > usd("1")'),
    effect: fc.constantFrom('deny', 'warn'),
    message: text,
    obligation: fc.constant(null),
  },
  { requiredKeys: ['id', 'condition', 'effect'] },
);
/** What an author may write; some of it has defects of its sense. */
const authored = some({
  mode_matrix: some({ terraform: row, cloud_event: row }),
  environments: some({
    classes: fc.dictionary(
      fc.constantFrom('prod', 'nonprod', 'qa'),
      some({ aliases: fc.array(text, { maxLength: 3 }), behaves_as: fc.constantFrom('prod', 'nonprod') }),
    ),
  }),
  approval: some({
    required: perClass(bool),
    routing: fc.array(route, { maxLength: 2 }),
    justification: some({ required: perClass(bool), min_length: fc.nat({ max: 99 }) }),
    replan_tolerance: some({ percent: fc.nat({ max: 50 }), absolute_usd: amount }),
  }),
  entitlements: some({
    plan_ceiling_monthly_usd: fc.option(amount),
    auto_approve: some({ below_monthly_usd: amount }),
    require_budget: perClass(bool),
  }),
  rules: fc.array(rule, { maxLength: 2 }),
  pricing: some({ declared: perClass(fc.constantFrom('accept', 'flag', 'refuse')) }),
  risk: some({
    project_criticality: fc.dictionary(fc.constantFrom('web', 'constructor', '12'), fc.constantFrom('low', 'high')),
    high_impact_types: fc.array(fc.constantFrom('t1', 't2'), { maxLength: 3 }),
  }),
  context: some({ spike_absolute_usd: amount }),
  fail_safe: some({ terraform: fc.dictionary(fc.constantFrom('prod', 'nonprod'), fc.constant('DENY')) }),
  rate_limits: some({ gate_burst: fc.option(fc.integer({ min: 1, max: 9 })) }),
});

const read = (text_: string) => {
  const json = readJson(Buffer.from(text_), { depthMax: 32 });
  if (json.kind === 'malformed') throw new Error(`${json.detail}: ${text_}`);
  return readPolicy(toWire(json.value), engine);
};
const canonical = (document: PolicyDocument): string => jcsText(document);

describe('an author’s policy', () => {
  it('once completed reads as itself, and has one text however it was written', () => {
    let complete = 0;
    fc.assert(
      fc.property(authored, style, style, (value, one, other) => {
        const [first, second] = [read(write(value, one)), read(write(value, other))];
        expect(second.kind).toBe(first.kind);
        if (first.kind !== 'policy' || second.kind !== 'policy') return;
        complete += 1;
        const text_ = canonical(first.document);
        expect(canonical(second.document)).toBe(text_);
        const again = read(text_);
        expect(again.kind === 'policy' && canonical(again.document)).toBe(text_);
        expect(sha256Hex(text_)).toHaveLength(64);
      }),
      { numRuns: 300 },
    );
    expect(complete).toBeGreaterThan(50);
  });

  it('has the same defects however it was written', () => {
    fc.assert(
      fc.property(authored, style, style, (value, one, other) => {
        const [first, second] = [read(write(value, one)), read(write(value, other))];
        if (first.kind !== 'defective' || second.kind !== 'defective') return;
        const pointers = (reading: typeof first) => reading.errors.map(({ pointer }) => pointer).sort();
        expect(pointers(second)).toEqual(pointers(first));
      }),
      { numRuns: 200 },
    );
  });
});
