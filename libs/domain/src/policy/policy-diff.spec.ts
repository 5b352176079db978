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
/** Classes by their aliases; those that are new behave as told. */
const classes = (named: Readonly<Record<string, readonly string[]>>, behaves: 'prod' | 'nonprod' = 'prod'): Change => ({
  environments: {
    classes: Object.fromEntries(
      Object.entries(named).map(([name, aliases]) => [
        name,
        { aliases, behaves_as: name === 'nonprod' ? ('nonprod' as const) : behaves },
      ]),
    ),
  },
});
const STRICT_PROD: Change = { mode_matrix: { terraform: { prod: 'hard', default: 'soft' } } };
const stage = (more: object) => ({ id: 's', quorum: 1, roles: [], groups: [], subjects: [], deny_quorum: 1, ...more });
const stages = (more: object): Change =>
  routing(route('r', 'require', { require: 'all' in more || 'any' in more ? more : stage(more) }));
const overriding = (overrides: object): Change => routing(route('r', 'require', { require: stage({}), overrides }));

const required = ({ approval }: Change): Change => ({ approval: { ...approval, required: { prod: true } } });
const REQUIRED = required({});

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

  it.each<[string, Change, Change, 'loosens' | 'tightens' | 'both' | 'neither']>([
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
    [
      'a rule that denies with less to evaluate',
      rules(rule('r', 'deny')),
      rules(rule('r', 'deny', { cost_budget: 9 })),
      'tightens',
    ],
    [
      'a rule that warns with less to evaluate',
      rules(rule('r', 'warn')),
      rules(rule('r', 'warn', { cost_budget: 9 })),
      'neither',
    ],
    [
      'an alias that moves to a class that behaves as nonprod',
      classes({ prod: ['p'] }),
      classes({ nonprod: ['p'] }),
      'loosens',
    ],
    ['an alias of prod that was unknown before, hence strict', {}, classes({ prod: ['p'] }), 'neither'],
    ['an alias of nonprod that was unknown before', {}, classes({ nonprod: ['p'] }), 'loosens'],
    ['an alias less of nonprod', classes({ nonprod: ['p'] }), {}, 'tightens'],
    ['an alias of nonprod for another', classes({ nonprod: ['p'] }), classes({ nonprod: ['q'] }), 'both'],
    ['a new class that behaves as nonprod', {}, classes({ play: [] }, 'nonprod'), 'loosens'],
    ['a new class that behaves as prod', {}, classes({ play: [] }, 'prod'), 'neither'],
    [
      'a new class that behaves as prod and has a weaker mode than prod',
      STRICT_PROD,
      { ...classes({ play: ['p'] }, 'prod'), ...STRICT_PROD },
      'loosens',
    ],
    ['a class that behaves as nonprod now', classes({ play: [] }, 'prod'), classes({ play: [] }, 'nonprod'), 'loosens'],
    [
      'an approver who may be who asked',
      { approval: { separation: { prod: true } } },
      { approval: { separation: { prod: false } } },
      'loosens',
    ],
    ['a ticket that need not be', { approval: { justification: { ticket_pattern: 'T' } } }, {}, 'loosens'],
    [
      'a ticket of another form',
      { approval: { justification: { ticket_pattern: 'T' } } },
      { approval: { justification: { ticket_pattern: 'U' } } },
      'neither',
    ],
    [
      'data that may be older',
      { context: { max_data_age_days: 3 } },
      { context: { max_data_age_days: 30 } },
      'loosens',
    ],
    ['a spike that is one later', {}, { context: { spike_percent: 99 } }, 'loosens'],
    ['a spike that is one earlier', {}, { context: { spike_absolute_usd: '1.0000' } }, 'tightens'],
    ['overdue holds that are released', {}, { reconciliation: { overdue_action: 'release' } }, 'loosens'],
    ['a wider tolerance', {}, { reconciliation: { tolerance_percent: 9 } }, 'loosens'],
    ['a narrower tolerance', {}, { reconciliation: { tolerance_absolute_usd: '0.0000' } }, 'tightens'],
    ['a saving that nobody has to explain', {}, { reconciliation: { savings_exception_usd: '900.0000' } }, 'loosens'],
    [
      'an exception that may stay open for longer',
      {},
      { reconciliation: { exception_due_seconds: 9_000_000 } },
      'loosens',
    ],
    ['holds that are overdue earlier', {}, { execution: { hold_overdue_seconds: 60 } }, 'loosens'],
    ['a project that is critical now', {}, { risk: { project_criticality: { web: 'high' } } }, 'tightens'],
    ['a project that is no longer critical', { risk: { project_criticality: { web: 'medium' } } }, {}, 'loosens'],
    ['one more type of high impact', {}, { risk: { high_impact_types: ['t'] } }, 'tightens'],
    [
      'another type of high impact',
      { risk: { high_impact_types: ['t'] } },
      { risk: { high_impact_types: ['u'] } },
      'both',
    ],
    ['a pinned price book', {}, { pricing: { price_book: '7' } }, 'neither'],
    [
      'more calls of the gate',
      { rate_limits: { gate_per_second: 5 } },
      { rate_limits: { gate_per_second: null } },
      'loosens',
    ],
    ['a quorum of one for two', stages({ quorum: 2 }), stages({ quorum: 1 }), 'loosens'],
    ['more denials that deny', stages({ deny_quorum: 1 }), stages({ deny_quorum: 2 }), 'loosens'],
    ['one who may agree more', stages({ subjects: ['ana'] }), stages({ subjects: ['ana', 'ben'] }), 'loosens'],
    ['somebody else who may agree', stages({ subjects: ['ana'] }), stages({ subjects: ['ben'] }), 'both'],
    ['approvers by role for approvers by default', stages({}), stages({ roles: ['approver'] }), 'neither'],
    ['a second stage', stages({}), stages({ all: [stage({}), stage({ id: 't' })] }), 'tightens'],
    ['another way to agree', stages({}), stages({ any: [stage({}), stage({ id: 't', roles: ['lead'] })] }), 'loosens'],
    ['a stage of another name', stages({}), stages({ id: 't' }), 'neither'],
    [
      'one more who agrees in a stage that is not required any more',
      stages({ quorum: 1 }),
      routing(route('r', 'require', { require: stage({ quorum: 2 }), enabled: false })),
      'loosens',
    ],
    ['a route without separation', stages({}), overriding({ separation: false }), 'loosens'],
    ['a route that says what its document says', stages({}), overriding({ approve_by_seconds: 86_400 }), 'neither'],
    ['a route with a longer clock', stages({}), overriding({ use_by_seconds: 604_800 }), 'loosens'],
    [
      'a route without a ticket',
      overriding({ justification: { ticket_pattern: 'T' } }),
      overriding({ justification: {} }),
      'loosens',
    ],
    [
      'a route that asks for a justification',
      stages({}),
      overriding({ justification: { required: true, min_length: 9 } }),
      'both',
    ],
    ['a new route that requires', {}, routing(route('r', 'require')), 'tightens'],
    [
      'a new route that requires what is required without it',
      REQUIRED,
      required(stages({ roles: ['approver'] })),
      'tightens',
    ],
    ['a new route that requires more', REQUIRED, required(stages({ quorum: 2 })), 'tightens'],
    ['a new route that somebody else fulfils', REQUIRED, required(stages({ groups: ['interns'] })), 'both'],
    ['the same where nobody had to agree', {}, stages({ groups: ['interns'] }), 'tightens'],
    [
      'the same for a class where nobody had to agree',
      REQUIRED,
      required(
        routing(
          route('r', 'require', { require: stage({ groups: ['interns'] }), match: { environments: ['nonprod'] } }),
        ),
      ),
      'tightens',
    ],
    ['a new route without separation', REQUIRED, required(overriding({ separation: false })), 'both'],
    ['a new route with a longer clock', REQUIRED, required(overriding({ approve_by_seconds: 2_592_000 })), 'both'],
    [
      'a new route that asks for a ticket',
      REQUIRED,
      required(overriding({ justification: { ticket_pattern: 'T' } })),
      'tightens',
    ],
    ['a route less that asked for more', required(stages({ quorum: 2 })), REQUIRED, 'loosens'],
    ['a route less that somebody else fulfilled', required(stages({ groups: ['interns'] })), REQUIRED, 'both'],
    ['a route less without separation', required(overriding({ separation: false })), REQUIRED, 'both'],
    [
      'a route without separation that is switched on',
      required(
        routing(route('r', 'require', { require: stage({}), overrides: { separation: false }, enabled: false })),
      ),
      required(overriding({ separation: false })),
      'both',
    ],
    [
      'a route without separation that waived before',
      required(routing(route('r', 'waive', { overrides: { separation: false } }))),
      required(overriding({ separation: false })),
      'tightens',
    ],
    [
      'an alias that moves to a class whose failures are answered less strictly',
      {
        ...classes({ play: ['p'], work: [] }),
        fail_safe: { terraform: { play: 'DENY', work: 'REQUIRE_APPROVAL' } },
        mode: 'soft',
      },
      {
        ...classes({ play: [], work: ['p'] }),
        fail_safe: { terraform: { play: 'DENY', work: 'REQUIRE_APPROVAL' } },
        mode: 'soft',
      },
      'loosens',
    ],
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
    expect([loosens.length > 0, tightens.length > 0]).toEqual([
      direction === 'loosens' || direction === 'both',
      direction === 'tightens' || direction === 'both',
    ]);
  });
});
