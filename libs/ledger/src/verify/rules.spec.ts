import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json/json-value.js';
import {
  at,
  budgetSet,
  consumed,
  decision,
  granted,
  issued,
  published,
  requested,
  settled,
  terms,
  vote,
} from '../testing/sample-bundle.js';
import { ApprovalRules } from './approval-rules.js';
import { BudgetRules } from './budget-rules.js';

type Step = readonly [type: string, payload: JsonObject];
interface Rules {
  apply(type: string, payload: JsonObject): readonly string[];
}
const problemsOf = (rules: Rules, steps: readonly Step[]): readonly string[] =>
  steps.flatMap(([type, payload]) => rules.apply(type, payload));
const hold = (id: string, amount: string, more: Partial<Parameters<typeof decision>[0]> = {}): Step => [
  'decision_recorded',
  decision({ id, legs: [['budget:web', amount]], ...more }),
];
const end = (type: string, id: string): Step => [type, { decision_id: id }];
const settle = (id: string, spent: string, settledAt = at(60)): Step => [
  'reservation_settled',
  { ...settled(id, [['budget:web', spent]]), settled_at: settledAt },
];

describe('budgets', () => {
  const start: readonly Step[] = [
    ['policy_published', published],
    ['budget_set', budgetSet('web', '100.0000')],
  ];
  const problems = (...steps: readonly Step[]): readonly string[] =>
    problemsOf(new BudgetRules(), [...start, ...steps]);

  it('let a hold take exactly what is left, and not a ten-thousandth more', () => {
    expect(problems(hold('1', '60.0000'), hold('2', '40.0000'))).toEqual([]);
    expect(problems(hold('1', '60.0000'), hold('2', '40.0001'))).toEqual([
      'budget:web: spent 0.0000 + held 60.0000 + 40.0001 is above the limit 100.0000',
    ]);
  });
  it('get back what a voided or expired hold held, once', () => {
    expect(
      problems(
        hold('1', '100.0000'),
        end('hold_voided', '1'),
        hold('2', '100.0000'),
        end('hold_expired', '2'),
        end('hold_expired', '2'),
        hold('3', '100.0000'),
      ),
    ).toEqual([]);
    expect(
      problems(hold('1', '100.0000'), end('hold_voided', '1'), end('hold_voided', '1'), hold('2', '100.0001')),
    ).toHaveLength(1);
  });
  it('keep what was spent for the rest of the period and forget it in the next', () => {
    expect(problems(hold('1', '80.0000'), settle('1', '70.0000'), hold('2', '30.0000'))).toEqual([]);
    expect(problems(hold('1', '80.0000'), settle('1', '70.0000'), hold('2', '30.0001'))).toHaveLength(1);
    expect(
      problems(
        hold('1', '80.0000'),
        settle('1', '70.0000'),
        hold('2', '100.0000', { decidedAt: '2026-12-01T00:00:00.000Z' }),
      ),
    ).toEqual([]);
  });
  it('are charged at most their headroom when a change costs more than it held', () => {
    const overspent = [hold('1', '50.0000'), hold('2', '30.0000'), settle('1', '90.0000')]; // 50 + 20 of headroom; 20 are overrun.
    expect(problems(...overspent, end('hold_voided', '2'), hold('3', '30.0000'))).toEqual([]);
    expect(problems(...overspent, end('hold_voided', '2'), hold('3', '30.0001'))).toHaveLength(1);
  });
  it('count what a sweep assumed, free what it released, and follow corrections', () => {
    const swept = { swept_at: at(60) };
    const assumed = (id: string, spent: string): Step => [
      'reservation_assumed_spent',
      { ...settled(id, [['budget:web', spent]]), ...swept },
    ];
    const released = (id: string): Step => ['reservation_released', { decision_id: id, ...swept }];
    const corrected = (adjusted: string): Step => [
      'reservation_corrected',
      {
        decision_id: '1',
        legs: [{ account: 'budget:web', adjusted_usd: adjusted }],
        corrected_at: at(70),
        booked_at: at(60),
      },
    ];
    expect(problems(hold('1', '80.0000'), assumed('1', '80.0000'), hold('2', '20.0000'))).toEqual([]);
    expect(problems(hold('1', '80.0000'), assumed('1', '80.0000'), hold('2', '20.0001'))).toHaveLength(1);
    expect(problems(hold('1', '80.0000'), released('1'), hold('2', '100.0000'))).toEqual([]);
    const less = [hold('1', '80.0000'), assumed('1', '80.0000'), corrected('-30.0000')];
    expect(problems(...less, hold('2', '50.0000'))).toEqual([]);
    expect(problems(...less, hold('2', '50.0001'))).toHaveLength(1);
    const more = [hold('1', '80.0000'), assumed('1', '80.0000'), corrected('15.0000')];
    expect(problems(...more, hold('2', '5.0000'))).toEqual([]);
    expect(problems(...more, hold('2', '5.0001'))).toHaveLength(1);
    const above = [hold('1', '80.0000'), assumed('1', '80.0000'), corrected('500.0000'), corrected('-20.0000')];
    expect(problems(...above, hold('2', '20.0000'))).toEqual([]);
  });
  it('leave holds alone when the limit falls below them, and give no room to new ones', () => {
    const lowered: readonly Step[] = [hold('1', '80.0000'), ['budget_set', budgetSet('web', '50.0000')]];
    expect(problems(...lowered, hold('2', '0.0001'))).toHaveLength(1);
    expect(problems(...lowered, end('hold_voided', '1'), hold('2', '50.0000'))).toEqual([]);
  });
  it('are not charged for a named exception, which may cover no more than the unfunded part', () => {
    const exception = (limit: string): Step => ['exception_granted', { decision_id: '1', limit_usd: limit }];
    const unfunded = hold('1', '100.0000', { unfunded: '12.0000' });
    expect(problems(unfunded, exception('12.0000'), end('hold_voided', '1'), hold('2', '100.0000'))).toEqual([]);
    expect(problems(unfunded, exception('12.0001'))).toHaveLength(1);
  });
  it('lend credits up to their total, and nothing new once they are revoked or have expired', () => {
    const credit = (total: string, expiresAt: string | null = null): Step => [
      'credit_granted',
      { credit_id: 'c', total_amount_usd: total, expires_at: expiresAt },
    ];
    const drawn = (id: string, amount: string): Step => [
      'decision_recorded',
      decision({ id, legs: [['credit:c', amount]] }),
    ];
    const revoked: Step = ['credit_revoked', { credit_id: 'c' }];
    expect(problems(credit('30.0000'), drawn('1', '20.0000'), drawn('2', '10.0000'))).toEqual([]);
    expect(problems(credit('30.0000'), drawn('1', '20.0000'), drawn('2', '10.0001'))).toHaveLength(1);
    expect(problems(credit('30.0000', at(3600)), drawn('1', '20.0000'))).toEqual([]);
    expect(problems(credit('30.0000', '2026-01-01T00:00:00.000Z'), drawn('1', '20.0000'))).toHaveLength(1);
    expect(problems(credit('30.0000'), drawn('1', '20.0000'), revoked)).toEqual([]);
    expect(problems(credit('30.0000'), revoked, drawn('1', '20.0000'))).toHaveLength(1);
    expect(problems(revoked)).toHaveLength(1);
  });
  it('move with the uses of a grant: what a use draws leaves the approved hold, the exception stays for the next', () => {
    const reduced = (left: string): Step => [
      'hold_reduced',
      { decision_id: '1', cause: 'moved_to_grant_use', legs: [{ account: 'budget:web', amount_usd: left }] },
    ];
    const moved: Step = ['hold_voided', { decision_id: '1', cause: 'moved_to_grant_use' }];
    const approved = hold('1', '100.0000', { unfunded: '12.0000' });
    const exception: Step = ['exception_granted', { decision_id: '1', limit_usd: '12.0000' }];
    const use = (id: string, amount: string, overage: string): Step => [
      'decision_recorded',
      decision({
        id,
        legs: [
          ['budget:web', amount],
          ['overage:1', overage],
        ],
      }),
    ];
    const first = [approved, exception, reduced('40.0000'), use('2', '60.0000', '7.0000')];
    expect(problems(...first, moved, use('3', '40.0000', '5.0000'))).toEqual([]);
    expect(problems(...first, moved, use('3', '40.0000', '5.0001'))).toHaveLength(1);
    expect(problems(...first, moved, use('3', '40.0001', '5.0000'))).toHaveLength(1);
    expect(problems(approved, reduced('100.0001'))).toHaveLength(1);
  });

  it('leave a hold made in time good for the use of its grant, whatever limit or credit has changed since, and no more', () => {
    const credit: Step = ['credit_granted', { credit_id: 'c', total_amount_usd: '30.0000', expires_at: null }];
    const legs = (budget: string, ofCredit: string): readonly [string, string][] => [
      ['budget:web', budget],
      ['credit:c', ofCredit],
    ];
    const approved: Step = ['decision_recorded', decision({ id: '1', legs: legs('50.0000', '20.0000') })];
    const changed: readonly Step[] = [
      ['credit_revoked', { credit_id: 'c' }],
      ['budget_set', budgetSet('web', '40.0000')],
    ];
    const moved: Step = ['hold_voided', { decision_id: '1', cause: 'moved_to_grant_use' }];
    const use = (budget: string, ofCredit: string, of = '1'): Step => [
      'decision_recorded',
      { ...decision({ id: '2', legs: legs(budget, ofCredit) }), grant_use: { decision_id: of } },
    ];
    const before = [credit, approved, ...changed, moved];
    expect(problems(...before, use('50.0000', '20.0000'))).toEqual([]);
    expect(problems(...before, use('50.0001', '20.0000'))).toHaveLength(1);
    expect(problems(...before, use('50.0000', '20.0001'))).toHaveLength(1);
    expect(problems(...before, use('50.0000', '20.0000', '9'))).toHaveLength(2);
    expect(problems(...before, hold('3', '1.0000'), use('50.0000', '20.0000'))).not.toEqual([]);
  });
  it('hold nothing on an account that was never set, and respect the ceiling of the policy named', () => {
    expect(problems(['decision_recorded', decision({ id: '1', legs: [['budget:ghost', '1.0000']] })])).toHaveLength(1);
    const ceiling = (amount: string): Step => [
      'decision_recorded',
      decision({ id: '1', legs: [['ceiling:plan', amount]] }),
    ];
    expect(problems(ceiling('10000.0000'))).toEqual([]);
    expect(problems(ceiling('10000.0001'))).toHaveLength(1);
    expect(problemsOf(new BudgetRules(), [ceiling('1.0000')])).toHaveLength(1);
  });
  it('remember active holds only', () => {
    const rules = new BudgetRules();
    problemsOf(rules, [
      ...start,
      hold('1', '10.0000'),
      hold('2', '10.0000'),
      settle('1', '10.0000'),
      end('hold_voided', '2'),
    ]);
    expect(rules.activeHolds).toBe(0);
  });
});

describe('approvals', () => {
  const pinned: Step = ['decision_recorded', decision({ id: 'd', legs: [], approval: terms('a') })];
  const asked: Step = ['approval_requested', requested('a', 'd')];
  const votes: readonly Step[] = [
    ['vote_cast', vote('a', 'vera')],
    ['vote_cast', vote('a', 'victor')],
  ];
  const grant: Step = ['approval_granted', granted('a', 'd')];
  const issue: Step = ['token_issued', issued('a', 'd')];
  const consume: Step = ['token_consumed', consumed('a', 'd')];
  const problems = (...steps: readonly Step[]): readonly string[] => problemsOf(new ApprovalRules(true), steps);

  it('pass a request that was voted, granted, issued and consumed in order', () => {
    expect(problems(pinned, asked, ...votes, grant, issue, consume)).toEqual([]);
  });
  it.each<[string, readonly Step[], string]>([
    ['consumption before the grant', [pinned, asked, ...votes, issue, consume], 'consumed before it was granted'],
    ['a grant below quorum', [pinned, asked, ['vote_cast', vote('a', 'vera')], grant], 'granted with 1 of 2 votes'],
    [
      'one person voting twice',
      [pinned, asked, ['vote_cast', vote('a', 'vera')], ['vote_cast', vote('a', 'vera')], grant],
      'granted with 1 of 2 votes',
    ],
    [
      'a vote by the creator',
      [pinned, asked, ['vote_cast', vote('a', 'pipeline')]],
      'pipeline votes on a change of their own, duties are separated',
    ],
    [
      'a vote by the person behind the creator',
      [pinned, asked, ['vote_cast', vote('a', 'dana')]],
      'dana votes on a change of their own, duties are separated',
    ],
    [
      'a voter who filed afterwards',
      [pinned, asked, ...votes, ['approval_request_filed', { approval_id: 'a', filed_by: 'vera' }], grant],
      'granted with 1 of 2 votes',
    ],
    [
      'a withdrawn approval',
      [pinned, asked, ...votes, ['vote_cast', { ...vote('a', 'vera'), vote: 'deny' }], grant],
      'granted with 1 of 2 votes',
    ],
    [
      'a second consumption',
      [pinned, asked, ...votes, grant, issue, consume, consume],
      'approval a was never requested, or has ended before',
    ],
    [
      'a superseded token',
      [pinned, asked, ...votes, grant, issue, ['token_issued', issued('a', 'd', 'jti-2')], consume],
      'the token consumed is not the one issued last',
    ],
    [
      'consumption after use-by',
      [pinned, asked, ...votes, ['approval_granted', { ...granted('a', 'd'), use_by: at(45) }], issue, consume],
      'consumed after its use-by',
    ],
    [
      'a grant of more than the unfunded part',
      [pinned, asked, ...votes, ['approval_granted', { ...granted('a', 'd'), unfunded_usd: '112.0001' }]],
      'grants more than the unfunded 112.0000 of its decision',
    ],
    [
      'terms other than the decision pinned',
      [pinned, ['approval_requested', { ...requested('a', 'd'), terms: { ...terms('a'), quorum: 1 } }]],
      'approval a does not have the terms and requester that its decision pinned',
    ],
    [
      'a change above its cap',
      [pinned, ['approval_requested', { ...requested('a', 'd'), monthly_delta_usd: '1000.0001' }]],
      'the change costs 1000.0001, above the cap 1000.0000 of its approval',
    ],
    ['a request without a decision', [asked], 'no decision before it asks for approval a'],
    [
      'a grant for another decision',
      [pinned, asked, ...votes, ['approval_granted', granted('a', 'e')]],
      'names another decision than its request',
    ],
  ])('find %s', (_name, steps, problem) => expect(problems(...steps)).toContain(problem));

  it('count each person in one stage of the route that the decision pinned', () => {
    const stage = (id: string, quorum = 1) => ({ id, quorum, roles: [], groups: [], subjects: [], deny_quorum: 1 });
    const routed = { ...terms('a'), route: { any: [stage('board', 2), { all: [stage('peer'), stage('manager')] }] } };
    const opened: readonly Step[] = [
      ['decision_recorded', decision({ id: 'd', legs: [], approval: routed })],
      ['approval_requested', { ...requested('a', 'd'), terms: routed }],
    ];
    const by = (voter: string, ...stages: readonly string[]): Step => [
      'vote_cast',
      { ...vote('a', voter), stage_id: stages[0] ?? '', stages },
    ];
    const bare = (voter: string, stage: string): Step => ['vote_cast', { ...vote('a', voter), stage_id: stage }];
    expect(problems(...opened, by('vera', 'peer', 'manager'), by('victor', 'peer'), grant)).toEqual([]);
    expect(problems(...opened, bare('vera', 'board'), bare('victor', 'board'), grant)).toEqual([]);
    for (const votesOf of [
      [by('vera', 'peer', 'manager')],
      [by('vera', 'peer'), by('victor', 'peer')],
      [by('vera', 'board'), by('victor', 'manager')],
    ])
      expect(problems(...opened, ...votesOf, grant)).toEqual([
        'granted although no way of its route has the votes it needs',
      ]);
  });
  it('find a grant that is used without a vote, too often, out of turn or too late', () => {
    const granting = { ...terms('a'), channel: 'grant', grant_uses_max: 2 };
    const opened: readonly Step[] = [
      ['decision_recorded', decision({ id: 'd', legs: [], approval: granting })],
      ['approval_requested', { ...requested('a', 'd'), terms: granting }],
    ];
    const use = (id: string, count: number, decidedAt = at(50)): Step => [
      'decision_recorded',
      {
        ...decision({ id, legs: [], decidedAt }),
        grant_use: { approval_id: 'a', decision_id: 'd', use: count, is_last: count === 2 },
      },
    ];
    const usedUp = (uses: number): Step => ['grant_used_up', { approval_id: 'a', decision_id: 'd', uses }];
    const agreed = [...opened, ...votes, grant];
    expect(problems(...agreed, use('u-1', 1), use('u-2', 2), usedUp(2))).toEqual([]);
    expect(problems(...opened, use('u-1', 1))).toEqual(['a grant is used before it was granted']);
    expect(problems(...agreed, use('u-1', 1), use('u-2', 1))).toEqual(['use 1 of 2 follows use 1']);
    expect(problems(...agreed, use('u-1', 1), use('u-2', 2), use('u-3', 3))).toEqual(['use 3 of 2 follows use 2']);
    expect(problems(...agreed, use('u-1', 1, '2027-01-01T00:00:00.000Z'))).toEqual([
      'a grant is used after its use-by',
    ]);
    expect(problems(...agreed, use('u-1', 1), usedUp(2))).toEqual(['used up after 1 uses, not 2']);
  });
  it('leave alone what was requested before a window, and still see a second consumption within it', () => {
    expect(problemsOf(new ApprovalRules(false), [consume])).toEqual([]);
    expect(problemsOf(new ApprovalRules(false), [asked, ...votes, grant, issue, consume, consume])).toHaveLength(1);
  });
  it('remember open approvals only', () => {
    const rules = new ApprovalRules(true);
    problemsOf(rules, [pinned, asked, ...votes, grant, issue, consume]);
    expect(rules.openApprovals).toBe(0);
  });
});
