import { describe, expect, it } from '@jest/globals';
import type { BudgetId, Instant } from '../shared/brand.js';
import { sha256Hex } from '../shared/sha256.js';
import { DomainWorld, keyed, policyWith, usd } from '../../../../test/support/domain-world.js';
import { decidePolicy, type PublishPolicy } from './policy.js';
import { matchingBudgets, noPolicy, policyInForce } from './policy.state.js';

const publishing = (world: DomainWorld, change: Partial<PublishPolicy> = {}): PublishPolicy => {
  const document = change.document ?? policyWith();
  return {
    kind: 'publish_policy',
    document,
    documentSha256: sha256Hex(JSON.stringify(document)),
    message: 'm',
    author: 'admin-1',
    effectiveFrom: null,
    rollout: null,
    role: 'active',
    expectedVersion: world.policyTag(),
    now: world.now,
    idempotency: keyed(null),
    ...change,
  };
};
const other = policyWith({ entitlements: { plan_ceiling_monthly_usd: '7.0000' } });
const inForce = (world: DomainWorld) => policyInForce(world.gate.policy, world.now)?.version;

describe('policy versions', () => {
  it('begin with the default, which is published once', () => {
    const command = {
      kind: 'publish_default_policy',
      document: policyWith(),
      documentSha256: sha256Hex('d'),
      now: new DomainWorld().now,
      idempotency: keyed(null),
    } as const;
    const first = decidePolicy(command, noPolicy, new DomainWorld().gate.accounts);
    expect(first).toMatchObject({
      kind: 'accepted',
      entries: [{ type: 'policy_published', payload: { version: 1, author: 'verdict' } }],
    });
    expect(new DomainWorld().administer(command)).toEqual({ kind: 'accepted', entries: [] });
  });

  it('change only for an author who names the version he edited', () => {
    const world = new DomainWorld();
    expect(world.administer(publishing(world, { document: other, expectedVersion: null }))).toEqual({
      kind: 'refused',
      refusal: { code: 'precondition_required' },
    });
    expect(world.administer(publishing(world, { document: other, expectedVersion: '9' }))).toEqual({
      kind: 'refused',
      refusal: { code: 'version_conflict', currentVersion: '1' },
    });
    expect(world.administer(publishing(world, { document: other }))).toMatchObject({
      entries: [{ payload: { version: 2 } }],
    });
  });

  it('do not multiply when the text in force is published again', () => {
    const world = new DomainWorld();
    expect(world.administer(publishing(world))).toEqual({ kind: 'accepted', entries: [] });
  });

  it('take effect at their time, and a tie goes to the higher version', () => {
    const world = new DomainWorld();
    world.publish(other, '2026-11-10T12:00:00.000Z' as Instant);
    world.publish(policyWith({ mode: 'soft' }), '2026-11-10T12:00:00.000Z' as Instant);
    expect(inForce(world)).toBe(1);
    world.pass(7199.999);
    expect(inForce(world)).toBe(1);
    world.pass(0.001);
    expect(inForce(world)).toBe(3);
  });

  it('let the text of a version that is only scheduled take effect at once', () => {
    const world = new DomainWorld();
    world.publish(other, '2026-12-01T00:00:00.000Z' as Instant);
    expect(world.publish(other)).toMatchObject({ entries: [{ payload: { version: 3, effective_from: world.now } }] });
    expect(inForce(world)).toBe(3);
  });

  it('are rolled back by a new version with the old text', () => {
    const world = new DomainWorld();
    world.publish(other);
    const command = {
      kind: 'roll_back_policy',
      toVersion: 1,
      message: 'm',
      author: 'admin-1',
      now: world.now,
      idempotency: keyed(null),
    } as const;
    expect(world.administer({ ...command, expectedVersion: '1' })).toMatchObject({
      refusal: { code: 'version_conflict' },
    });
    expect(world.administer({ ...command, toVersion: 9, expectedVersion: '2' })).toMatchObject({
      refusal: { code: 'not_found' },
    });
    expect(world.administer({ ...command, expectedVersion: '2' })).toMatchObject({
      entries: [{ payload: { version: 3, rolled_back_to: 1, document: policyWith() } }],
    });
  });

  it('keep their text, author and time when others are published (scenario 34)', () => {
    const world = new DomainWorld();
    const first = world.gate.policy.versions[0];
    world.publish(other);
    expect(world.gate.policy.versions[0]).toEqual(first);
  });

  it('are untouched by what the gate decides (scenario 16)', () => {
    const world = new DomainWorld();
    const before = world.gate.policy;
    for (let count = 0; count < 100; count += 1) world.ask('1');
    expect(world.gate.policy).toBe(before);
  });

  it('answer a key as the first time, also after others came between, and refuse it for another text', () => {
    const world = new DomainWorld();
    const command = publishing(world, { document: other, idempotency: keyed('k', 'other') });
    world.administer(command);
    world.publish(policyWith({ mode: 'soft' }));
    expect(world.administer(command)).toEqual({ kind: 'accepted', entries: [] });
    expect(world.administer({ ...command, idempotency: keyed('k', 'changed') })).toEqual({
      kind: 'refused',
      refusal: { code: 'idempotency_conflict', firstRevision: 1n },
    });
  });
});

describe('budgets', () => {
  it('are unique by scope and period while they are active', () => {
    const world = new DomainWorld();
    const { budgetId } = world.setBudget('10');
    expect(world.setBudget('20').result).toEqual({
      kind: 'refused',
      refusal: { code: 'budget_scope_taken', budgetId },
    });
    expect(world.setBudget('20', { period: 'year' }).result.kind).toBe('accepted');
    expect(world.setBudget('20', { isActive: false }).result.kind).toBe('accepted');
  });

  it('change at their version only', () => {
    const world = new DomainWorld();
    const { budgetId } = world.setBudget('10');
    const change = (expectedVersion: string | null) =>
      world.changeBudget(budgetId, '20', { change: { kind: 'update', expectedVersion } });
    expect(change(null)).toMatchObject({ refusal: { code: 'precondition_required' } });
    expect(change('2')).toMatchObject({ refusal: { code: 'version_conflict', currentVersion: '1' } });
    expect(change('1')).toMatchObject({ entries: [{ payload: { version: 2, limit_usd: '20.0000' } }] });
    expect(world.changeBudget('none' as BudgetId, '20')).toMatchObject({ refusal: { code: 'not_found' } });
  });

  it('do not sink below what is committed, and say how far they may', () => {
    const world = new DomainWorld();
    const { budgetId } = world.setBudget('1000');
    world.spend(world.ask('300').decision_id, '300');
    world.ask('400');
    expect(world.changeBudget(budgetId, '699.9999')).toEqual({
      kind: 'refused',
      refusal: { code: 'limit_below_committed', leastLimit: usd('700') },
    });
    expect(world.changeBudget(budgetId, '700').kind).toBe('accepted');
  });

  it('sink below it when asked to ratchet: no headroom until holds have ended', () => {
    const world = new DomainWorld();
    const { budgetId, account } = world.setBudget('1000');
    const held = world.ask('400');
    world.ask('300');
    expect(world.changeBudget(budgetId, '500', { whenCommitted: 'ratchet' }).kind).toBe('accepted');
    expect(world.balance(account)).toMatchObject({ limit: usd('500'), held: usd('700'), headroom: 0n });
    expect(world.ask('0.0001').decision).toBe('DENY');
    world.spend(held.decision_id, '100');
    expect(world.balance(account)).toMatchObject({ spent: usd('100'), held: usd('300'), headroom: usd('100') });
  });

  it('are charged once although their scope has changed', () => {
    const world = new DomainWorld();
    const { budgetId, account } = world.setBudget('100');
    world.changeBudget(budgetId, '100', { scope: 'project:web' });
    expect(matchingBudgets(world.gate.policy, 'web', 'prod')).toHaveLength(1);
    expect(world.ask('80').decision).toBe('ALLOW');
    expect(world.balance(account).held).toBe(usd('80'));
    expect(world.ask('500', { project: 'api' }).reason_codes).toEqual(['no_budget_configured']);
  });
});

describe('price books', () => {
  const book = (version: string, free: readonly string[] = []) =>
    ({
      format: 'verdict.price-book.v1',
      version,
      currency: 'USD',
      hours_per_month: 730,
      defaults: {},
      free,
      entries: [],
    }) as const;
  const publish = (world: DomainWorld, version: string, free: readonly string[] = []) =>
    world.administer({
      kind: 'publish_price_book',
      book: book(version, free),
      bookSha256: sha256Hex(JSON.stringify([version, free])),
      author: 'a',
      now: world.now,
      idempotency: keyed(null),
    });

  it('are immutable once published', () => {
    const world = new DomainWorld();
    expect(publish(world, '7')).toMatchObject({ entries: [{ type: 'price_book_published' }] });
    expect(publish(world, '7')).toEqual({ kind: 'accepted', entries: [] });
    expect(publish(world, '7', ['aws_iam_role'])).toMatchObject({ refusal: { code: 'idempotency_conflict' } });
  });
});
