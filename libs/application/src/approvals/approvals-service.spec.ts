import { expect, it } from '@jest/globals';
import { evolveApprovals, formatUsd4, msOf } from '@verdict/domain';
import { DomainWorld, policyWith, usd } from '../../../../test/support/domain-world.js';
import { approvalsService } from './approvals-service.js';

const reactionsTo = (cause: 'superseded' | 'approval_denied' | 'moved_to_grant_use') => {
  const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
  const { decision_id, approval } = world.ask('50');
  world.settle();
  const released_usd = formatUsd4(usd('50'));
  const payload = { decision_id, cause, released_usd, voided_at: world.now };
  const state = evolveApprovals(world.approvals, {
    journal: 'decisions',
    entry: { type: 'hold_voided', payload },
    revision: 7n,
  });
  return { approvalId: approval?.approval_id, due: approvalsService.reactions(state, msOf(world.now)) };
};

it('withdraws a request because its decision was superseded, and names the entry that says so', () => {
  const { approvalId, due } = reactionsTo('superseded');
  expect(due).toMatchObject([
    { command: { kind: 'close_superseded', approvalId }, cause: { kind: 'decisions', revision: 7n } },
  ]);
});

it.each(['approval_denied', 'moved_to_grant_use'] as const)('does nothing about a hold that ends as %s', (cause) => {
  expect(reactionsTo(cause).due).toEqual([]);
});
