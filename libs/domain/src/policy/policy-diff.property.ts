import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type PolicyChange as Change, policyWith } from '../../../../test/support/domain-world.js';
import type { Json } from '../shared/entry.js';
import { type PolicyChange, policyDiff } from './policy-diff.js';
import type { PolicyDocument } from './policy.document.js';

const jsonOf = (document: PolicyDocument): Json => JSON.parse(JSON.stringify(document)) as Json;
const money = fc.constantFrom('0.0000', '25.0000', '100.0000', '5000.0000');
const bool = fc.boolean();
const id = fc.constantFrom('a', 'b', 'c', 'd');
const mode = fc.constantFrom('shadow', 'soft', 'hard');
const row = fc.record({ default: mode, prod: mode, nonprod: mode }, { requiredKeys: ['default'] });
const outcome = fc.constantFrom('ALLOW', 'REQUIRE_APPROVAL', 'DENY');
const stage = fc
  .record({ id, quorum: fc.integer({ min: 1, max: 3 }), subjects: fc.subarray(['ana', 'ben']) })
  .map((part) => ({
    ...{ roles: ['approver'], groups: [], subjects: [], deny_quorum: 1 },
    ...part,
  }));
const rule = fc.record({
  id,
  enabled: bool,
  condition: fc.constantFrom('true', 'false'),
  effect: fc.constantFrom('deny', 'require_approval', 'warn', 'add_obligation'),
  message: fc.constantFrom('', 'm'),
  obligation: fc.constant(null),
  cost_budget: fc.constant(1000),
});
const route = fc.oneof(
  fc.record({
    id,
    enabled: bool,
    match: fc.constant({}),
    overrides: fc.constant({}),
    effect: fc.constant('require'),
    require: stage,
  }),
  fc.record({
    id,
    enabled: bool,
    match: fc.constant({}),
    overrides: fc.constant({}),
    effect: fc.constant('waive'),
    require: fc.constant(null),
  }),
);
const byId = { selector: (item: { readonly id: string }): string => item.id, maxLength: 4 };
const perClass = <Value>(value: fc.Arbitrary<Value>) => fc.record({ prod: value, nonprod: value });

/** Documents that differ in every way a diff can tell. */
const document: fc.Arbitrary<PolicyDocument> = fc
  .record({
    mode_matrix: fc.record({ terraform: row, k8s_admission: row }),
    environments: fc.record({
      classes: fc.dictionary(
        fc.constantFrom('sandbox', 'play'),
        fc.record({ aliases: fc.subarray(['x', 'y']), behaves_as: fc.constantFrom('prod', 'nonprod') }),
      ),
    }),
    approval: fc.record({
      required: perClass(bool),
      routing: fc.uniqueArray(route, byId),
      approve_by_seconds: fc.constantFrom(300, 600),
      consumer: fc.constantFrom('creator', 'project', 'member'),
      grants: fc.record({ max_uses: fc.integer({ min: 1, max: 3 }), denied_cooldown_seconds: fc.constantFrom(0, 60) }),
      replan_tolerance: fc.record({ percent: fc.nat({ max: 2 }), absolute_usd: money }),
    }),
    entitlements: fc.record({
      plan_ceiling_monthly_usd: fc.option(money),
      hard_deny_above_monthly_usd: money,
      require_budget: perClass(bool),
    }),
    rules: fc.uniqueArray(rule, byId),
    risk: fc.record({
      project_criticality: fc.dictionary(
        fc.constantFrom('web', 'constructor', 'a/b', 'toString'),
        fc.constantFrom('low', 'high'),
      ),
      high_impact_types: fc.subarray(['t1', 't2']),
    }),
    pricing: fc.record({
      declared: perClass(fc.constantFrom('accept', 'flag', 'refuse')),
      mismatch_percent: fc.nat({ max: 3 }),
    }),
    fail_safe: fc.record({ terraform: fc.dictionary(fc.constantFrom('prod', 'nonprod'), outcome) }),
  })
  .map((change) => policyWith(change as Change));
/** Pairs that have much in common, as versions of one document do. */
const pair = fc.oneof(
  fc.tuple(document, document),
  fc
    .tuple(document, document, fc.subarray(['mode_matrix', 'approval', 'rules', 'risk', 'fail_safe'] as const))
    .map(
      ([one, other, kept]) =>
        [one, { ...other, ...Object.fromEntries(kept.map((name) => [name, one[name]])) }] as const,
    ),
);

const OPPOSITES = { add: 'remove', remove: 'add', replace: 'replace' } as const;
const inverted = ({ op, path, from, to }: PolicyChange): PolicyChange => ({
  op: OPPOSITES[op],
  path,
  ...(to === undefined ? {} : { from: to }),
  ...(from === undefined ? {} : { to: from }),
});

describe('the difference of two policies', () => {
  it('of a policy and itself is nothing', () => {
    fc.assert(
      fc.property(document, (each) => {
        expect(policyDiff(jsonOf(each), jsonOf(each))).toEqual({ changes: [], loosens: [], tightens: [] });
      }),
    );
  });

  it('is empty only where the documents are equal', () => {
    fc.assert(
      fc.property(pair, ([one, other]) => {
        if (policyDiff(jsonOf(one), jsonOf(other)).changes.length === 0) expect(jsonOf(one)).toEqual(jsonOf(other));
      }),
    );
  });

  it('read backwards is the difference the other way round, and what loosens there tightens here', () => {
    const met = { loosens: 0, tightens: 0, moved: 0, both: 0 };
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const forth = policyDiff(jsonOf(one), jsonOf(other));
        const back = policyDiff(jsonOf(other), jsonOf(one));
        expect(back.changes).toEqual(forth.changes.map(inverted));
        expect(back.loosens).toEqual(forth.tightens);
        expect(back.tightens).toEqual(forth.loosens);
        for (const path of forth.loosens.filter((each) => forth.tightens.includes(each))) {
          met.both += 1;
          expect(path).toMatch(
            /^\/(environments\/classes|approval\/routing\/[^/]+($|\/(require|effect|enabled))|risk\/high_impact_types)/,
          );
        }
        met.loosens += forth.loosens.length;
        met.tightens += forth.tightens.length;
        met.moved += forth.changes.filter(({ path }) => path === '/rules' || path === '/approval/routing').length;
      }),
      { numRuns: 200 },
    );
    for (const [name, count] of Object.entries(met)) expect([name, count > 20]).toEqual([name, true]);
  });
});
