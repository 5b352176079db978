import { describe, expect, it } from '@jest/globals';
import { DEFAULT_POLICY } from '../policy/default-policy.js';
import type { Instant } from '../shared/brand.js';
import { DomainWorld, type PolicyChange, policyWith, START } from '../../../../test/support/domain-world.js';
import { inAnswerOrder, REASON_CODES } from './reason-codes.js';

const asking = (change: PolicyChange = {}): DomainWorld =>
  new DomainWorld(policyWith({ approval: { required: { prod: true } }, ...change }));

describe('the environment', () => {
  it.each([
    ['prod', 'prod', false],
    ['PRODUCTION ', 'prod', false],
    ['staging', 'nonprod', false],
    ['live-eu', 'prod', true],
    ['qa', 'prod', true],
    ['', 'prod', true],
  ])('%j is of class %s (scenario 18)', (environment, environmentClass, isUnknown) => {
    const recorded = new DomainWorld().ask('1', { environment });
    expect(recorded.request.environment_class).toBe(environmentClass);
    expect(recorded.reason_codes.includes('environment_unknown_strict')).toBe(isUnknown);
  });

  it('is of the class whose alias it is, and its fingerprint stays what it was', () => {
    const world = new DomainWorld();
    const before = world.ask('1', { environment: 'qa' });
    world.publish(policyWith({ environments: { classes: { nonprod: { aliases: ['qa'], behaves_as: 'nonprod' } } } }));
    const after = world.ask('1', { environment: 'qa' });
    expect(after.request.environment_class).toBe('nonprod');
    expect(after.reason_codes).not.toContain('environment_unknown_strict');
    expect(after.request_fingerprint).toBe(before.request_fingerprint);
  });

  it('makes an unknown name as strict as prod', () => {
    const world = asking({ pricing: { declared: { prod: 'refuse', nonprod: 'accept' } } });
    expect(world.ask('1', { environment: 'live-eu' }).reason_codes).toContain('cost_declared_refused');
  });

  it('lets a class of its own behave as the one it names', () => {
    const world = asking({ environments: { classes: { sandbox: { aliases: ['play'], behaves_as: 'nonprod' } } } });
    expect(world.ask('500', { environment: 'play' })).toMatchObject({
      decision: 'ALLOW',
      mode_scope: 'terraform:sandbox',
    });
    expect(world.ask('500', { environment: 'prod' }).decision).toBe('REQUIRE_APPROVAL');
  });
});

describe('auto-approval', () => {
  it('lets small changes pass until their sum reaches the cap (scenario 19)', () => {
    const world = asking();
    const decisions = Array.from({ length: 5 }, () => world.ask('24'));
    expect(decisions.map(({ decision }) => decision)).toEqual(['ALLOW', 'ALLOW', 'ALLOW', 'ALLOW', 'REQUIRE_APPROVAL']);
    expect(decisions[0]).toMatchObject({ auto_approved_usd: '24.0000', finding: 'clean' });
    expect(decisions[0]?.reason_codes).toContain('auto_approved_below_threshold');
    expect(decisions[4]?.reason_codes).toEqual([
      'approval_required',
      'auto_approve_cap_reached',
      'no_budget_configured',
    ]);
    expect(decisions[4]?.auto_approved_usd).toBeNull();
  });

  it('counts up to the cap itself', () => {
    const world = asking();
    for (let count = 0; count < 4; count += 1) expect(world.ask('25').decision).toBe('ALLOW');
    expect(world.ask('0.0001').decision).toBe('REQUIRE_APPROVAL');
  });

  it('begins anew with the UTC month', () => {
    const world = asking();
    world.now = '2026-11-30T23:59:59.999Z' as Instant;
    for (let count = 0; count < 4; count += 1) world.ask('25');
    expect(world.ask('25').decision).toBe('REQUIRE_APPROVAL');
    world.now = '2026-12-01T00:00:00.000Z' as Instant;
    expect(world.ask('25').decision).toBe('ALLOW');
  });

  it('forgets the sums of months that are over, and none that a question on its way may ask for', () => {
    const world = asking();
    for (const month of ['2026-12', '2027-01', '2027-02', '2027-03', '2027-04']) {
      world.now = `${month}-01T00:00:00.000Z` as Instant;
      world.ask('25', { subject: month });
    }
    expect([...world.gate.autoApproved.keys()].sort()).toEqual(
      ['2027-02', '2027-03', '2027-04'].map((month) => `${month}|${month}`),
    );
  });

  it('counts for the person behind a pipeline, else for the caller', () => {
    const world = asking();
    for (let count = 0; count < 4; count += 1) world.ask('25', { subject: `ci-${String(count)}`, onBehalfOf: 'ana' });
    expect(world.ask('25', { subject: 'ana' }).decision).toBe('REQUIRE_APPROVAL');
    expect(world.ask('25', { subject: 'ci-0' }).decision).toBe('ALLOW');
  });

  it('is for what policy asked alone: an unknown cost is no small one', () => {
    expect(asking().ask(null)).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      reason_codes: ['cost_unknown', 'approval_required'],
    });
  });

  it('counts no dry run, no shadow and nothing that was denied', () => {
    const dry = asking();
    for (let count = 0; count < 8; count += 1) expect(dry.ask('25', { isDryRun: true }).auto_approved_usd).toBeNull();
    expect(dry.ask('25').decision).toBe('ALLOW');
    const shadow = asking({ mode: 'shadow' });
    expect(shadow.ask('25').auto_approved_usd).toBeNull();
    const denied = asking({ entitlements: { plan_ceiling_monthly_usd: '0.0000' } });
    expect(denied.ask('25')).toMatchObject({ decision: 'DENY', auto_approved_usd: null });
  });

  it('lets a saving pass without using anything up', () => {
    const world = asking();
    for (let count = 0; count < 4; count += 1) world.ask('25');
    expect(world.ask('-500')).toMatchObject({ decision: 'ALLOW', auto_approved_usd: '0.0000' });
  });
});

describe('thresholds and reasons', () => {
  it('denies above the hard threshold and not at it', () => {
    const world = new DomainWorld(policyWith({ entitlements: { hard_deny_above_monthly_usd: '5000.0000' } }));
    expect(world.ask('5000').decision).toBe('ALLOW');
    expect(world.ask('5000.0001').reason_codes).toEqual([
      'hard_deny_threshold_exceeded',
      'hard_mode_denied',
      'no_budget_configured',
    ]);
  });

  it('reports all findings in the order of the contract, each once', () => {
    const document = policyWith({
      approval: { required: { prod: true } },
      pricing: { declared: { prod: 'refuse' } },
      entitlements: {
        plan_ceiling_monthly_usd: '10.0000',
        enterprise_ceiling_monthly_usd: '20.0000',
        hard_deny_above_monthly_usd: '30.0000',
      },
    });
    const world = new DomainWorld(document);
    world.setBudget('5');
    expect(world.ask('100', { environment: 'live-eu', isDryRun: true }).reason_codes).toEqual([
      'hard_deny_threshold_exceeded',
      'plan_limit_exceeded',
      'budget_exceeded',
      'enterprise_ceiling_exceeded',
      'cost_declared_refused',
      'hard_mode_denied',
      'approval_required',
      'environment_unknown_strict',
      'dry_run',
    ]);
  });

  it('sorts and thins out reasons, and says within_policy only when there is nothing else', () => {
    expect(inAnswerOrder([])).toEqual(['within_policy']);
    expect(inAnswerOrder([...REASON_CODES].reverse())).toEqual(REASON_CODES);
    expect(inAnswerOrder(['dry_run', 'budget_exceeded', 'dry_run'])).toEqual(['budget_exceeded', 'dry_run']);
  });

  it('asks for approval under the terms of the policy in force, which later policies do not touch', () => {
    const world = asking({
      approval: {
        required: { prod: true },
        approve_by_seconds: 600,
        replan_tolerance: { percent: 10, absolute_usd: '1.0000' },
      },
    });
    const recorded = world.ask('100');
    expect(recorded.approval).toMatchObject({
      approve_by_seconds: 600,
      quorum: 1,
      is_separation_required: true,
      justification_length_min: 10,
      cap_monthly_delta_usd: '111.0000',
      unfunded_usd: '0.0000',
    });
    world.publish(policyWith());
    world.settle();
    expect(world.approvals.approvals.get(recorded.approval?.approval_id ?? '')?.requested.terms).toEqual(
      recorded.approval,
    );
  });

  it('decides under the policy in force at the time of the command', () => {
    const world = new DomainWorld(policyWith());
    world.publish(
      policyWith({ entitlements: { hard_deny_above_monthly_usd: '100.0000' } }),
      '2026-11-10T11:00:00.000Z' as Instant,
    );
    expect(world.ask('200')).toMatchObject({ decision: 'ALLOW', policy_version: 1 });
    world.pass(3600);
    expect(world.ask('200')).toMatchObject({ decision: 'DENY', policy_version: 2 });
  });

  it('refuses to decide without any policy', () => {
    const world = new DomainWorld(null);
    expect(world.decide(world.question('1'))).toEqual({ kind: 'refused', refusal: { code: 'policy_missing' } });
  });

  it('asks in prod and not elsewhere by default', () => {
    const world = new DomainWorld(DEFAULT_POLICY);
    expect(world.now).toBe(START);
    expect(world.ask('100').decision).toBe('REQUIRE_APPROVAL');
    expect(world.ask('100', { environment: 'dev' }).decision).toBe('ALLOW');
  });
});
