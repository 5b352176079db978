import { describe, expect, it } from '@jest/globals';
import { DomainWorld, keyed, usd } from '../../../../test/support/domain-world.js';
import type { Instant } from '../shared/brand.js';
import { instantOf, msOf } from '../shared/instant.js';
import { BUDGETS_MAX } from './policy.js';
import { CREDITS_MAX, type GrantCredit } from './decide-credits.js';
import { type GrantWaiver, WAIVERS_MAX } from './decide-waivers.js';
import { WAIVABLE_CODES } from './waivers.js';

const ahead = (world: DomainWorld, days: number, more = 0): Instant =>
  instantOf(msOf(world.now) + days * 86_400_000 + more);
const credit = (world: DomainWorld, more: Partial<GrantCredit> = {}) =>
  world.administer({
    ...{ kind: 'grant_credit', creditId: world.id(), pool: 'reserved', scope: 'tenant', total: usd('100') },
    ...{ priority: 100, expiresAt: null, reason: 'r', owner: null, author: 'ana', now: world.now },
    idempotency: keyed(null),
    ...more,
  });
const revokeCredit = (world: DomainWorld, creditId: string) =>
  world.administer({ kind: 'revoke_credit', creditId, author: 'ana', now: world.now, idempotency: keyed(null) });
const EVERYWHERE = { project: null, environment_class: null, source: null, resource_prefix: null };
const waiver = (world: DomainWorld, more: Partial<GrantWaiver> = {}) =>
  world.administer({
    ...{ kind: 'grant_waiver', exceptionId: world.id(), scope: EVERYWHERE, waives: ['r'], maxMonthly: null },
    ...{ maxUses: null, owner: 'o', reason: 'r', ticket: 'T-1', expiresAt: ahead(world, 1), author: 'ana' },
    ...{ now: world.now, idempotency: keyed(null) },
    ...more,
  });
const revokeWaiver = (world: DomainWorld, exceptionId: string, expectedVersion: string | null = '1') =>
  world.administer({
    ...{ kind: 'revoke_waiver', exceptionId, expectedVersion, author: 'ana', now: world.now },
    idempotency: keyed(null),
  });

describe('the end of a waiver', () => {
  it('is for whoever names the version that he has seen', () => {
    const world = new DomainWorld();
    const exceptionId = world.id();
    waiver(world, { exceptionId });
    expect(revokeWaiver(world, exceptionId, null)).toMatchObject({ refusal: { code: 'precondition_required' } });
    expect(revokeWaiver(world, exceptionId, '2')).toMatchObject({
      refusal: { code: 'version_conflict', currentVersion: '1' },
    });
    expect(revokeWaiver(world, exceptionId)).toMatchObject({ entries: [{ type: 'waiver_revoked' }] });
    expect(revokeWaiver(world, exceptionId)).toMatchObject({ refusal: { currentVersion: '2' } });
    expect(revokeWaiver(world, exceptionId, '2')).toEqual({ kind: 'accepted', entries: [] });
  });
});

describe('a credit', () => {
  it('is granted under its terms and funds from then on', () => {
    const world = new DomainWorld();
    world.setBudget('0');
    expect(credit(world, { creditId: 'c', expiresAt: ahead(world, 1) })).toMatchObject({
      entries: [
        { payload: { credit_id: 'c', total_amount_usd: '100.0000', granted_by: 'ana', granted_at: world.now } },
      ],
    });
    expect(world.ask('60').decision).toBe('ALLOW_WITH_CREDITS');
  });

  it('that ends before it begins is refused', () => {
    const world = new DomainWorld();
    expect(credit(world, { expiresAt: world.now })).toMatchObject({
      refusal: { code: 'validation_failed', pointer: '/expires_at' },
    });
  });

  it('is revoked once, for what is neither held nor used', () => {
    const world = new DomainWorld();
    world.setBudget('0');
    credit(world, { creditId: 'c' });
    world.spend(world.ask('30').decision_id, '30');
    world.ask('20');
    expect(revokeCredit(world, 'c')).toMatchObject({ entries: [{ payload: { revoked_usd: '50.0000' } }] });
    expect(revokeCredit(world, 'c')).toEqual({ kind: 'accepted', entries: [] });
    expect(revokeCredit(world, 'none')).toEqual({ kind: 'refused', refusal: { code: 'not_found' } });
  });

  it('is one of 5000 at most that have not ended', () => {
    const world = new DomainWorld();
    for (let count = 0; count < CREDITS_MAX; count += 1) world.grantCredit('1', { credit_id: `c${String(count)}` });
    expect(credit(world)).toEqual({ kind: 'refused', refusal: { code: 'quota_exceeded', limit: 5000 } });
    world.revokeCredit('credit:c7');
    expect(credit(world).kind).toBe('accepted');
  });

  it('is granted once under a key, which is refused for another', () => {
    const world = new DomainWorld();
    credit(world, { creditId: 'c', idempotency: keyed('k', 1) });
    expect(credit(world, { creditId: 'd', idempotency: keyed('k', 1) })).toEqual({ kind: 'accepted', entries: [] });
    expect(credit(world, { creditId: 'd', idempotency: keyed('k', 2) })).toMatchObject({
      refusal: { code: 'idempotency_conflict' },
    });
    expect(world.gate.policy.credits.grants.size).toBe(1);
  });
});

describe('a waiver', () => {
  it('may name rules and what is waivable', () => {
    const world = new DomainWorld();
    expect(waiver(world, { waives: ['no-dbs', ...WAIVABLE_CODES], maxMonthly: usd('5'), maxUses: 2 })).toMatchObject({
      entries: [{ payload: { max_monthly_delta_usd: '5.0000', max_uses: 2, granted_by: 'ana' } }],
    });
  });

  it.each([
    'budget_exceeded',
    'forecast_exceeded',
    'plan_limit_exceeded',
    'enterprise_ceiling_exceeded',
    'stop_active',
    'approval_denied_recently',
    'computed_context_unavailable',
    'cost_annotation_invalid',
    'rule_denied',
  ])('never names %s', (code) => {
    expect(waiver(new DomainWorld(), { waives: ['r', code] })).toMatchObject({
      refusal: { code: 'validation_failed', pointer: '/waives/1' },
    });
  });

  it('ends within 90 days, and not before now', () => {
    const world = new DomainWorld();
    expect(waiver(world, { expiresAt: ahead(world, 90) }).kind).toBe('accepted');
    for (const expiresAt of [ahead(world, 90, 1), world.now])
      expect(waiver(world, { expiresAt })).toMatchObject({ refusal: { pointer: '/expires_at' } });
  });

  it('is one of 500 at most that have not ended', () => {
    const world = new DomainWorld();
    for (let count = 0; count < WAIVERS_MAX; count += 1)
      world.grantWaiver(['r'], { exception_id: `w${String(count)}` });
    expect(waiver(world)).toEqual({ kind: 'refused', refusal: { code: 'quota_exceeded', limit: 500 } });
    expect(revokeWaiver(world, 'w7').kind).toBe('accepted');
    expect(revokeWaiver(world, 'w7', '2')).toEqual({ kind: 'accepted', entries: [] });
    expect(waiver(world).kind).toBe('accepted');
    expect(revokeWaiver(world, 'none')).toEqual({ kind: 'refused', refusal: { code: 'not_found' } });
  });
});

describe('a budget', () => {
  it('is one of 5000 at most that are open: a closed one makes room, and is opened again only where there is room', () => {
    const world = new DomainWorld();
    const tooMany = { kind: 'refused', refusal: { code: 'quota_exceeded', limit: 5000 } };
    const first = world.setBudget('1', { scope: 'project:first' }).budgetId;
    for (let count = 1; count < BUDGETS_MAX; count += 1) world.setBudget('1', { scope: `project:p${String(count)}` });
    expect(world.setBudget('1').result).toEqual(tooMany);
    expect(world.changeBudget(first, '2').kind).toBe('accepted');
    expect(world.changeBudget(first, '2', { isActive: false }).kind).toBe('accepted');
    expect(world.setBudget('1').result.kind).toBe('accepted');
    expect(world.changeBudget(first, '2', { isActive: true })).toEqual(tooMany);
    expect(world.changeBudget(first, '3', { isActive: false }).kind).toBe('accepted');
  });
  it('is unique by scope, period and basis', () => {
    const world = new DomainWorld();
    world.setBudget('10');
    expect(world.setBudget('10', { basis: 'forecast' }).result.kind).toBe('accepted');
    expect(world.setBudget('10', { basis: 'forecast' }).result).toMatchObject({
      refusal: { code: 'budget_scope_taken' },
    });
  });
});
