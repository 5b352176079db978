import { describe, expect, it } from '@jest/globals';
import type { ApprovalId } from '../shared/brand.js';
import { caller, DomainWorld, entriesOf, policyWith, usd, keyed } from '../../../../test/support/domain-world.js';
import { isGrantChannel } from './approvals.js';

/** A Deployment at 80 that waits for approval; a grant may be used so many times. */
const reviewed = (uses = 1) => {
  const world = new DomainWorld(
    policyWith({
      mode: 'soft',
      approval: { required: { prod: true }, grants: { max_uses: uses, denied_cooldown_seconds: 3600 } },
    }),
  );
  const { account } = world.setBudget('1000');
  const asked = {
    review: { clusterId: 'prod-1', generatedName: null },
    source: 'k8s_admission',
    channel: 'grant',
    key: null,
    subject: 'system:replicaset',
  } as const;
  const review = () => world.decide(world.question('80', asked));
  const first = world.ask('80', asked);
  world.settle();
  const approvalId = first.approval?.approval_id ?? ('' as ApprovalId);
  const approval = () => {
    const found = world.approvals.approvals.get(approvalId);
    if (found === undefined) throw new Error('no request');
    return found;
  };
  return { world, account, first, approvalId, approval, review };
};
const written = (world: DomainWorld) => world.log.map(({ entry }) => entry);

describe('an approval of the channel grant', () => {
  it('issues no token, neither with the completing vote nor later', () => {
    const { world, approvalId, approval } = reviewed();
    expect(isGrantChannel(approval())).toBe(true);
    const result = world.vote(approvalId, 'cy');
    expect(result.kind === 'accepted' && result.entries.map(({ type }) => type)).toEqual([
      'vote_cast',
      'approval_granted',
    ]);
    const again = world.approve({
      kind: 'reissue_token',
      approvalId,
      caller: caller('cy'),
      token: world.token(),
      now: world.now,
      idempotency: keyed(null),
    });
    expect(again).toEqual({ kind: 'refused', refusal: { code: 'approval_not_active' } });
  });

  it('is not taken back once its last use is gone, although nothing says yet that it has ended', () => {
    const { world, approvalId, approval, review } = reviewed();
    world.vote(approvalId, 'cy');
    world.settle();
    review();
    world.catchUp('approvals');
    expect(approval()).toMatchObject({ status: 'granted', uses: { isUsedUp: true } });
    const withdrawn = world.approve({
      kind: 'withdraw',
      approvalId,
      caller: caller('root', { isAdmin: true }),
      now: world.now,
      idempotency: keyed(null),
    });
    expect(withdrawn).toEqual({ kind: 'refused', refusal: { code: 'approval_not_pending' } });
    world.settle();
    expect(approval().status).toBe('consumed');
  });

  it('is used by the next review, and is consumed with its last use (scenario 21)', () => {
    const { world, account, first, approvalId, approval, review } = reviewed();
    expect(first).toMatchObject({ decision: 'REQUIRE_APPROVAL', hold: { total_usd: '80.0000' } });
    world.vote(approvalId, 'cy');
    world.settle();
    expect(review()).toMatchObject({ kind: 'accepted' });
    world.settle();
    expect(approval()).toMatchObject({ status: 'consumed', uses: { count: 1, isUsedUp: true } });
    expect(entriesOf(written(world), 'grant_used_up')).toMatchObject([{ approval_id: approvalId, uses: 1 }]);
    expect(world.balance(account).held).toBe(usd('80'));
    expect(review()).toMatchObject({ kind: 'replay' });
  });

  it('stays granted until its last use, and shows how often it was used', () => {
    const { world, approvalId, approval, review } = reviewed(3);
    world.vote(approvalId, 'cy');
    world.settle();
    review();
    world.settle();
    expect(approval()).toMatchObject({ status: 'granted', uses: { count: 1, isUsedUp: false } });
    expect(entriesOf(written(world), 'grant_used_up')).toEqual([]);
    world.pass(14_400);
    world.settle();
    expect(approval().status).toBe('expired');
  });

  it('does not expire once its last use is gone, however late that is heard', () => {
    const { world, approvalId, approval, review } = reviewed();
    world.vote(approvalId, 'cy');
    world.settle();
    review();
    world.pass(14_400);
    world.settle();
    expect(approval().status).toBe('consumed');
    expect(entriesOf(written(world), 'approval_expired')).toEqual([]);
  });

  it('is closed once', () => {
    const { world, approvalId, review } = reviewed();
    world.vote(approvalId, 'cy');
    world.settle();
    review();
    world.settle();
    expect(world.approve({ kind: 'close_grant', approvalId, now: world.now })).toEqual({
      kind: 'accepted',
      entries: [],
    });
  });
});
