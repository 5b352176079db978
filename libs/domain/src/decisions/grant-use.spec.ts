import { describe, expect, it } from '@jest/globals';
import { type Ask, DomainWorld, type PolicyChange, policyWith } from '../../../../test/support/domain-world.js';
import type { PolicyRule } from '../rules/policy-rule.js';
import { formatUsd4, NOTHING } from '../shared/money.js';
import { autoApprovalKey } from './counted.js';
import type { DecisionRecorded } from './decisions.entries.js';

const REVIEW: Ask = {
  source: 'k8s_admission',
  channel: 'grant',
  action: 'k8s.create',
  resource: 'apps/v1/Deployment/web',
  review: { clusterId: 'c1', generatedName: null },
};
const DENY: PolicyRule = {
  ...{ id: 'no-dbs', effect: 'deny', condition: 'true', enabled: true, message: 'no' },
  ...{ obligation: null, cost_budget: 1000 },
};

/** Soft mode: reviews that need an approval, and somebody who agrees. */
const cluster = (change: PolicyChange = {}, budget = '1000') => {
  const world = new DomainWorld(policyWith({ mode: 'soft', approval: { required: { prod: true } }, ...change }));
  world.setBudget(budget);
  const review = (amount: string, more: Ask = {}): DecisionRecorded => world.ask(amount, { ...REVIEW, ...more });
  const granted = (amount: string): DecisionRecorded => {
    const asked = review(amount);
    world.settle();
    if (asked.approval === null) throw new Error('nothing to vote on');
    world.vote(asked.approval.approval_id, 'lead-1', { token: null });
    world.settle();
    return asked;
  };
  const autoApproved = ({ requester }: DecisionRecorded): string =>
    formatUsd4(world.gate.autoApproved.get(autoApprovalKey(requester, world.now)) ?? NOTHING);
  return { world, review, granted, autoApproved };
};

describe('the use of a grant', () => {
  it('is not auto-approved however small it is: somebody agreed, and the cap of small changes is left alone', () => {
    const { review, granted, autoApproved } = cluster();
    granted('80');
    const used = review('20');
    expect(used).toMatchObject({
      decision: 'ALLOW',
      auto_approved_usd: null,
      reason_codes: ['approval_grant_used'],
      grant_use: { use: 1, cleared_by_approval: true },
    });
    expect(autoApproved(used)).toBe('0.0000');
  });

  it('goes ahead for a smaller amount also where the cap of small changes is reached', () => {
    const { world, review, granted } = cluster();
    granted('80');
    for (const amount of ['25', '25', '25', '25']) expect(world.ask(amount).decision).toBe('ALLOW');
    expect(review('20')).toMatchObject({ decision: 'ALLOW', grant_use: { use: 1 } });
  });

  it('is auto-approved where policy began to ask for an approval only since', () => {
    const on = cluster({
      rules: [{ ...DENY, condition: 'cost.monthly > usd("10")' }],
      approval: { required: { prod: false } },
    });
    on.granted('20');
    on.world.publish(
      policyWith({
        mode: 'soft',
        rules: [{ ...DENY, condition: 'cost.monthly > usd("10")' }],
        approval: { required: { prod: true } },
      }),
    );
    expect(on.review('20')).toMatchObject({ decision: 'ALLOW', auto_approved_usd: '20.0000', grant_use: { use: 1 } });
  });

  it('uses no waiver up for what somebody agreed to', () => {
    const { world, review, granted } = cluster({ rules: [DENY] });
    granted('80');
    const id = world.grantWaiver(['no-dbs'], { max_uses: 1 });
    expect(review('80')).toMatchObject({ grant_use: { use: 1 }, exceptions_used: [] });
    expect(world.gate.waiverUses.get(id)).toBeUndefined();
  });

  it('names the overage that its approval made beside the waiver that it uses', () => {
    const { world, review, granted } = cluster({ rules: [DENY] }, '50');
    const waiver = world.grantWaiver(['no-dbs'], { max_uses: 1 });
    const { decision_id } = granted('80');
    expect(review('80')).toMatchObject({
      decision: 'ALLOW',
      reason_codes: ['approval_grant_used', 'exception_used'],
      exceptions_used: [
        { exception_id: waiver, waived: ['no-dbs'] },
        { exception_id: `overage:${decision_id}`, waived: ['budget_exceeded'] },
      ],
    });
    expect([...world.gate.waiverUses]).toEqual([[waiver, 1]]);
  });

  it('names no overage where it draws nothing from it', () => {
    const { granted, review } = cluster({}, '50');
    granted('80');
    expect(review('40').exceptions_used).toEqual([]);
  });

  it('is derived as it was recorded (G7) where it was auto-approved too: such entries do not say who cleared what', () => {
    const { world, granted } = cluster();
    granted('80');
    const decided = world.decide({ ...world.question('20', REVIEW), isUseAutoApproved: true });
    const entry = decided.kind === 'accepted' ? decided.entries.at(-1) : undefined;
    if (entry?.type !== 'decision_recorded') throw new Error('not decided');
    expect(entry.payload).toMatchObject({ auto_approved_usd: '20.0000', grant_use: { use: 1 } });
    expect(entry.payload.grant_use).not.toHaveProperty('cleared_by_approval');
  });
});
