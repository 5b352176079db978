import { describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import { policyWith } from '../../../../test/support/domain-world.js';
import type { ApprovalTree } from '../approvals/approval-tree.js';
import { DEFAULT_POLICY } from './default-policy.js';
import { policyDefects } from './policy-defects.js';

const engine = createCelRules();
const stage = (id: string, more: object = {}): ApprovalTree => ({
  id,
  quorum: 1,
  roles: [],
  groups: [],
  subjects: [],
  deny_quorum: 1,
  ...more,
});
const route = (id: string, more: object = {}) => ({
  ...{ id, enabled: true, match: {}, overrides: {}, effect: 'require', require: stage('s') },
  ...more,
});
const rule = (id: string, more: object = {}) => ({
  ...{ id, enabled: true, condition: 'true', effect: 'deny', message: '', obligation: null, cost_budget: 1000 },
  ...more,
});
const routing = (...list: readonly object[]) => ({ approval: { routing: list } });
const named = (quorum: number, more: object = {}) => stage('s', { quorum, subjects: ['ana', 'ben', 'ana'], ...more });

/** One row per defect; the last member is where it lies. */
const DEFECTS: readonly (readonly [string, object, string])[] = [
  [
    'an alias in two classes',
    {
      environments: {
        classes: { a: { aliases: ['qa'], behaves_as: 'prod' }, b: { aliases: ['qa'], behaves_as: 'prod' } },
      },
    },
    '/environments/classes/b/aliases',
  ],
  [
    'a hard threshold below that of auto-approval',
    { entitlements: { hard_deny_above_monthly_usd: '24.9999' } },
    '/entitlements/hard_deny_above_monthly_usd',
  ],
  [
    'a mode of a class that is not there',
    { mode_matrix: { terraform: { default: 'soft', qa: 'hard' } } },
    '/mode_matrix/terraform/qa',
  ],
  [
    'a fail-safe of a class that is not there',
    { fail_safe: { cloud_event: { qa: 'DENY' } } },
    '/fail_safe/cloud_event/qa',
  ],
  [
    'a fail-safe by default, which is no class',
    { fail_safe: { terraform: { default: 'DENY' } } },
    '/fail_safe/terraform/default',
  ],
  [
    'a route for a class that is not there',
    routing(route('r', { match: { environments: ['prod', 'default'] } })),
    '/approval/routing/0/match/environments',
  ],
  [
    'a fail-safe weaker than its mode',
    { mode: 'hard', fail_safe: { terraform: { prod: 'REQUIRE_APPROVAL' } } },
    '/fail_safe/terraform/prod',
  ],
  [
    'a fail-safe weaker than the mode of its class',
    {
      mode_matrix: { k8s_admission: { default: 'shadow', nonprod: 'soft' } },
      fail_safe: { k8s_admission: { nonprod: 'ALLOW' } },
    },
    '/fail_safe/k8s_admission/nonprod',
  ],
  ['a route twice, whatever the case', routing(route('A'), route('b'), route('a')), '/approval/routing/2/id'],
  ['a rule twice, whatever the case', { rules: [rule('A'), rule('a')] }, '/rules/1/id'],
  [
    'a range that ends before it begins',
    routing(route('r', { match: { monthly_delta_usd: { min: '2.0000', max: '1.9999' } } })),
    '/approval/routing/0/match/monthly_delta_usd',
  ],
  ['a route that requires nobody', routing(route('r', { require: { any: [] } })), '/approval/routing/0/require'],
  [
    'a quorum above the persons named',
    routing(route('r', { require: { all: [stage('t'), named(3)] } })),
    '/approval/routing/0/require/all/1/quorum',
  ],
  [
    'a stage twice, whatever the case',
    routing(route('r', { require: { any: [stage('s'), { all: [stage('t'), stage('S')] }] } })),
    '/approval/routing/0/require/any/1/all/1/id',
  ],
  [
    'more stages than anybody can follow',
    routing(route('r', { require: { all: Array.from({ length: 17 }, (_, index) => stage(`s${String(index)}`)) } })),
    '/approval/routing/0/require',
  ],
  ['a condition that does not compile', { rules: [rule('r', { condition: 'cost.monthly >' })] }, '/rules/0/condition'],
  ['a condition of another type', { rules: [rule('r', { condition: 'cost.monthly' })] }, '/rules/0/condition'],
  ['an unknown variable', { rules: [rule('r', { condition: 'nobody == 1' })] }, '/rules/0/condition'],
  ['an obligation that is missing', { rules: [rule('r', { effect: 'add_obligation' })] }, '/rules/0/obligation'],
  [
    'an obligation of a rule that denies',
    { rules: [rule('r', { obligation: { key: 'k', value: 'v' } })] },
    '/rules/0/obligation',
  ],
  [
    'a ticket pattern without bound',
    { approval: { justification: { ticket_pattern: '(a+)+' } } },
    '/approval/justification/ticket_pattern',
  ],
  [
    'a ticket pattern of a route without bound',
    routing(route('r', { overrides: { justification: { ticket_pattern: '(' } } })),
    '/approval/routing/0/overrides/justification/ticket_pattern',
  ],
];
const defectsOf = (change: object) => policyDefects(policyWith(change), engine);

describe('a policy document', () => {
  it('by default has no defect', () => {
    expect(policyDefects(DEFAULT_POLICY, engine)).toEqual([]);
    expect(defectsOf({})).toEqual([]);
  });

  it.each(DEFECTS)('shows %s', (_, change, pointer) => {
    expect(defectsOf(change).map((defect) => defect.pointer)).toEqual([pointer]);
  });

  it.each([
    [
      'an alias twice in one class',
      { environments: { classes: { a: { aliases: ['qa', 'qa'], behaves_as: 'prod' } } } },
    ],
    ['thresholds that are equal', { entitlements: { hard_deny_above_monthly_usd: '25.0000' } }],
    ['a range of one amount', routing(route('r', { match: { monthly_delta_usd: { min: '1.0000', max: '1.0000' } } }))],
    ['a quorum of all who are named', routing(route('r', { require: named(2) }))],
    [
      'a quorum above the named where a role may vote too',
      routing(route('r', { require: named(3, { roles: ['approver'] }) })),
    ],
    ['one stage id in two routes', routing(route('r'), route('q'))],
    [
      'a fail-safe as strict as its mode, or stricter',
      { mode: 'soft', fail_safe: { terraform: { prod: 'REQUIRE_APPROVAL', nonprod: 'DENY' } } },
    ],
    ['one id for a rule and a route', { ...routing(route('same')), rules: [rule('same')] }],
  ])('may have %s', (_, change) => {
    expect(defectsOf(change)).toEqual([]);
  });

  it('shows all its defects at once', () => {
    const together = {
      environments: {
        classes: { a: { aliases: ['qa'], behaves_as: 'prod' }, b: { aliases: ['qa'], behaves_as: 'prod' } },
      },
      entitlements: { hard_deny_above_monthly_usd: '1.0000' },
      mode_matrix: { terraform: { default: 'hard', none: 'soft' } },
      fail_safe: { terraform: { prod: 'ALLOW' } },
      rules: [rule('r', { condition: '(' }), rule('R', { effect: 'add_obligation' })],
      approval: {
        justification: { ticket_pattern: '(?=a)' },
        routing: [
          route('x', { require: named(5), match: { monthly_delta_usd: { min: '2.0000', max: '1.0000' } } }),
          route('X'),
        ],
      },
    };
    expect(defectsOf(together).map(({ pointer }) => pointer)).toEqual([
      '/environments/classes/b/aliases',
      '/entitlements/hard_deny_above_monthly_usd',
      '/mode_matrix/terraform/none',
      '/approval/routing/1/id',
      '/approval/routing/0/match/monthly_delta_usd',
      '/approval/routing/0/require/quorum',
      '/approval/justification/ticket_pattern',
      '/rules/1/id',
      '/rules/0/condition',
      '/rules/1/obligation',
      '/fail_safe/terraform/prod',
    ]);
  });
});
