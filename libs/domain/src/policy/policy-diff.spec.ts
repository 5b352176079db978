import { describe, expect, it } from '@jest/globals';
import { type PolicyChange as Change, policyWith } from '../../../../test/support/domain-world.js';
import type { Json } from '../shared/entry.js';
import { policyDiff } from './policy-diff.js';

const diff = (from: Change, to: Change) => {
  const [before, after] = [from, to].map((each) => JSON.parse(JSON.stringify(policyWith(each))) as Json);
  return policyDiff(before ?? null, after ?? null);
};
const rule = (id: string, effect: string, more: object = {}) =>
  ({
    id,
    effect,
    enabled: true,
    condition: 'true',
    message: '',
    obligation: null,
    cost_budget: 1000,
    ...more,
  }) as never;
const route = (id: string, effect: 'require' | 'waive', more: object = {}) =>
  ({ id, effect, enabled: true, match: {}, overrides: {}, require: null, ...more }) as never;
const rules = (...list: readonly never[]): Change => ({ rules: list });
const routing = (...list: readonly never[]): Change => ({ approval: { routing: list } });

describe('the difference of two policies', () => {
  it('is told place by place, with what was there and what is', () => {
    const { changes } = diff(
      { entitlements: { plan_ceiling_monthly_usd: '100.0000' } },
      { entitlements: { plan_ceiling_monthly_usd: '200.0000' }, risk: { project_criticality: { 'a/b': 'high' } } },
    );
    expect(changes).toEqual([
      { op: 'replace', path: '/entitlements/plan_ceiling_monthly_usd', from: '100.0000', to: '200.0000' },
      { op: 'add', path: '/risk/project_criticality/a~1b', to: 'high' },
    ]);
  });

  it('tells rules and routes by their id, wherever they stand, and says so if only their order is another', () => {
    const [a, b] = [rule('a', 'deny'), rule('b', 'deny')];
    expect(diff(rules(b), rules(a, b)).changes).toEqual([{ op: 'add', path: '/rules/a', to: a }]);
    expect(diff(rules(a, b), rules(b, a)).changes).toEqual([
      { op: 'replace', path: '/rules', from: [a, b], to: [b, a] },
    ]);
    const changed = rule('a', 'warn');
    expect(diff(rules(a, b), rules(b, changed)).changes.map(({ path }) => path)).toEqual(['/rules', '/rules/a/effect']);
  });

  it.each<[string, Change, Change, 'loosens' | 'tightens' | 'neither']>([
    ['a stricter mode', { mode: 'soft' }, { mode: 'hard' }, 'tightens'],
    [
      'a class of its own below the default',
      { mode_matrix: { terraform: { default: 'hard' } } },
      { mode_matrix: { terraform: { default: 'hard', prod: 'shadow' } } },
      'loosens',
    ],
    [
      'a class of its own at the default',
      { mode_matrix: { terraform: { default: 'hard' } } },
      { mode_matrix: { terraform: { default: 'hard', prod: 'hard' } } },
      'neither',
    ],
    ['a ceiling where there was none', {}, { entitlements: { plan_ceiling_monthly_usd: '0.0000' } }, 'tightens'],
    [
      'a higher ceiling',
      { entitlements: { plan_ceiling_monthly_usd: '9.0000' } },
      { entitlements: { plan_ceiling_monthly_usd: '10.0000' } },
      'loosens',
    ],
    ['a budget that has to be there', {}, { entitlements: { require_budget: { prod: true } } }, 'tightens'],
    ['an approval less', { approval: { required: { prod: true } } }, {}, 'loosens'],
    ['more uses of a grant', {}, { approval: { grants: { max_uses: 2 } } }, 'loosens'],
    ['a longer cooldown', {}, { approval: { grants: { denied_cooldown_seconds: 7200 } } }, 'tightens'],
    ['a refused claim', {}, { pricing: { declared: { prod: 'refuse' } } }, 'tightens'],
    [
      'a fail-safe above its mode',
      { mode: 'soft' },
      { mode: 'soft', fail_safe: { terraform: { prod: 'DENY' } } },
      'tightens',
    ],
    [
      'a fail-safe that says what its mode says',
      { mode: 'soft' },
      { mode: 'soft', fail_safe: { terraform: { prod: 'REQUIRE_APPROVAL' } } },
      'neither',
    ],
    ['a new rule that denies', {}, rules(rule('r', 'deny')), 'tightens'],
    ['a new rule that is off', {}, rules(rule('r', 'deny', { enabled: false })), 'neither'],
    ['a new rule that warns', {}, rules(rule('r', 'warn')), 'neither'],
    ['a rule that only warns now', rules(rule('r', 'deny')), rules(rule('r', 'warn')), 'loosens'],
    ['a rule switched off', rules(rule('r', 'deny')), rules(rule('r', 'deny', { enabled: false })), 'loosens'],
    ['another condition', rules(rule('r', 'deny')), rules(rule('r', 'deny', { condition: 'false' })), 'neither'],
    ['a new route that requires', {}, routing(route('r', 'require')), 'tightens'],
    ['a new route that waives', {}, routing(route('r', 'waive')), 'loosens'],
    ['a route that waives now', routing(route('r', 'require')), routing(route('r', 'waive')), 'loosens'],
    [
      'a waiving route switched off',
      routing(route('r', 'waive')),
      routing(route('r', 'waive', { enabled: false })),
      'tightens',
    ],
  ])('%s: %#', (_, from, to, direction) => {
    const { loosens, tightens, changes } = diff(from, to);
    expect(changes).not.toEqual([]);
    expect([loosens.length > 0, tightens.length > 0]).toEqual([direction === 'loosens', direction === 'tightens']);
  });
});
