import { describe, expect, it } from '@jest/globals';
import { DomainWorld, type PolicyChange, policyWith, pricedAt } from '../../../../test/support/domain-world.js';
import type { PolicyRule } from '../rules/policy-rule.js';
import type { Instant } from '../shared/brand.js';

const DENY: PolicyRule = {
  ...{ id: 'no-dbs', effect: 'deny', condition: 'true', enabled: true, message: 'no' },
  ...{ obligation: null, cost_budget: 1000 },
};
const denying = (change: PolicyChange = {}): DomainWorld => {
  const world = new DomainWorld(policyWith({ rules: [DENY], ...change }));
  world.setBudget('1000');
  return world;
};

describe('what a waiver removes', () => {
  it('is the finding of a rule it names, and the decision says so', () => {
    const world = denying();
    const id = world.grantWaiver(['no-dbs']);
    const recorded = world.ask('10');
    expect(recorded).toMatchObject({
      decision: 'ALLOW',
      finding: 'clean',
      reason_codes: ['exception_used'],
      exceptions_used: [{ exception_id: id, waived: ['no-dbs'] }],
      rules_matched: ['no-dbs'],
      hold: { total_usd: '10.0000' },
    });
  });

  it.each([
    ['cost_unknown', { pricing: { unknown: { prod: 'violation' } } }, null, false],
    ['cost_unknown', {}, null, false],
    ['cost_declared_refused', { pricing: { declared: { prod: 'refuse' } } }, '10', false],
    ['hard_deny_threshold_exceeded', { entitlements: { hard_deny_above_monthly_usd: '5.0000' } }, '10', false],
    ['budget_missing', { entitlements: { require_budget: { prod: true } } }, '10', true],
    ['approval_required', { approval: { required: { prod: true } } }, '200', false],
  ] as const)('is %s where it is the finding', (code, change, amount, hasNoBudget) => {
    const world = new DomainWorld(policyWith(change));
    if (!hasNoBudget) world.setBudget('1000');
    expect(world.ask(amount).reason_codes).toContain(code);
    world.grantWaiver([code]);
    const recorded = world.ask(amount);
    expect(recorded).toMatchObject({ decision: 'ALLOW', finding: 'clean' });
    expect(recorded.reason_codes).not.toContain(code);
    expect(recorded.exceptions_used).toMatchObject([{ waived: [code] }]);
  });

  it('is cost_partial: the known part is held', () => {
    const report = pricedAt('10', { completeness: 'partial' }).priceWith(null as never);
    const world = new DomainWorld();
    world.grantWaiver(['cost_partial']);
    expect(world.ask(null, { report })).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '10.0000' } });
  });

  it('is the need for an approval with the cap of auto-approval that came with it', () => {
    const world = new DomainWorld(
      policyWith({
        approval: { required: { prod: true } },
        entitlements: { auto_approve: { below_monthly_usd: '25.0000', cumulative_monthly_usd: '0.0000' } },
      }),
    );
    expect(world.ask('10').reason_codes).toContain('auto_approve_cap_reached');
    world.grantWaiver(['approval_required']);
    expect(world.ask('10')).toMatchObject({
      decision: 'ALLOW',
      reason_codes: ['exception_used', 'no_budget_configured'],
      auto_approved_usd: null,
    });
  });

  it('is never a limit of money, what an operator ordered, or a denial', () => {
    const forbidden = [
      ...['plan_limit_exceeded', 'budget_exceeded', 'forecast_exceeded', 'enterprise_ceiling_exceeded'],
      ...['computed_context_unavailable', 'cost_annotation_invalid', 'approval_denied_recently', 'stop_active'],
      ...['rule_denied', 'rule_approval_required', 'rule_evaluation_error'],
    ];
    const world = denying({
      entitlements: { plan_ceiling_monthly_usd: '50.0000', enterprise_ceiling_monthly_usd: '60.0000' },
    });
    world.setBudget('5', { scope: 'project:web' });
    world.grantWaiver(forbidden);
    expect(world.ask('100', { isClaimInvalid: true })).toMatchObject({
      decision: 'DENY',
      exceptions_used: [],
      reason_codes: [
        'rule_denied',
        'plan_limit_exceeded',
        'budget_exceeded',
        'enterprise_ceiling_exceeded',
        'cost_annotation_invalid',
        'hard_mode_denied',
      ],
    });
  });

  it('leaves what it does not name: the strongest of the rest decides', () => {
    const world = denying({ approval: { required: { prod: true } } });
    world.grantWaiver(['no-dbs']);
    expect(world.ask('100')).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      finding: 'approval',
      reason_codes: ['approval_required', 'exception_used'],
    });
  });

  it('is removed from the error of the rule as well', () => {
    const world = denying({ rules: [{ ...DENY, condition: 'cost.monthly < usd("5")' }] });
    world.grantWaiver(['no-dbs', 'cost_unknown']);
    expect(world.ask(null)).toMatchObject({
      decision: 'ALLOW',
      exceptions_used: [{ waived: ['cost_unknown', 'no-dbs'] }],
    });
  });
});

describe('the scope of a waiver', () => {
  it.each([
    [{ project: 'web' }, { project: 'api' }],
    [{ environment_class: 'prod' }, { environment: 'dev' }],
    [{ source: 'terraform' }, { source: 'cloud_event' }],
    [{ resource_prefix: 'aws_instance.' }, { resource: 'aws_db_instance.main' }],
  ] as const)('%j is one of those that all have to hold', (scope, elsewhere) => {
    const world = denying();
    world.grantWaiver(['no-dbs'], { scope });
    expect(world.ask('1').decision).toBe('ALLOW');
    expect(world.ask('1', elsewhere).decision).toBe('DENY');
    const wide = denying();
    wide.grantWaiver(['no-dbs']);
    expect(wide.ask('1', elsewhere).decision).toBe('ALLOW');
  });

  it('ends at its largest delta, which is inclusive', () => {
    const world = denying();
    world.grantWaiver(['no-dbs'], { max_monthly_delta_usd: '10.0000' as never });
    expect(world.ask('10').decision).toBe('ALLOW');
    expect(world.ask('10.0001').decision).toBe('DENY');
    expect(world.ask('-5').decision).toBe('ALLOW');
  });

  it('holds no cost that nobody knows, if it has a largest delta: unknown is never 0', () => {
    const world = denying();
    world.grantWaiver(['no-dbs', 'cost_unknown'], { max_monthly_delta_usd: '10.0000' as never });
    expect(world.ask(null)).toMatchObject({ decision: 'DENY', exceptions_used: [] });
  });
});

describe('the uses of a waiver', () => {
  it('are counted, one for each decision that names it, and end at the most', () => {
    const world = denying({ entitlements: { hard_deny_above_monthly_usd: '5.0000' } });
    world.grantWaiver(['no-dbs', 'hard_deny_threshold_exceeded'], { max_uses: 2 });
    expect(world.ask('10').exceptions_used).toMatchObject([{ waived: ['hard_deny_threshold_exceeded', 'no-dbs'] }]);
    expect(world.ask('1').decision).toBe('ALLOW');
    expect(world.ask('1').decision).toBe('DENY');
  });

  it('are not those of a dry run, nor of a change that it had nothing to remove from', () => {
    const world = denying({ rules: [{ ...DENY, condition: 'cost.monthly > usd("5")' }] });
    world.grantWaiver(['no-dbs'], { max_uses: 1 });
    expect(world.ask('10', { isDryRun: true }).decision).toBe('ALLOW');
    expect(world.ask('1').exceptions_used).toEqual([]);
    expect(world.ask('10').decision).toBe('ALLOW');
    expect(world.ask('10').decision).toBe('DENY');
  });

  it('do not count where the change is denied all the same: the decision names them, and the next may use the waiver', () => {
    const world = denying({ rules: [DENY, { ...DENY, id: 'no-tuesday', condition: 'cost.monthly > usd("5")' }] });
    const id = world.grantWaiver(['no-dbs'], { max_uses: 1 });
    expect(world.ask('10')).toMatchObject({
      decision: 'DENY',
      exceptions_used: [{ counts: false, exception_id: id, waived: ['no-dbs'] }],
    });
    expect(world.gate.waiverUses.get(id)).toBeUndefined();
    expect(world.ask('1')).toMatchObject({ decision: 'ALLOW', exceptions_used: [{ exception_id: id }] });
    expect(world.ask('1')).toMatchObject({ decision: 'DENY', exceptions_used: [] });
  });

  it('do not count in shadow mode, where everything goes ahead', () => {
    const world = denying({ mode: 'shadow' });
    const id = world.grantWaiver(['no-dbs'], { max_uses: 1 });
    expect(world.ask('1').exceptions_used).toEqual([{ counts: false, exception_id: id, waived: ['no-dbs'] }]);
    expect(world.ask('1')).toMatchObject({ finding: 'clean' });
  });

  it('count once a token may let the change pass, since no other decision follows', () => {
    const world = denying({ approval: { required: { prod: true } } });
    const id = world.grantWaiver(['no-dbs'], { max_uses: 1 });
    expect(world.ask('100')).toMatchObject({ decision: 'REQUIRE_APPROVAL', exceptions_used: [{ exception_id: id }] });
    expect(world.ask('100')).toMatchObject({ decision: 'DENY', exceptions_used: [] });
  });

  it('count with the use of a grant, not with the question that was agreed to', () => {
    const world = denying({ approval: { required: { prod: true } } });
    const id = world.grantWaiver(['no-dbs'], { max_uses: 1 });
    const review = () => world.ask('100', { channel: 'grant' });
    const asked = review();
    expect(asked).toMatchObject({ decision: 'REQUIRE_APPROVAL', exceptions_used: [{ counts: false }] });
    world.settle();
    const { approval } = asked;
    if (approval === null) throw new Error('nobody has to agree');
    world.vote(approval.approval_id, 'lead-1', { token: null });
    world.settle();
    expect(review()).toMatchObject({
      decision: 'ALLOW',
      grant_use: { use: 1 },
      exceptions_used: [{ exception_id: id }],
    });
    expect(world.gate.waiverUses.get(id)).toBe(1);
    expect(review()).toMatchObject({ decision: 'DENY', exceptions_used: [] });
  });

  it('fall to the oldest waiver that names the finding', () => {
    const world = denying();
    const older = world.grantWaiver(['no-dbs'], { exception_id: 'z', max_uses: 1 });
    const newer = world.grantWaiver(['no-dbs'], { exception_id: 'a' });
    expect([world.ask('1'), world.ask('1')].map(({ exceptions_used: [used] = [] }) => used?.exception_id)).toEqual([
      older,
      newer,
    ]);
  });

  it('end with its expiry and with its revocation', () => {
    const world = denying();
    world.grantWaiver(['no-dbs'], { expires_at: '2026-11-10T11:00:00.000Z' as Instant });
    world.pass(3599.999);
    expect(world.ask('1').decision).toBe('ALLOW');
    world.pass(0.001);
    expect(world.ask('1').decision).toBe('DENY');
    const id = world.grantWaiver(['no-dbs']);
    expect(world.ask('1').decision).toBe('ALLOW');
    world.revokeWaiver(id);
    expect(world.ask('1').decision).toBe('DENY');
    world.revokeWaiver('none');
  });
});
