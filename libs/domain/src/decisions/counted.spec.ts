import { describe, expect, it } from '@jest/globals';
import { type Ask, DomainWorld, type PolicyChange, policyWith } from '../../../../test/support/domain-world.js';
import type { PolicyRule } from '../rules/policy-rule.js';
import type { Instant } from '../shared/brand.js';
import { autoApprovalKey } from './counted.js';
import type { DecisionRecorded } from './decisions.entries.js';

const DENY: PolicyRule = {
  ...{ id: 'no-dbs', effect: 'deny', condition: 'cost.monthly > usd("5")', enabled: true, message: 'no' },
  ...{ obligation: null, cost_budget: 1000 },
};
const TTL_SECONDS = 900;
/** Small changes pass; a question without a key is decided again once its time is over. */
const asking = (change: PolicyChange = {}) => {
  const world = new DomainWorld(policyWith({ approval: { required: { prod: true } }, ...change }));
  world.setBudget('1000');
  const keyless = (more: Ask = {}): DecisionRecorded => world.ask('24', { key: null, ...more });
  const later = (more: Ask = {}): DecisionRecorded => {
    world.pass(TTL_SECONDS);
    return keyless(more);
  };
  const counted = (subject: string) =>
    world.gate.autoApproved.get(autoApprovalKey({ subject, on_behalf_of: null }, world.now));
  return { world, keyless, later, counted };
};

describe('a keyless question that is decided again while the hold of its last answer stands', () => {
  it('is auto-approved once, however often it is asked', () => {
    const { world, keyless, later } = asking();
    const first = keyless();
    const answers = Array.from({ length: 5 }, () => later());
    expect(answers.map(({ decision, key }) => [decision, key.generation])).toEqual(
      [2, 3, 4, 5, 6].map((generation) => ['ALLOW', generation]),
    );
    expect(answers[0]).toMatchObject({
      supersedes: first.decision_id,
      auto_approved_usd: '0.0000',
      counted_before: { auto_approved_usd: '24.0000', exceptions: [] },
    });
    expect(['24', '24', '24', '24'].map((amount) => world.ask(amount).decision)).toEqual([
      ...['ALLOW', 'ALLOW', 'ALLOW'],
      'REQUIRE_APPROVAL',
    ]);
  });

  it('counts in each month that it is auto-approved in', () => {
    const { world, keyless, later } = asking();
    world.now = '2026-11-30T23:50:00.000Z' as Instant;
    keyless();
    const again = later();
    expect(again).toMatchObject({ auto_approved_usd: '24.0000' });
    expect(again).not.toHaveProperty('counted_before');
  });

  it('counts for whoever else asks', () => {
    const { keyless, later, counted } = asking();
    keyless({ subject: 'ana' });
    expect(later({ subject: 'ben' })).toMatchObject({ decision: 'ALLOW', auto_approved_usd: '24.0000' });
    expect([counted('ana'), counted('ben')]).toEqual([24_000_000n, 24_000_000n]);
  });

  it('is counted again once the money has been settled: that change has been made', () => {
    const { world, keyless, later, counted } = asking();
    const { decision_id, requester } = keyless();
    world.settle();
    world.spend(decision_id, '24');
    expect(later()).toMatchObject({ supersedes: null, auto_approved_usd: '24.0000' });
    expect(counted(requester.subject)).toBe(48_000_000n);
    expect(world.gate.counted.size).toBe(1);
  });

  it('uses a waiver once', () => {
    const { world, keyless, later } = asking({ rules: [DENY], approval: { required: { prod: false } } });
    const id = world.grantWaiver(['no-dbs'], { max_uses: 1 });
    keyless();
    for (const again of [later(), later()])
      expect(again).toMatchObject({
        decision: 'ALLOW',
        exceptions_used: [{ counts: false, exception_id: id, waived: ['no-dbs'] }],
        counted_before: { exceptions: [id] },
      });
    expect(world.gate.waiverUses.get(id)).toBe(1);
    expect(world.ask('24').decision).toBe('DENY');
  });

  it('is counted once also where an answer that held nothing came between', () => {
    const { world, keyless, later, counted } = asking();
    const { requester } = keyless();
    const policy = (most: string) =>
      policyWith({
        approval: { required: { prod: true } },
        entitlements: { hard_deny_above_monthly_usd: `${most}.0000`, auto_approve: { below_monthly_usd: '0.0000' } },
      });
    world.publish(policy('1'));
    expect(later()).toMatchObject({ decision: 'DENY', auto_approved_usd: null });
    world.publish(policyWith({ approval: { required: { prod: true } } }));
    expect(later()).toMatchObject({ decision: 'ALLOW', auto_approved_usd: '0.0000' });
    expect(counted(requester.subject)).toBe(24_000_000n);
  });

  it('is derived as it was recorded (G7) where it was counted again: such entries do not say what was counted before', () => {
    const { world, keyless, counted } = asking();
    const { requester } = keyless();
    world.pass(TTL_SECONDS);
    const question = { ...world.question('24', { key: null }), isCountedAgain: true as const };
    const decided = world.decide(question);
    const entry = decided.kind === 'accepted' ? decided.entries.at(-1) : undefined;
    if (entry?.type !== 'decision_recorded') throw new Error('not decided');
    expect(entry.payload).toMatchObject({ auto_approved_usd: '24.0000' });
    expect(entry.payload).not.toHaveProperty('counted_before');
    expect(counted(requester.subject)).toBe(48_000_000n);
  });
});
