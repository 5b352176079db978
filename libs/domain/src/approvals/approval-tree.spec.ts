import { describe, expect, it } from '@jest/globals';
import { type ApprovalStage, type ApprovalTree, approvalTreeProblems, isAdmitted, routeOf } from './approval-tree.js';

const stage = (id: string, more: Partial<ApprovalStage> = {}): ApprovalStage => ({
  id,
  quorum: 1,
  roles: [],
  groups: [],
  subjects: [],
  deny_quorum: 1,
  ...more,
});
const person = { subject: 'ana', roles: ['member'], groups: ['payments'] };

describe('a tree of stages', () => {
  it.each<[string, ApprovalTree, readonly string[]]>([
    ['one stage', stage('a'), []],
    ['three levels', { all: [stage('a'), { any: [stage('b'), stage('c')] }] }, []],
    ['four levels', { all: [{ any: [{ all: [stage('a')] }] }] }, ['tree_too_deep']],
    ['a branch without stages', { all: [stage('a'), { any: [] }] }, ['tree_has_an_empty_branch']],
    ['ids that differ only in case', { all: [stage('peer'), stage('Peer')] }, ['stage_id_repeated']],
    ['a quorum of none', stage('a', { quorum: 0 }), ['quorum_out_of_range']],
    ['a quorum of six', stage('a', { quorum: 6 }), ['quorum_out_of_range']],
    ['a deny quorum of half a person', stage('a', { deny_quorum: 0.5 }), ['deny_quorum_out_of_range']],
    [
      'more votes than the named have',
      stage('a', { quorum: 2, subjects: ['ana', 'ana'] }),
      ['quorum_above_named_subjects'],
    ],
    ['named people and a group', stage('a', { quorum: 2, subjects: ['ana'], groups: ['g'] }), []],
    ['sixteen stages', { any: Array.from({ length: 16 }, (_, index) => stage(String(index))) }, []],
    [
      'seventeen stages',
      { any: Array.from({ length: 17 }, (_, index) => stage(String(index))) },
      ['tree_has_too_many_stages'],
    ],
  ])('with %s has the problems %#', (_, tree, problems) => {
    expect(approvalTreeProblems(tree)).toEqual(problems);
  });

  it('is one stage of approvers with the quorum of the terms where no route is pinned', () => {
    expect(routeOf({ quorum: 2 })).toEqual(stage('default', { quorum: 2 }));
  });
});

describe('a stage', () => {
  it.each<[string, ApprovalStage, boolean]>([
    ['nobody named, and so approvers', stage('a'), false],
    ['one of the roles', stage('a', { roles: ['admin', 'member'] }), true],
    ['one of the groups', stage('a', { groups: ['payments'] }), true],
    ['the person by name', stage('a', { roles: ['admin'], subjects: ['ana'] }), true],
    ['none of role, group and name', stage('a', { roles: ['admin'], groups: ['ops'], subjects: ['ben'] }), false],
  ])('that lists %s decides whether it admits a person by that alone', (_, asked, isIn) => {
    expect(isAdmitted(asked, person)).toBe(isIn);
  });

  it('without any list admits approvers', () => {
    expect(isAdmitted(stage('a'), { ...person, roles: ['approver'] })).toBe(true);
  });
});
