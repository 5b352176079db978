import { describe, expect, it } from '@jest/globals';
import { DomainWorld, type PolicyChange, policyWith, pricedAt } from '../../../../test/support/domain-world.js';
import { type PolicyRule, RULES_COST_MAX } from '../rules/policy-rule.js';

const rule = (id: string, effect: PolicyRule['effect'], more: Partial<PolicyRule> = {}): PolicyRule => ({
  id,
  effect,
  condition: 'true',
  enabled: true,
  message: `${id} says`,
  obligation: effect === 'add_obligation' ? { key: id, value: 'v' } : null,
  cost_budget: 10_000,
  ...more,
});
const ruled = (rules: readonly PolicyRule[], change: PolicyChange = {}): DomainWorld => {
  const world = new DomainWorld(policyWith({ rules, ...change }));
  world.setBudget('1000');
  return world;
};
/** An error: nothing is known of the cost where it is compared. */
const BROKEN = 'cost.monthly < usd("5")';

describe('a rule that matches', () => {
  it.each([
    ['deny', 'hard', 'DENY', ['rule_denied', 'hard_mode_denied']],
    ['deny', 'soft', 'REQUIRE_APPROVAL', ['rule_denied', 'soft_mode_escalation']],
    ['deny', 'shadow', 'ALLOW', ['rule_denied', 'shadow_mode_override']],
    ['require_approval', 'hard', 'REQUIRE_APPROVAL', ['rule_approval_required']],
    ['require_approval', 'soft', 'REQUIRE_APPROVAL', ['rule_approval_required']],
    ['require_approval', 'shadow', 'ALLOW', ['shadow_mode_approval_override', 'rule_approval_required']],
    ['warn', 'hard', 'ALLOW', ['rule_warned']],
    ['add_obligation', 'hard', 'ALLOW', ['within_policy']],
  ] as const)('with the effect %s in %s mode: %s', (effect, mode, decision, reasons) => {
    const recorded = ruled([rule('r', effect)], { mode }).ask('10');
    expect(recorded).toMatchObject({ decision, reason_codes: reasons, rules_matched: ['r'] });
    expect(recorded.warnings).toEqual(effect === 'add_obligation' ? [] : ['r says']);
    expect(recorded.obligations).toEqual(effect === 'add_obligation' ? [{ key: 'r', value: 'v' }] : []);
  });

  it('is named in order, its reason code once however many match, and its message unless it has none', () => {
    const recorded = ruled([
      rule('z', 'deny'),
      rule('no', 'deny', { condition: 'false' }),
      rule('off', 'deny', { enabled: false }),
      rule('w', 'warn', { message: '' }),
      rule('o2', 'add_obligation'),
      rule('a', 'deny'),
      rule('o1', 'add_obligation'),
      rule('n', 'require_approval'),
    ]).ask('10');
    expect(recorded.reason_codes).toEqual(['rule_denied', 'hard_mode_denied', 'rule_approval_required', 'rule_warned']);
    expect(recorded.rules_matched).toEqual(['z', 'w', 'o2', 'a', 'o1', 'n']);
    expect(recorded.warnings).toEqual(['z says', 'a says', 'n says']);
    expect(recorded.obligations?.map(({ key }) => key)).toEqual(['o2', 'o1']);
    expect(recorded.rules?.map(({ id, matched }) => [id, matched])).toEqual([
      ['z', true],
      ['no', false],
      ['w', true],
      ['o2', true],
      ['a', true],
      ['o1', true],
      ['n', true],
    ]);
  });

  it('is all of a decision that nothing else speaks against', () => {
    const recorded = ruled([rule('r', 'deny', { condition: 'cost.monthly > usd("25.00")' })]);
    expect(recorded.ask('25').decision).toBe('ALLOW');
    expect(recorded.ask('25.0001').decision).toBe('DENY');
  });
});

describe('a rule that cannot be evaluated', () => {
  it.each([
    ['deny', 'DENY', ['rule_denied', 'rule_evaluation_error', 'cost_unknown', 'hard_mode_denied'], ['r']],
    [
      'require_approval',
      'REQUIRE_APPROVAL',
      ['rule_evaluation_error', 'cost_unknown', 'rule_approval_required'],
      ['r'],
    ],
    ['warn', 'REQUIRE_APPROVAL', ['cost_unknown', 'rule_warned'], []],
    ['add_obligation', 'REQUIRE_APPROVAL', ['cost_unknown', 'rule_warned'], []],
  ] as const)('with the effect %s is %s', (effect, decision, reasons, matched) => {
    const recorded = ruled([rule('r', effect, { condition: BROKEN })]).ask(null);
    expect(recorded.decision).toBe(decision);
    expect(recorded.reason_codes).toEqual(reasons);
    expect(recorded.rules_matched).toEqual(matched);
    expect(recorded.warnings).toEqual(['rule r could not be evaluated: no_such_key']);
    expect(recorded.obligations).toEqual([]);
    expect(recorded.rules).toMatchObject([{ id: 'r', matched: false, error: 'no_such_key' }]);
  });

  it('because its own budget is spent counts as a match too', () => {
    const recorded = ruled([rule('r', 'deny', { condition: '1 + 1 == 3', cost_budget: 2 })]).ask('1');
    expect(recorded).toMatchObject({ decision: 'DENY', rules: [{ error: 'cost_budget_spent' }] });
  });

  it('because the rules before it have spent what all may use counts as a match too', () => {
    const numbers = `[${Array.from({ length: 200 }, (_, index) => String(index)).join(',')}]`;
    const condition = `${numbers}.all(a, ${numbers}.all(b, a + b >= 0))`;
    const greedy = Array.from({ length: 10 }, (_, index) => rule(`g${String(index)}`, 'warn', { condition }));
    const recorded = ruled([...greedy, rule('last', 'deny', { condition: 'false' })]).ask('1');
    const spent = recorded.rules?.reduce((sum, { cost_used }) => sum + cost_used, 0) ?? 0;
    expect(spent).toBe(RULES_COST_MAX);
    expect(recorded.rules?.at(-1)).toMatchObject({ id: 'last', error: 'total_budget_spent' });
    expect(recorded.decision).toBe('DENY');
  });
});

describe('what a rule looks at', () => {
  it('is the change, the caller and the state before it', () => {
    const conditions = {
      request: 'request.source == "terraform" && request.project_id == "web" && request.environment_class == "prod"',
      types: 'request.resource_types == ["aws_db_instance"] && change.creates == 1 && !change.destructive',
      metadata: 'request.metadata.team == "data"',
      actor: 'actor.subject == "ci" && actor.on_behalf_of == "ana" && "ops" in actor.groups',
      cost: 'cost.monthly == usd("30") && cost.method == "declared" && cost.completeness == "complete"',
      budget: 'budget.matched.exists_one(b, b.scope == "tenant" && b.held == usd("970") && b.headroom == usd("30"))',
      unfunded: 'budget.fundable == usd("30") && budget.unfunded == 0',
      credits: 'credits.reserved == usd("7") && credits.emergency == 0',
      context: 'context.data_source_mode == "none" && context.project.observed_days == 0',
      risk: 'risk.score == 3 && risk.class == "medium"',
      now: 'now == timestamp("2026-11-10T10:00:00Z")',
    };
    const world = ruled(Object.entries(conditions).map(([id, condition]) => rule(id, 'warn', { condition })));
    world.ask('970', { project: 'api' });
    world.grantCredit('7');
    const recorded = world.ask('30', {
      ...{ metadata: '{"team":"data"}', subject: 'ci', onBehalfOf: 'ana', groups: ['ops'] },
    });
    expect(recorded.rules?.filter(({ matched }) => !matched).map(({ id }) => id)).toEqual(['types']);
    const priced = ruled([rule('types', 'warn', { condition: conditions.types })]);
    priced.administer({
      kind: 'publish_price_book',
      book: {
        ...{ format: 'verdict.price-book.v1', version: '1', currency: 'USD', hours_per_month: 730 },
        ...{ defaults: {}, free: [], entries: [] },
      },
      bookSha256: '0'.repeat(64) as never,
      author: 'a',
      now: priced.now,
      idempotency: { key: null, payload_hash: '0'.repeat(64) as never },
    });
    const change = { creates: 1, updates: 0, deletes: 0, replaces: 0, resource_types: ['aws_db_instance'] };
    expect(priced.ask(null, { evidence: pricedAt('1', { change }) }).rules_matched).toEqual(['types']);
  });

  it('is not changed by what the caller calls the risk unless he raises it (scenario 31)', () => {
    const world = new DomainWorld(policyWith());
    const low = world.ask('1200', { action: 'terraform.destroy', metadata: '{"risk_level":"low"}' });
    expect(low.risk).toEqual({ score: 6, class: 'high' });
    expect(low.reason_codes).not.toContain('risk_raised_by_caller');
    const high = world.ask('10', { environment: 'dev', metadata: '{"risk_level":"high"}' });
    expect(high.risk).toEqual({ score: 0, class: 'high' });
    expect(high.reason_codes).toContain('risk_raised_by_caller');
  });

  it('is one more where nothing but a claim says what the change costs, and policy flags that', () => {
    const scoreUnder = (prod: 'accept' | 'flag') =>
      new DomainWorld(policyWith({ pricing: { declared: { prod } } })).ask('1').risk?.score;
    expect([scoreUnder('accept'), scoreUnder('flag')]).toEqual([3, 4]);
  });

  it('is the risk of a project, whatever it is called', () => {
    const world = new DomainWorld(policyWith({ risk: { project_criticality: { web: 'high' } } }));
    expect(world.ask('1', { project: 'web' }).risk?.score).toBe(5);
    expect(world.ask('1', { project: 'constructor' }).risk?.score).toBe(3);
  });
});
