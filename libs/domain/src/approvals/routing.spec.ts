import { describe, expect, it } from '@jest/globals';
import type { ApprovalId } from '../shared/brand.js';
import { caller, DomainWorld, entriesOf, keyed, policyWith } from '../../../../test/support/domain-world.js';
import type { ApprovalStage, ApprovalTree } from './approval-tree.js';
import { mayReview, progressOf } from './voting.js';

const stage = (id: string, more: Partial<ApprovalStage> = {}): ApprovalStage => ({
  id,
  quorum: 1,
  roles: [],
  groups: [],
  subjects: [],
  deny_quorum: 1,
  ...more,
});

/** A request of the pipeline in prod that is routed as given, whatever policy would route it to. */
const routed = (route: ApprovalTree) => {
  const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
  world.setBudget('1000');
  world.route = route;
  const recorded = world.ask('200', { subject: 'pipeline', onBehalfOf: 'ana' });
  world.settle();
  const approvalId = recorded.approval?.approval_id ?? ('' as ApprovalId);
  const approval = () => {
    const found = world.approvals.approvals.get(approvalId);
    if (found === undefined) throw new Error('no request');
    return found;
  };
  return { world, recorded, approvalId, approval };
};

type Cast = readonly [
  subject: string,
  groups: readonly string[],
  stageId?: string | undefined,
  vote?: 'approve' | 'deny',
];
const cast = ({ world, approvalId }: ReturnType<typeof routed>, votes: readonly Cast[]): readonly string[] =>
  votes.map(([subject, groups, stageId = null, vote = 'approve']) => {
    const result = world.vote(approvalId, subject, { groups, stageId, vote });
    if (result.kind === 'replay') throw new Error('votes here have no key');
    return result.kind === 'refused' ? result.refusal.code : (result.entries.at(-1)?.type ?? 'nothing');
  });

const peer = stage('peer', { groups: ['web'] });
const manager = stage('manager', { groups: ['managers'] });
const security = stage('security', { groups: ['security'], quorum: 2, deny_quorum: 2 });
const both: ApprovalTree = { all: [peer, manager] };
const either: ApprovalTree = { any: [manager, { all: [peer, security] }] };
const NO = 'not_eligible_reviewer';

describe('a routed request', () => {
  it.each<[string, ApprovalTree, readonly Cast[], readonly string[]]>([
    [
      'needs every stage of all',
      both,
      [
        ['cy', ['web']],
        ['mo', ['managers']],
      ],
      ['vote_cast', 'token_issued'],
    ],
    ['needs one branch of any', either, [['mo', ['managers']]], ['token_issued']],
    [
      'needs the whole of the branch it takes',
      either,
      [
        ['cy', ['web']],
        ['sal', ['security']],
        ['sue', ['security']],
      ],
      ['vote_cast', 'vote_cast', 'token_issued'],
    ],
    [
      'admits nobody whom no stage lists',
      both,
      [
        ['dan', ['ops']],
        ['eve', []],
      ],
      [NO, NO],
    ],
    [
      'closes a stage that has its quorum',
      both,
      [
        ['cy', ['web']],
        ['cleo', ['web']],
      ],
      ['vote_cast', NO],
    ],
    [
      'counts a person in one stage only',
      both,
      [
        ['mia', ['web', 'managers'], 'peer'],
        ['mia', ['web', 'managers'], 'manager'],
      ],
      ['vote_cast', NO],
    ],
    [
      'counts a person once without stages named',
      both,
      [
        ['mia', ['web', 'managers']],
        ['mia', ['web', 'managers']],
      ],
      ['vote_cast', NO],
    ],
    [
      'counts a person once in a stage of several',
      security,
      [
        ['sal', ['security']],
        ['sal', ['security']],
      ],
      ['vote_cast', NO],
    ],
    [
      'never lets a person of two stages block a person of one',
      both,
      [
        ['mia', ['web', 'managers']],
        ['cy', ['web']],
      ],
      ['vote_cast', 'token_issued'],
    ],
    [
      'keeps a vote in the stage it names',
      both,
      [
        ['mia', ['web', 'managers'], 'peer'],
        ['cy', ['web']],
      ],
      ['vote_cast', NO],
    ],
    ['knows no stage but its own', both, [['cy', ['web'], 'nowhere']], [NO]],
    [
      'is denied by one denial where that is the quorum',
      both,
      [['cy', ['web'], undefined, 'deny']],
      ['approval_denied'],
    ],
    [
      'is denied by two denials where that is the quorum',
      security,
      [
        ['sal', ['security'], undefined, 'deny'],
        ['sue', ['security'], undefined, 'deny'],
      ],
      ['vote_cast', 'approval_denied'],
    ],
    [
      'is not denied twice by one person',
      security,
      [
        ['sal', ['security'], undefined, 'deny'],
        ['sal', ['security'], undefined, 'deny'],
      ],
      ['vote_cast', 'vote_cast'],
    ],
    [
      'counts the newest vote of a person',
      security,
      [
        ['sal', ['security']],
        ['sal', ['security'], undefined, 'deny'],
        ['sue', ['security']],
        ['sal', ['security']],
      ],
      ['vote_cast', 'vote_cast', 'vote_cast', 'token_issued'],
    ],
    [
      'can be denied from a stage that has its quorum',
      both,
      [
        ['cy', ['web']],
        ['cleo', ['web'], undefined, 'deny'],
      ],
      ['vote_cast', 'approval_denied'],
    ],
  ])('%s', (_, tree, votes, results) => {
    expect(cast(routed(tree), votes)).toEqual(results);
  });

  it('shows the progress of each stage', () => {
    const request = routed(either);
    cast(request, [
      ['cy', ['web']],
      ['sal', ['security']],
    ]);
    expect(progressOf(request.approval())).toEqual([
      { stage_id: 'manager', approved: 0, quorum: 1 },
      { stage_id: 'peer', approved: 1, quorum: 1 },
      { stage_id: 'security', approved: 1, quorum: 2 },
    ]);
  });

  it('records the stage a vote counts in, and those it may move to', () => {
    const { world, approvalId } = routed(both);
    world.vote(approvalId, 'mia', { groups: ['web', 'managers'] });
    world.vote(approvalId, 'cy', { groups: ['web'] });
    const votes = entriesOf(
      world.log.map(({ entry }) => entry),
      'vote_cast',
    );
    expect(votes.map(({ stage_id, stages }) => [stage_id, stages])).toEqual([
      ['peer', ['peer', 'manager']],
      ['peer', undefined],
    ]);
  });

  it('no longer counts the vote of somebody who then filed it', () => {
    const { world, recorded, approvalId, approval } = routed(security);
    world.vote(approvalId, 'sal', { groups: ['security'] });
    world.approve({
      kind: 'file_request',
      decisionId: recorded.decision_id,
      caller: caller('sal'),
      justification: null,
      justificationLength: 0,
      ticket: null,
      now: world.now,
      idempotency: keyed(null),
    });
    expect(progressOf(approval())).toEqual([{ stage_id: 'security', approved: 0, quorum: 2 }]);
    expect(cast({ world, recorded, approvalId, approval }, [['sue', ['security']]])).toEqual(['vote_cast']);
  });

  it('takes two stages, a lost token, and the clocks (scenario 32)', () => {
    const request = routed({ all: [peer, manager] });
    const { world, approvalId } = request;
    expect(
      cast(request, [
        ['mia', ['web', 'managers'], 'peer'],
        ['mia', ['web', 'managers'], 'manager'],
      ]),
    ).toEqual(['vote_cast', NO]);
    expect(cast(request, [['mo', ['managers']]])).toEqual(['token_issued']);
    expect(request.approval().useBy).toBe('2026-11-10T14:00:00.000Z');
    const lost = world.claims(approvalId);
    world.pass(600);
    const again = world.approve({
      kind: 'reissue_token',
      approvalId,
      caller: caller('mia'),
      token: world.token(),
      now: world.now,
      idempotency: keyed(null),
    });
    expect(again).toMatchObject({ entries: [{ payload: { expires_at: '2026-11-10T10:25:00.000Z' } }] });
    world.pass(60);
    expect(world.consume(world.consumption(lost, { caller: caller('ana') }))).toMatchObject({
      entries: [{ type: 'token_refused', payload: { code: 'token_superseded' } }],
    });
  });

  it('expires without votes, and frees what it holds (scenario 32)', () => {
    const { world, approval } = routed(both);
    world.pass(86_400);
    world.settle();
    expect(approval().status).toBe('expired');
    expect(world.gate.accounts.holds.size).toBe(0);
  });
});

describe('what a person may review', () => {
  it('is pending, in time, of somebody else, not voted on yet, and open to the person', () => {
    const request = routed(both);
    const { world, approval } = request;
    const sees = (subject: string, groups: readonly string[]) =>
      mayReview(approval(), { subject, roles: [], groups }, world.now);
    expect([sees('cy', ['web']), sees('mo', ['managers']), sees('dan', ['ops']), sees('ana', ['web'])]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    cast(request, [['cy', ['web']]]);
    expect([sees('cy', ['web', 'managers']), sees('cleo', ['web']), sees('mo', ['managers'])]).toEqual([
      false,
      false,
      true,
    ]);
    world.pass(86_400);
    expect(sees('mo', ['managers'])).toBe(false);
  });
});
