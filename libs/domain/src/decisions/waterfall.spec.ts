import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith, usd } from '../../../../test/support/domain-world.js';

/** Example W of contract section 9.3 without credits: what credits had funded is unfunded here. */
const exampleW = (mode: 'soft' | 'hard') => {
  const document = policyWith({
    mode,
    entitlements: {
      plan_ceiling_monthly_usd: '10000.0000',
      enterprise_ceiling_monthly_usd: '12000.0000',
      hard_deny_above_monthly_usd: '5000.0000',
    },
  });
  const world = new DomainWorld(document);
  const tenant = world.setBudget('5000');
  const web = world.setBudget('1000', { scope: 'project:web' });
  world.spend(world.ask('300').decision_id, '300');
  world.ask('462');
  for (const project of ['api', 'ops']) world.ask('1619', { project });
  return { world, tenant: tenant.account, web: web.account };
};

describe('the waterfall', () => {
  it('starts example W where the contract does', () => {
    const { world, tenant, web } = exampleW('hard');
    expect(world.balance(web)).toMatchObject({ spent: usd('300'), held: usd('462'), headroom: usd('238') });
    expect(world.balance(tenant).headroom).toBe(usd('1000'));
    expect(world.balance('ceiling:plan').headroom).toBe(usd('6000'));
    expect(world.balance('ceiling:enterprise').headroom).toBe(usd('8000'));
  });

  it.each([
    ['200', 'ALLOW', '200.0000', '0.0000', ['within_policy']],
    ['238', 'ALLOW', '238.0000', '0.0000', ['within_policy']],
    ['238.0001', 'DENY', '0.0000', '0.0001', ['budget_exceeded', 'hard_mode_denied']],
    ['1000', 'DENY', '0.0000', '762.0000', ['budget_exceeded', 'hard_mode_denied']],
    [
      '7000',
      'DENY',
      '0.0000',
      '6762.0000',
      ['hard_deny_threshold_exceeded', 'plan_limit_exceeded', 'budget_exceeded', 'hard_mode_denied'],
    ],
  ])('example W, hard: %s is %s', (asked, decision, total_usd, unfunded_usd, reasons) => {
    const recorded = exampleW('hard').world.ask(asked);
    expect(recorded).toMatchObject({ decision, hold: { total_usd, unfunded_usd }, reason_codes: reasons });
  });

  it.each([
    ['200', 'ALLOW', '200.0000'],
    ['1000', 'REQUIRE_APPROVAL', '238.0000'],
    ['7000', 'REQUIRE_APPROVAL', '238.0000'],
  ])('example W, soft: %s is %s and holds %s', (asked, decision, total_usd) => {
    const { world, web } = exampleW('soft');
    expect(world.ask(asked)).toMatchObject({ decision, hold: { total_usd } });
    expect(world.balance(web).headroom).toBe(asked === '200' ? usd('38') : 0n);
  });

  it('reports every stage with what it had, gave and kept', () => {
    const { waterfall } = exampleW('soft').world.ask('1000');
    expect(
      waterfall.map(({ stage, status, available_usd, consumed_usd, remaining_usd }) => [
        stage,
        status,
        available_usd,
        consumed_usd,
        remaining_usd,
      ]),
    ).toEqual([
      ['plan_limit', 'pass', '6000.0000', '1000.0000', '5000.0000'],
      ['project_allocation', 'partial', '238.0000', '238.0000', '0.0000'],
      ['reserved_credits', 'skipped', null, '0.0000', null],
      ['org_emergency_credits', 'skipped', null, '0.0000', null],
      ['enterprise_ceiling', 'pass', '8000.0000', '1000.0000', '7000.0000'],
      ['unfunded', 'fail', null, '762.0000', null],
    ]);
  });

  it('charges every matching budget, or none', () => {
    const world = new DomainWorld();
    const accounts = [
      world.setBudget('500'),
      world.setBudget('300', { scope: 'project:web' }),
      world.setBudget('100', { scope: 'project:web/env:prod' }),
      world.setBudget('90', { scope: 'project:web', period: 'year', monthsCharged: 1 }),
    ].map(({ account }) => account);
    const other = world.setBudget('1', { scope: 'project:api' }).account;
    const held = () => accounts.map((account) => world.balance(account).held);
    expect(world.ask('90.0001').decision).toBe('DENY');
    expect(held()).toEqual([0n, 0n, 0n, 0n]);
    expect(world.ask('90').decision).toBe('ALLOW');
    expect(held()).toEqual([usd('90'), usd('90'), usd('90'), usd('90')]);
    expect(world.balance(other).held).toBe(0n);
  });

  it.each([
    ['month', 1, '100.0000', '100'],
    ['quarter', 3, '33.3333', '99.9999'],
    ['year', 12, '8.3333', '99.9996'],
  ] as const)(
    'charges a %s budget %i times the monthly delta and rounds what it can carry down',
    (period, monthsCharged, fits, held) => {
      const world = new DomainWorld(policyWith({ mode: 'soft' }));
      const { account } = world.setBudget('100', { period, monthsCharged });
      const recorded = world.ask('500');
      expect(recorded.hold).toMatchObject({ total_usd: fits });
      expect(world.balance(account).held).toBe(usd(held));
      expect(world.balance('ceiling:plan').held).toBe(usd(fits));
    },
  );

  it('makes the smaller of several budgets the limit, each by its own months', () => {
    const world = new DomainWorld(policyWith({ mode: 'soft' }));
    const year = world.setBudget('120', { period: 'year', monthsCharged: 12 }).account;
    const month = world.setBudget('50').account;
    expect(world.ask('40').hold).toMatchObject({ total_usd: '10.0000', unfunded_usd: '30.0000' });
    expect([world.balance(year).held, world.balance(month).held]).toEqual([usd('120'), usd('10')]);
  });

  it.each([
    [null, 'ALLOW', ['no_budget_configured']],
    ['0.0000', 'DENY', ['plan_limit_exceeded', 'hard_mode_denied', 'no_budget_configured']],
    ['99.9999', 'DENY', ['plan_limit_exceeded', 'hard_mode_denied', 'no_budget_configured']],
    ['100.0000', 'ALLOW', ['no_budget_configured']],
  ])('a plan ceiling of %s makes 100 %s', (plan_ceiling_monthly_usd, decision, reasons) => {
    const world = new DomainWorld(policyWith({ entitlements: { plan_ceiling_monthly_usd } }));
    expect(world.ask('100')).toMatchObject({ decision, reason_codes: reasons });
  });

  it('stops at the enterprise ceiling under its own name', () => {
    const world = new DomainWorld(policyWith({ entitlements: { enterprise_ceiling_monthly_usd: '50.0000' } }));
    expect(world.ask('51').reason_codes).toEqual([
      'enterprise_ceiling_exceeded',
      'hard_mode_denied',
      'no_budget_configured',
    ]);
  });

  it('counts against a ceiling what was held before the ceiling was set', () => {
    const world = new DomainWorld();
    world.ask('600');
    world.publish(policyWith({ entitlements: { plan_ceiling_monthly_usd: '1000.0000' } }));
    expect(world.ask('400.0001').decision).toBe('DENY');
    expect(world.ask('400').decision).toBe('ALLOW');
  });

  it('charges the ceilings although no budget is configured (scenario 3)', () => {
    const world = new DomainWorld(policyWith({ entitlements: { plan_ceiling_monthly_usd: '1000.0000' } }));
    expect(world.ask('600')).toMatchObject({
      decision: 'ALLOW',
      hold: { total_usd: '600.0000' },
      reason_codes: ['no_budget_configured'],
    });
    const second = world.ask('600');
    expect(second.decision).toBe('DENY');
    expect(second.reason_codes).toContain('plan_limit_exceeded');
  });

  it('finds a missing budget a violation where policy requires one', () => {
    const world = new DomainWorld(policyWith({ entitlements: { require_budget: { prod: true, nonprod: false } } }));
    expect(world.ask('1')).toMatchObject({ decision: 'DENY', reason_codes: ['budget_missing', 'hard_mode_denied'] });
    expect(world.ask('1', { environment: 'dev' })).toMatchObject({
      decision: 'ALLOW',
      reason_codes: ['no_budget_configured'],
    });
  });

  it('ignores a budget that is not active', () => {
    const world = new DomainWorld();
    world.setBudget('1', { isActive: false });
    expect(world.ask('100').reason_codes).toEqual(['no_budget_configured']);
  });

  it('asks no money for a saving, skips every stage and makes no headroom (scenario 15)', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    const recorded = world.ask('-300');
    expect(recorded).toMatchObject({
      decision: 'ALLOW',
      reason_codes: ['cost_decrease'],
      hold: { legs: [], total_usd: '0.0000' },
    });
    expect(recorded.waterfall.every(({ status }) => status === 'skipped')).toBe(true);
    expect(world.balance(account).headroom).toBe(usd('100'));
    expect(world.ask('100.0001').decision).toBe('DENY');
  });

  it('says no_cost_change to a delta of zero', () => {
    expect(new DomainWorld().ask('0').reason_codes).toEqual(['no_cost_change']);
  });

  it('shows the balances as they stand with the hold in place', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    expect(world.ask('30').balances_after).toEqual([
      { account, limit_usd: '100.0000', spent_usd: '0.0000', held_usd: '30.0000', headroom_usd: '70.0000' },
      { account: 'ceiling:plan', limit_usd: null, spent_usd: '0.0000', held_usd: '30.0000', headroom_usd: null },
      { account: 'ceiling:enterprise', limit_usd: null, spent_usd: '0.0000', held_usd: '30.0000', headroom_usd: null },
    ]);
  });
});
