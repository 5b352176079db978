import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith, TENANT } from '../../../../test/support/domain-world.js';
import { approvalQueue, type QueuePage } from './approval-queue.js';

const reviewer = (subject: string, groups: readonly string[] = []) => ({ subject, roles: ['approver'], groups });
const idsOf = (page: QueuePage): readonly string[] =>
  page.kind === 'page' ? page.approvals.map(({ approvalId }) => approvalId) : [page.kind];
const nextOf = (page: QueuePage): string | undefined =>
  page.kind === 'page' ? (page.nextCursor ?? undefined) : undefined;

/** Six requests: the pipeline's own and those of others by turns, the last of a stage for one group. */
const waiting = () => {
  const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
  const ids = Array.from({ length: 6 }, (_, index) => {
    if (index === 5) {
      const stage = { id: 'security', quorum: 1, roles: [], groups: ['security'], subjects: [], deny_quorum: 1 };
      world.route = stage;
    }
    const recorded = world.ask('50', { subject: index % 2 === 0 ? 'cy' : 'ana' });
    world.settle();
    world.pass(1);
    return recorded.approval?.approval_id ?? '';
  });
  const ask = (
    who: ReturnType<typeof reviewer>,
    limit: number,
    cursor?: string,
    projects: readonly string[] | null = null,
  ) => approvalQueue(world.approvals, { tenantId: TENANT, reviewer: who, projects, now: world.now }, { limit, cursor });
  return { ids, ask };
};

describe('the queue of approvals', () => {
  it('shows what this person may decide, oldest first, and filters before the limit', () => {
    const { ids, ask } = waiting();
    const first = ask(reviewer('cy'), 1);
    expect(idsOf(first)).toEqual([ids[1]]);
    const second = ask(reviewer('cy'), 1, nextOf(first));
    expect(idsOf(second)).toEqual([ids[3]]);
    expect(nextOf(second)).toBeUndefined();
    expect(idsOf(ask(reviewer('mo'), 50))).toEqual(ids.slice(0, 5));
    expect(idsOf(ask(reviewer('sue', ['security']), 50))).toEqual(ids);
  });

  it('shows nothing of a project that the token does not name', () => {
    const { ids, ask } = waiting();
    expect(idsOf(ask(reviewer('mo'), 50, undefined, ['elsewhere', 'web']))).toEqual(ids.slice(0, 5));
    expect(idsOf(ask(reviewer('mo'), 50, undefined, ['elsewhere']))).toEqual([]);
  });

  it('takes a cursor for the walk alone that it was made for', () => {
    const { ask } = waiting();
    const cursor = nextOf(ask(reviewer('cy'), 1));
    expect(idsOf(ask(reviewer('mo'), 1, cursor))).toEqual(['cursor_invalid']);
    expect(idsOf(ask(reviewer('cy'), 1, 'nonsense'))).toEqual(['cursor_invalid']);
  });
});
