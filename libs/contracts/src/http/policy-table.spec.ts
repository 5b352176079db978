import { describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import type { PolicyDocument } from '@verdict/domain';
import { readPolicy } from './read-policy.js';

const engine = createCelRules();
const at = (path: string, value: unknown): unknown =>
  path
    .split('/')
    .slice(1)
    .reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
const valueAt = (document: PolicyDocument, path: string): unknown =>
  path
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>>)[name], document);
const readWith = (path: string, value: unknown) => readPolicy(at(path, value), engine);

const RULE = { condition: 'true', effect: 'deny' };
const rules = (count: number) => Array.from({ length: count }, (_, index) => ({ ...RULE, id: `r${String(index)}` }));
const routes = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `r${String(index)}`, effect: 'waive' }));
const names = (count: number) => Array.from({ length: count }, (_, index) => `n${String(index).padStart(3, '0')}`);
const stage = (more: object) => [{ id: 'r', effect: 'require', require: { id: 's', ...more } }];
const text = (length: number) => 'x'.repeat(length);
const withRule = (more: object) => [{ ...RULE, id: 'r', ...more }];

/** Contract section 8.2, row by row: the path, what stands where nothing is said, what is legal to its ends, what is beyond. */
const ROWS: readonly (readonly [string, unknown, readonly unknown[], readonly unknown[]])[] = [
  ['/mode_matrix/terraform/default', 'soft', ['shadow', 'soft', 'hard'], ['enforce', null]],
  ['/mode_matrix/k8s_admission/default', 'soft', ['shadow', 'soft', 'hard'], ['enforce']],
  ['/mode_matrix/cloud_event/default', 'soft', ['shadow', 'soft', 'hard'], ['enforce']],
  ['/environments/classes/prod/behaves_as', 'prod', ['prod'], ['qa']],
  ['/environments/classes/nonprod/behaves_as', 'nonprod', ['nonprod'], ['qa']],
  ['/environments/classes/prod/aliases', [], [names(64)], [names(65)]],
  ['/approval/required/prod', true, [true, false], ['yes']],
  ['/approval/required/nonprod', false, [true, false], [1]],
  ['/approval/separation/prod', true, [true, false], ['yes']],
  ['/approval/separation/nonprod', false, [true, false], [1]],
  ['/approval/routing', [], [routes(64)], [routes(65)]],
  ['/approval/approve_by_seconds', 86_400, [300, 2_592_000], [299, 2_592_001, 300.5]],
  ['/approval/use_by_seconds', 14_400, [60, 604_800], [59, 604_801]],
  ['/approval/token_ttl_seconds', 900, [60, 86_400], [59, 86_401]],
  ['/approval/justification/required/prod', true, [true, false], [0]],
  ['/approval/justification/required/nonprod', false, [true, false], [0]],
  ['/approval/justification/min_length', 10, [0, 2000], [-1, 2001]],
  ['/approval/justification/ticket_pattern', null, [null, text(200)], [text(201), '']],
  ['/approval/consumer', 'project', ['creator', 'project', 'member'], ['tenant']],
  ['/approval/replan_tolerance/percent', 0, [0, 50], [-1, 51]],
  ['/approval/replan_tolerance/absolute_usd', '0.0000', ['0', '1000000000000'], ['-0.0001', '1000000000000.0001']],
  ['/approval/grants/max_uses', 1, [1, 50], [0, 51]],
  ['/approval/grants/denied_cooldown_seconds', 3600, [0, 86_400], [-1, 86_401]],
  ['/entitlements/plan_ceiling_monthly_usd', null, [null, '0', '0.0001'], ['-0.0001']],
  ['/entitlements/enterprise_ceiling_monthly_usd', null, [null, '0', '0.0001'], ['-0.0001']],
  ['/entitlements/auto_approve/below_monthly_usd', '25.0000', ['0', '5000'], ['-1', '5000.0001', null]],
  ['/entitlements/auto_approve/cumulative_monthly_usd', '100.0000', ['0', '100'], ['-1', null]],
  ['/entitlements/hard_deny_above_monthly_usd', '5000.0000', ['25', '25.0001'], ['24.9999', null]],
  ['/entitlements/require_budget/prod', false, [true, false], [null]],
  ['/entitlements/require_budget/nonprod', false, [true, false], [null]],
  ['/rules', [], [rules(128)], [rules(129)]],
  ['/pricing/price_book', 'latest', ['latest', '7'], ['']],
  ['/pricing/declared/prod', 'flag', ['accept', 'flag', 'refuse'], ['deny']],
  ['/pricing/declared/nonprod', 'accept', ['accept', 'flag', 'refuse'], ['deny']],
  ['/pricing/unknown/prod', 'approval', ['approval', 'violation'], ['allow']],
  ['/pricing/unknown/nonprod', 'approval', ['approval', 'violation'], ['allow']],
  ['/pricing/mismatch_percent', 5, [0, 100], [-1]],
  ['/risk/project_criticality', {}, [{ web: 'low', api: 'medium', ops: 'high' }], [{ web: 'critical' }]],
  ['/risk/high_impact_types', [], [names(200)], [names(201)]],
  ['/context/spike_absolute_usd', '100.0000', ['0', '1'], ['-1']],
  ['/context/spike_percent', 30, [0, 100], [-1]],
  ['/context/max_data_age_days', 3, [1, 30], [0, 31]],
  ['/fail_safe/terraform', {}, [{ prod: 'REQUIRE_APPROVAL' }, { prod: 'DENY' }], [{ prod: 'ALLOW' }]],
  ['/execution/decision_ttl_seconds', 900, [60, 86_400], [59, 86_401]],
  ['/execution/hold_overdue_seconds', 86_400, [60, 604_800], [59, 604_801]],
  ['/reconciliation/tolerance_absolute_usd', '1.0000', ['0', '9'], ['-1']],
  ['/reconciliation/tolerance_percent', 2, [0, 100], [-1]],
  ['/reconciliation/savings_exception_usd', '100.0000', ['0', '9'], ['-1']],
  ['/reconciliation/exception_due_seconds', 604_800, [604_800], [-1]],
  ['/reconciliation/default_owner', 'finops', ['team-1'], ['']],
  ['/reconciliation/overdue_action', 'settle', ['settle', 'release'], ['keep']],
  ['/rate_limits/gate_per_second', null, [null, 1], [0]],
  ['/rate_limits/gate_burst', null, [null, 1], [0]],
];

/** Limits of sections 8.3 and 8.4, in a list that a document has. */
const IN_LISTS: readonly (readonly [string, readonly unknown[], readonly unknown[]])[] = [
  ['/approval/routing', [stage({ quorum: 1 }), stage({ quorum: 5 })], [stage({ quorum: 0 }), stage({ quorum: 6 })]],
  [
    '/rules',
    [withRule({ condition: `"${text(4088)}" != ""` }), withRule({ message: text(256) })],
    [withRule({ condition: `"${text(4089)}" != ""` }), withRule({ message: text(257) })],
  ],
  [
    '/rules',
    [withRule({ cost_budget: 1 }), withRule({ cost_budget: 10_000 })],
    [withRule({ cost_budget: 0 }), withRule({ cost_budget: 10_001 })],
  ],
  [
    '/rules',
    ['deny', 'require_approval', 'warn'].map((effect) => withRule({ effect })),
    [withRule({ effect: 'allow' }), withRule({ effect: 'add_obligation' })],
  ],
];

describe('the policy document', () => {
  it.each(ROWS)(
    '%s is %j where nothing is said, and legal to its ends and no further',
    (path, usual, legal, beyond) => {
      const said = readPolicy({}, engine);
      if (said.kind !== 'policy') throw new Error('an empty document is legal');
      expect(valueAt(said.document, path)).toEqual(usual);
      for (const value of legal) expect([value, readWith(path, value).kind]).toEqual([value, 'policy']);
      for (const value of beyond) {
        const reading = readWith(path, value);
        if (reading.kind === 'policy') throw new Error(`${path} may be ${JSON.stringify(value)}`);
        expect(reading.errors.length).toBeGreaterThan(0);
      }
    },
  );

  it('has no member that this table does not speak of', () => {
    const reading = readPolicy({}, engine);
    if (reading.kind !== 'policy') throw new Error('an empty document is legal');
    const places = (value: unknown, path: string): readonly string[] =>
      typeof value !== 'object' || value === null || Array.isArray(value) || ROWS.some(([row]) => row === path)
        ? [path]
        : Object.entries(value).flatMap(([name, member]) => places(member, `${path}/${name}`));
    const spoken = new Set([
      ...ROWS.map(([path]) => path),
      ...['/format', '/environments/classes/nonprod/aliases', '/fail_safe/k8s_admission', '/fail_safe/cloud_event'],
    ]);
    // A member that is an empty object has no place of its own below it.
    expect(
      Object.keys(reading.document)
        .flatMap((name) => places(reading.document[name as 'format'], `/${name}`))
        .filter((path) => !spoken.has(path)),
    ).toEqual([]);
  });

  it.each(IN_LISTS)('%s, item by item, is legal to its ends and no further: %#', (path, legal, beyond) => {
    for (const value of legal) expect(readWith(path, value).kind).toBe('policy');
    for (const value of beyond) expect(readWith(path, value).kind).toBe('defective');
  });
});
