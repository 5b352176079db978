import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith } from '../../../../test/support/domain-world.js';
import { approvalQueue } from './approval-queue.js';

const reviewer = (subject: string, groups: readonly string[] = []) => ({ subject, roles: ['approver'], groups });
type Page = ReturnType<typeof approvalQueue>;
const idsOf = ({ approvals }: Page): readonly string[] => approvals.map(({ approvalId }) => approvalId);

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
    after?: readonly string[],
    projects: readonly string[] | null = null,
  ) => approvalQueue(world.approvals, { reviewer: who, projects, now: world.now }, { limit, after });
  return { ids, ask };
};

describe('the queue of approvals', () => {
  it('shows what this person may decide, oldest first, and filters before the limit', () => {
    const { ids, ask } = waiting();
    const first = ask(reviewer('cy'), 1);
    expect(idsOf(first)).toEqual([ids[1]]);
    const second = ask(reviewer('cy'), 1, first.last);
    expect(idsOf(second)).toEqual([ids[3]]);
    expect(second.last).toBeUndefined();
    expect(idsOf(ask(reviewer('mo'), 50))).toEqual(ids.slice(0, 5));
    expect(idsOf(ask(reviewer('sue', ['security']), 50))).toEqual(ids);
  });

  it('shows nothing of a project that the token does not name', () => {
    const { ids, ask } = waiting();
    expect(idsOf(ask(reviewer('mo'), 50, undefined, ['elsewhere', 'web']))).toEqual(ids.slice(0, 5));
    expect(idsOf(ask(reviewer('mo'), 50, undefined, ['elsewhere']))).toEqual([]);
  });
});
