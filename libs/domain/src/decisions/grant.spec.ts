import { describe, expect, it } from '@jest/globals';
import {
  type Ask,
  DomainWorld,
  policyWith,
  type PolicyChange,
  keyed,
  pricedAt,
  START,
  usd,
} from '../../../../test/support/domain-world.js';
import { moneyWatch } from '../../../../test/support/money-laws.js';
import type { Instant } from '../shared/brand.js';
import { plusSeconds } from '../shared/instant.js';
import type { DecisionRecorded } from './decisions.entries.js';
import type { GateResult } from './decisions.js';

const REVIEW: Ask = {
  source: 'k8s_admission',
  channel: 'grant',
  action: 'k8s.create',
  resource: 'apps/v1/Deployment/web',
  metadata: '{"replicas":2}',
  review: { clusterId: 'c1', generatedName: null },
};

/** Soft mode, approval required: what reviews of one cluster are answered; every entry is checked against G5. */
const cluster = ({ approval, ...change }: PolicyChange = {}) => {
  const world = new DomainWorld(
    policyWith({ mode: 'soft', approval: { required: { prod: true }, ...approval }, ...change }),
  );
  const { account } = world.setBudget('1000');
  const problemOf = moneyWatch();
  world.onFold = (service, before, seen) => {
    const problem = service === 'gate' ? problemOf(before, world.gate, seen, world.now) : undefined;
    if (problem !== undefined) throw new Error(problem);
  };
  const result = (amount: string | null, more: Ask = {}): GateResult =>
    world.decide(world.question(amount, { ...REVIEW, ...more }));
  const review = (amount: string | null, more: Ask = {}): DecisionRecorded => world.ask(amount, { ...REVIEW, ...more });
  const vote = ({ approval: terms }: DecisionRecorded, said: 'approve' | 'deny' = 'approve'): void => {
    if (terms === null) throw new Error('nothing to vote on');
    world.settle();
    expect(world.vote(terms.approval_id, 'lead-1', { vote: said, token: null }).kind).toBe('accepted');
    world.settle();
  };
  const held = () => world.balance(account).held;
  return { world, account, review, result, vote, held };
};
/** A review of this amount that was agreed to. */
const granted = (amount = '80', change: PolicyChange = {}) => {
  const on = cluster(change);
  const first = on.review(amount);
  on.vote(first);
  return { ...on, first };
};
const reasonsOf = ({ reason_codes }: DecisionRecorded) => reason_codes;

describe('a review that needs an approval', () => {
  it('is denied and holds; agreed to, the next is let through out of the same hold, once (scenario 21)', () => {
    const { world, review, result, vote, held } = cluster();
    const a = review('80');
    expect(a).toMatchObject({ decision: 'REQUIRE_APPROVAL', channel: 'grant', approval: { channel: 'grant' } });
    expect(held()).toBe(usd('80'));
    vote(a);
    const b = review('80');
    expect(b).toMatchObject({
      decision: 'ALLOW',
      finding: 'clean',
      reason_codes: ['approval_grant_used'],
      approval: null,
      hold: { total_usd: '80.0000', unfunded_usd: '0.0000' },
      grant_use: { approval_id: a.approval?.approval_id, decision_id: a.decision_id, use: 1, is_last: true },
      key: { generation: 2 },
    });
    expect(held()).toBe(usd('80'));
    expect(world.written('hold_voided')).toMatchObject([
      { decision_id: a.decision_id, cause: 'moved_to_grant_use', released_usd: '80.0000' },
    ]);
    expect(result('80')).toMatchObject({ kind: 'replay', isExpired: false });
    expect(held()).toBe(usd('80'));
  });

  it('holds and asks once, however often the controller retries (scenario 22)', () => {
    const { world, review, result, held } = cluster();
    review('80');
    world.settle();
    for (let count = 0; count < 4; count += 1) {
      world.pass(1000);
      expect(result('80').kind).toBe('replay');
      world.settle();
    }
    expect(held()).toBe(usd('80'));
    expect(world.written('approval_requested')).toHaveLength(1);
    expect(world.written('decision_recorded')).toHaveLength(1);
  });

  it('lets through what changes no cost, and asks anew for another size (scenario 22)', () => {
    const { review } = cluster();
    review('80');
    const label = review('0');
    expect(label).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '0.0000' } });
    expect(reasonsOf(label)).toContain('no_cost_change');
    const larger = review('40', { metadata: '{"replicas":3}' });
    expect(larger).toMatchObject({ decision: 'REQUIRE_APPROVAL', hold: { total_usd: '40.0000' } });
  });

  it('as a dry run holds nothing and opens nothing (scenario 23)', () => {
    const { world, review, held } = cluster();
    const dry = review('80', { isDryRun: true });
    world.settle();
    expect(dry).toMatchObject({ decision: 'REQUIRE_APPROVAL', dry_run: true, approval: null });
    expect([held(), world.written('approval_requested')]).toEqual([0n, []]);
  });
});

describe('the key of a review', () => {
  it('is made of cluster, fingerprint and environment, and of the name where it was generated', () => {
    const { review } = cluster();
    const plain = review('80');
    expect(plain.key).toMatchObject({
      text: `k8s:c1:${plain.request_fingerprint}:prod`,
      is_derived: true,
      generation: 1,
      scope: 'k8s_admission',
    });
    const named = review('80', { review: { clusterId: 'c1', generatedName: 'job-x7' } });
    expect(named.key.text).toBe(`k8s:c1:${plain.request_fingerprint}:prod:job-x7`);
    const elsewhere = review('80', { review: { clusterId: 'c2', generatedName: null } });
    expect(elsewhere.key.text).toBe(`k8s:c2:${plain.request_fingerprint}:prod`);
  });

  it('costs no second pricing: a review is priced once, whether it is decided, decided again or a repetition', () => {
    const { world, result } = cluster();
    let pricings = 0;
    const evidence = {
      priceWith: () => {
        throw new Error('there is no book');
      },
      get withoutBook() {
        pricings += 1;
        return pricedAt('80').priceWith(null as never);
      },
    };
    const pricedBy = (): number => {
      pricings = 0;
      result(null, { evidence });
      return pricings;
    };
    expect([pricedBy(), pricedBy()]).toEqual([1, 1]);
    world.pass(100_000);
    world.settle();
    expect(pricedBy()).toBe(1);
  });

  it('has generations: a lapsed answer is decided afresh and gives its hold to the next', () => {
    const { world, review, held } = granted();
    const used = review('80');
    world.pass(901);
    const next = review('80');
    expect(next).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      supersedes: used.decision_id,
      key: { text: used.key.text, generation: 3 },
    });
    expect(held()).toBe(usd('80'));
  });

  it('keeps its answer while the exception of its grant is not yet written', () => {
    const on = cluster();
    on.world.setBudget('50', { scope: 'project:web' });
    const first = on.review('80');
    on.world.settle();
    on.world.vote(first.approval?.approval_id ?? ('' as never), 'lead-1', { token: null });
    on.world.catchUp('gate');
    expect(on.result('80').kind).toBe('replay');
    on.world.settle();
    expect(on.review('80').decision).toBe('ALLOW');
  });
});

describe('a grant', () => {
  it.each([
    ['another cluster', { review: { clusterId: 'c2', generatedName: null } }, true],
    ['another requester', { subject: 'dev-9' }, true],
    ['another environment of the class', { environment: 'live' }, true],
    ['another class', { environment: 'dev' }, false],
    ['another source', { source: 'cloud_event' }, false],
    ['another project', { project: 'api' }, false],
    ['another resource', { resource: 'apps/v1/Deployment/api' }, false],
    ['another action', { action: 'k8s.update' }, false],
    ['other metadata', { metadata: '{"replicas":3}' }, false],
    ['a pipeline that gets a token', { channel: 'token', key: 'own-key' }, false],
    ['a dry run', { isDryRun: true }, false],
  ] as const)('that was agreed to admits a review from %s: %j', (_, more, isAdmitted) => {
    const { review } = granted('80', { approval: { required: { prod: true, nonprod: true } } });
    const { review: key, ...rest } = more as Ask;
    const next = review('80', { ...rest, ...(key === undefined ? {} : { review: key }) });
    expect(next.grant_use !== null).toBe(isAdmitted);
    expect(next.decision).toBe(isAdmitted ? 'ALLOW' : 'REQUIRE_APPROVAL');
  });

  it.each([
    ['80', true],
    ['30', true],
    ['88.9999', true],
    ['89', true],
    ['89.0001', false],
    ['-5', true],
  ])('of 80 with a tolerance of 10 percent and 1 USD admits %s: %s', (amount, isAdmitted) => {
    const { review } = granted('80', {
      approval: { required: { prod: true }, replan_tolerance: { percent: 10, absolute_usd: '1.0000' } },
    });
    expect(review(amount).grant_use !== null).toBe(isAdmitted);
  });

  it('admits nothing once its environment counts as another class', () => {
    const { world, review, vote } = cluster();
    vote(review('80', { environment: 'qa' }));
    world.publish(
      policyWith({
        ...{ mode: 'soft', approval: { required: { prod: true, nonprod: true } } },
        environments: { classes: { nonprod: { aliases: ['qa'], behaves_as: 'nonprod' } } },
      }),
    );
    expect(review('80', { environment: 'qa' })).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
  });

  it('is held against the hourly cap as well', () => {
    const { review } = granted('73');
    expect(review('72', { hourly: usd('0.1001') }).grant_use).toBeNull();
    expect(review('72', { hourly: usd('0.1') }).grant_use).not.toBeNull();
  });

  it('admits the very change whose cost nobody knows, and nothing else whose cost is unknown', () => {
    const { review } = granted(null as never);
    expect(review(null)).toMatchObject({ decision: 'ALLOW', grant_use: { is_last: true } });
    const other = granted('80');
    expect(other.review(null)).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
  });

  it('is used up by one review: the next of another name asks for itself', () => {
    const { review, held } = granted();
    const [one, two] = ['job-1', 'job-2'].map((name) =>
      review('80', { review: { clusterId: 'c1', generatedName: name } }),
    );
    expect([one?.decision, two?.decision]).toEqual(['ALLOW', 'REQUIRE_APPROVAL']);
    expect(held()).toBe(usd('160'));
  });

  it('lasts until the use-by: then what it held is free and a review asks anew', () => {
    const early = granted();
    early.world.pass(14_399.999);
    expect(early.review('80').decision).toBe('ALLOW');
    const late = granted();
    late.world.pass(14_400);
    expect(late.result('80').kind).toBe('replay'); // Until its end is written, seconds later.
    late.world.settle();
    expect(late.held()).toBe(0n);
    expect(late.review('80')).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
  });

  it('ends when it is withdrawn', () => {
    const { world, review, first, held } = granted();
    const approvalId = first.approval?.approval_id ?? ('' as never);
    world.approve({
      kind: 'withdraw',
      approvalId,
      caller: { subject: 'dev-1', roles: [], groups: [], isAdmin: false, projects: null },
      now: world.now,
      idempotency: keyed(null),
    });
    world.settle();
    expect(held()).toBe(0n);
    expect(review('80')).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
  });

  it('of an overage moves the leg of its exception: nothing else pays for what no account could', () => {
    const on = cluster();
    const { account: web } = on.world.setBudget('50', { scope: 'project:web' });
    const first = on.review('80');
    expect(first).toMatchObject({ hold: { total_usd: '50.0000', unfunded_usd: '30.0000' } });
    on.vote(first);
    const overage = `overage:${first.decision_id}`;
    expect(on.world.balance(overage).held).toBe(usd('30'));
    const used = on.review('80');
    expect(used).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '80.0000', unfunded_usd: '0.0000' } });
    expect(used.hold.legs).toContainEqual({ account: overage, amount_usd: '30.0000' });
    expect(on.world.gate.accounts.holds.get(first.decision_id)).toBeUndefined();
    expect([on.world.balance(web).held, on.world.balance(overage).held, on.held()]).toEqual([
      usd('50'),
      usd('30'),
      usd('50'),
    ]);
    expect(on.world.balance('ceiling:plan').held).toBe(usd('50'));
  });

  it('whose hold and exception are not enough does not admit: somebody has to agree to the new overage', () => {
    const on = cluster({
      approval: { required: { prod: true }, replan_tolerance: { percent: 10, absolute_usd: '0.0000' } },
    });
    on.world.setBudget('50', { scope: 'project:web' });
    on.vote(on.review('80'));
    expect(on.review('80.0001')).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
    expect(on.review('80', { review: { clusterId: 'c1', generatedName: 'a' } }).decision).toBe('ALLOW');
  });

  it('draws credits out of the hold that was approved', () => {
    const on = cluster();
    on.world.setBudget('50', { scope: 'project:web' });
    const credit = on.world.grantCredit('30');
    const first = on.review('80');
    on.vote(first);
    const used = on.review('80');
    expect(used).toMatchObject({ decision: 'ALLOW_WITH_CREDITS', hold: { total_usd: '80.0000' } });
    expect(reasonsOf(used)).toEqual(['approval_grant_used', 'credit_waterfall_used', 'reserved_credit_waterfall_used']);
    expect(on.world.balance(credit)).toMatchObject({ held: usd('30'), headroom: 0n });
  });
});

describe('the hold of a grant', () => {
  const APPROVED: PolicyChange = { approval: { required: { prod: true } } };
  /** 50 of the budget of web and 30 of a credit, agreed to. */
  const heldWithCredit = (mode: 'soft' | 'hard', terms: { readonly expires_at?: Instant } = {}) => {
    const on = cluster({ ...APPROVED, mode });
    const web = on.world.setBudget('50', { scope: 'project:web' });
    const credit = on.world.grantCredit('30', { priority: 5, ...terms });
    on.vote(on.review('80'));
    return { ...on, web, credit };
  };

  it.each(['soft', 'hard'] as const)('stays good in %s mode when a credit that it holds expires', (mode) => {
    const { world, review, credit } = heldWithCredit(mode, { expires_at: plusSeconds(START, 3600) });
    world.pass(7200);
    const used = review('80');
    expect(used).toMatchObject({ decision: 'ALLOW_WITH_CREDITS', finding: 'clean', hold: { total_usd: '80.0000' } });
    expect(used.hold.legs).toContainEqual({ account: credit, amount_usd: '30.0000' });
    expect(world.balance(credit).held).toBe(usd('30'));
  });

  it.each(['soft', 'hard'] as const)('stays good in %s mode when a credit that it holds is revoked', (mode) => {
    const { world, review, credit } = heldWithCredit(mode);
    world.revokeCredit(credit);
    expect(review('80')).toMatchObject({ decision: 'ALLOW_WITH_CREDITS', hold: { unfunded_usd: '0.0000' } });
    expect(world.balance(credit).held).toBe(usd('30'));
  });

  it.each(['soft', 'hard'] as const)('stays good in %s mode when a limit is lowered below it', (mode) => {
    const on = cluster({ ...APPROVED, mode });
    const web = on.world.setBudget('100', { scope: 'project:web' });
    on.vote(on.review('80'));
    on.world.changeBudget(web.budgetId, '40', { whenCommitted: 'ratchet' });
    expect(on.review('80')).toMatchObject({ decision: 'ALLOW', finding: 'clean', hold: { total_usd: '80.0000' } });
    expect(on.world.balance(web.account)).toMatchObject({ held: usd('80'), headroom: 0n });
  });

  it('stays good when the ceiling of the plan is lowered below it', () => {
    const on = granted('80', { ...APPROVED, mode: 'hard' });
    on.world.publish(policyWith({ ...APPROVED, mode: 'hard', entitlements: { plan_ceiling_monthly_usd: '10.0000' } }));
    expect(on.review('80')).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '80.0000' } });
  });

  it('is drawn before anything else: neither a newer credit that goes first nor a larger budget takes its place', () => {
    const { world, review, web, credit } = heldWithCredit('soft');
    const newer = world.grantCredit('500', { priority: 0 });
    world.changeBudget(web.budgetId, '500');
    const used = review('80');
    expect(used.hold.legs.filter(({ account }) => [credit, newer, web.account].includes(account))).toEqual([
      { account: web.account, amount_usd: '50.0000' },
      { account: credit, amount_usd: '30.0000' },
    ]);
    expect([world.balance(newer).held, world.balance(credit).held]).toEqual([0n, usd('30')]);
  });

  it('gives its credits in the order of the waterfall, and keeps the others for the next use', () => {
    const on = cluster({ approval: { required: { prod: true }, grants: { max_uses: 2 } } });
    on.world.setBudget('50', { scope: 'project:web' });
    const emergency = on.world.grantCredit('20', { pool: 'emergency', priority: 0 });
    const later = on.world.grantCredit('10', { priority: 9 });
    const sooner = on.world.grantCredit('10', { priority: 1 });
    const first = on.review('90');
    on.vote(first);
    on.review('65', { review: { clusterId: 'c1', generatedName: 'a' } });
    const left = new Map(
      on.world.gate.accounts.holds.get(first.decision_id)?.map(({ account, amount }) => [account, amount]),
    );
    expect([sooner, later, emergency].map((account) => left.get(account))).toEqual([undefined, usd('5'), usd('20')]);
  });

  it('moves for the months that it was held for, whatever the budget is charged for since', () => {
    const on = cluster(APPROVED);
    const web = on.world.setBudget('500', { scope: 'project:web', monthsCharged: 1 });
    on.vote(on.review('80'));
    on.world.changeBudget(web.budgetId, '500', { monthsCharged: 12 });
    expect(on.review('80')).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '80.0000' } });
    expect(on.world.balance(web.account).held).toBe(usd('80'));
  });

  it('leaves what lies above it to the accounts, as they stand then', () => {
    const tolerant = { required: { prod: true }, replan_tolerance: { percent: 50, absolute_usd: '0.0000' } };
    const on = cluster({ mode: 'hard', approval: tolerant });
    const web = on.world.setBudget('100', { scope: 'project:web' });
    on.vote(on.review('80'));
    on.world.changeBudget(web.budgetId, '90');
    const beyond = on.review('90.0001');
    expect(beyond).toMatchObject({ decision: 'DENY', grant_use: null });
    const used = on.review('90');
    expect(used).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '90.0000' } });
    expect(used.waterfall.find(({ stage }) => stage === 'project_allocation')).toMatchObject({
      available_usd: '90.0000',
      consumed_usd: '90.0000',
    });
  });
});

describe('several grants for one subject', () => {
  const named = (name: string): Ask => ({ review: { clusterId: 'c1', generatedName: name } });

  it('are tried from the oldest on: one whose cap is too small leaves the change to a younger one', () => {
    const { review, vote, held } = cluster();
    const small = review('40', named('a'));
    vote(small);
    const large = review('80', named('b'));
    expect(large).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
    vote(large);
    expect(review('60', named('c'))).toMatchObject({
      decision: 'ALLOW',
      grant_use: { decision_id: large.decision_id },
    });
    expect(held()).toBe(usd('100'));
    expect(review('30', named('d')).grant_use).toMatchObject({ decision_id: small.decision_id });
  });

  it('are tried from the oldest on: one whose approver did not see a newer rule leaves the change to a younger one', () => {
    const { world, review, vote, first } = granted();
    const rule = {
      id: 'two-eyes',
      enabled: true,
      condition: 'request.source == "k8s_admission"',
      effect: 'require_approval',
      message: 'somebody looks at it',
      obligation: null,
      cost_budget: 1000,
    } as const;
    world.publish(policyWith({ mode: 'soft', approval: { required: { prod: true } }, rules: [rule] }));
    const second = review('80', named('b'));
    expect(second).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
    vote(second);
    expect(review('80', named('c'))).toMatchObject({
      decision: 'ALLOW',
      grant_use: { decision_id: second.decision_id },
    });
    expect(world.gate.grants.byDecision.get(first.decision_id)).toBeDefined();
  });
});

describe('a grant of several uses', () => {
  const three = () =>
    granted('80', {
      approval: {
        required: { prod: true },
        replan_tolerance: { percent: 10, absolute_usd: '0.0000' },
        grants: { max_uses: 3 },
      },
    });
  const named = (name: string): Ask => ({ review: { clusterId: 'c1', generatedName: name } });

  it('keeps what is left of its hold after each, and frees the rest with the last', () => {
    const { world, review, held, first } = three();
    expect(review('40', named('a'))).toMatchObject({ decision: 'ALLOW', grant_use: { use: 1, is_last: false } });
    expect(world.written('hold_reduced')).toMatchObject([{ decision_id: first.decision_id, released_usd: '40.0000' }]);
    expect(held()).toBe(usd('80'));
    expect(review('30', named('b'))).toMatchObject({ grant_use: { use: 2, is_last: false } });
    expect(held()).toBe(usd('80'));
    expect(world.gate.accounts.holds.get(first.decision_id)?.map(({ amount }) => amount)).toEqual([
      usd('10'),
      usd('10'),
      usd('10'),
    ]);
    expect(review('5', named('c'))).toMatchObject({ grant_use: { use: 3, is_last: true } });
    expect(held()).toBe(usd('75'));
    expect(world.gate.accounts.holds.get(first.decision_id)).toBeUndefined();
    expect(review('5', { ...named('d'), metadata: '{"replicas":2}' }).grant_use).toBeNull();
  });

  it('sums up what its uses cost: beyond the cap of 88 the next needs an approval of its own', () => {
    const { review } = three();
    expect(review('48', named('a')).grant_use).not.toBeNull();
    expect(review('40.0001', named('b')).grant_use).toBeNull();
    expect(review('40', named('c')).grant_use).not.toBeNull();
    expect(review('26', named('d'))).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
  });

  it('takes what its own hold lacks from the budgets, if they have it', () => {
    const { review, held } = three();
    expect(review('88', named('a'))).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '88.0000' } });
    expect(held()).toBe(usd('88'));
  });

  it('frees the rest at its use-by', () => {
    const { world, review, held } = three();
    review('40', named('a'));
    world.pass(14_400);
    world.settle();
    expect(world.written('hold_expired')).toMatchObject([{ cause: 'use_by_passed', released_usd: '40.0000' }]);
    expect(held()).toBe(usd('40'));
  });

  it('shows the balances as they are once the use is written', () => {
    const { world, account, review } = three();
    const used = review('40', named('a'));
    const [shown] = used.balances_after;
    const { spent, held: holds, headroom } = world.balance(account);
    expect([usd(shown?.spent_usd ?? ''), usd(shown?.held_usd ?? ''), usd(shown?.headroom_usd ?? '')]).toEqual([
      spent,
      holds,
      headroom,
    ]);
  });

  it('books each use as a reservation of its own, and keeps the rest out of reach', () => {
    const { world, review, first, held } = three();
    const used = review('40', named('a'));
    world.spend(used.decision_id, '40');
    expect(held()).toBe(usd('40'));
    expect(world.reservations.reservations.get(first.decision_id)?.total).toBe(usd('40'));
    expect(world.reconcile(world.actual(first.decision_id, '1'))).toMatchObject({
      refusal: { code: 'reservation_pending_approval' },
    });
  });
});

describe('what a grant clears', () => {
  const rule = (id: string, effect: 'deny' | 'require_approval' | 'warn', condition = 'true') => ({
    ...{ id, effect, condition, enabled: true, message: id, obligation: null, cost_budget: 1000 },
  });
  const withRules = (...rules: readonly ReturnType<typeof rule>[]): PolicyChange => ({
    mode: 'soft',
    approval: { required: { prod: true } },
    rules,
  });

  it('is what the approved decision had: codes and rules', () => {
    const { review } = granted('80', withRules(rule('r', 'require_approval'), rule('d', 'deny')));
    expect(review('80')).toMatchObject({ decision: 'ALLOW', reason_codes: ['approval_grant_used'] });
  });

  it('is not the finding of a new rule, which needs an approval of its own', () => {
    const { world, review, first } = granted('80', withRules(rule('r', 'require_approval')));
    world.publish(policyWith(withRules(rule('r', 'require_approval'), rule('new', 'require_approval'))));
    const next = review('80');
    expect(next).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null, supersedes: first.decision_id });
    expect(next.rules_matched).toEqual(['r', 'new']);
  });

  it('is not what a rule says since it denies: its approver only saw a warning', () => {
    const { world, review } = granted('80', withRules(rule('d', 'deny'), rule('r', 'warn')));
    world.publish(policyWith(withRules(rule('d', 'deny'), rule('r', 'deny'))));
    expect(review('80')).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
  });

  it('is not what a waiver had removed from the approver’s sight', () => {
    const on = cluster(withRules(rule('d', 'deny'), rule('w', 'deny')));
    const id = on.world.grantWaiver(['w']);
    on.vote(on.review('80'));
    on.world.revokeWaiver(id);
    expect(on.review('80')).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
  });

  it('is not a limit that is broken only since', () => {
    const { world, review } = granted('80');
    world.publish(
      policyWith({
        mode: 'soft',
        approval: { required: { prod: true } },
        entitlements: { hard_deny_above_monthly_usd: '50.0000' },
      }),
    );
    const next = review('80');
    expect(next).toMatchObject({ decision: 'REQUIRE_APPROVAL', grant_use: null });
    expect(reasonsOf(next)).toContain('hard_deny_threshold_exceeded');
  });

  it('leaves the grant for later where hard mode denies today', () => {
    const { world, review, held } = granted('80');
    const strict = withRules(rule('new', 'deny'));
    world.publish(policyWith({ ...strict, mode: 'hard' }));
    expect(review('80')).toMatchObject({ decision: 'DENY', grant_use: null, supersedes: null });
    expect(held()).toBe(usd('80'));
    world.pass(901);
    world.publish(policyWith({ mode: 'hard', approval: { required: { prod: true } } }));
    expect(review('80')).toMatchObject({ decision: 'ALLOW', reason_codes: ['approval_grant_used'] });
  });
});

describe('after a denial', () => {
  it.each([
    ['soft', ['approval_denied_recently', 'approval_required']],
    ['hard', ['approval_denied_recently', 'hard_mode_denied', 'approval_required']],
  ] as const)('the same review is denied for an hour in %s mode: no hold, no request', (mode, reasons) => {
    const { world, review, vote, held } = cluster({ mode });
    vote(review('80'), 'deny');
    expect(held()).toBe(0n);
    const again = review('80');
    expect(again).toMatchObject({ decision: 'DENY', approval: null, hold: { legs: [] }, reason_codes: reasons });
    world.settle();
    expect(world.written('approval_requested')).toHaveLength(1);
    world.pass(3599.999);
    expect(review('80').decision).toBe('DENY');
    world.pass(901);
    expect(review('80').decision).toBe('REQUIRE_APPROVAL');
  });

  it('whoever agrees to an equal change knows better, and a denial after that holds', () => {
    const { world, review, vote } = cluster();
    const job = (name: string) => ({ review: { clusterId: 'c1', generatedName: name } });
    const [one, two] = [review('80', job('1')), review('80', job('2'))];
    const [three, four] = [review('80', job('3')), review('80', job('4'))];
    vote(one, 'deny');
    world.pass(60);
    vote(two);
    expect(review('80', job('2'))).toMatchObject({ decision: 'ALLOW', grant_use: { decision_id: two.decision_id } });
    expect(review('80', job('1'))).toMatchObject({ decision: 'DENY', grant_use: null });
    vote(three);
    world.pass(60);
    vote(four, 'deny');
    expect(review('80', job('3'))).toMatchObject({ decision: 'DENY', grant_use: null });
  });

  it('another size, a dry run and a token channel are judged by themselves', () => {
    const { review, vote } = cluster();
    vote(review('80'), 'deny');
    for (const next of [
      review('81'),
      review('80', { isDryRun: true }),
      review('80', { channel: 'token', review: undefined as never, key: 'own-key' }),
    ])
      expect(reasonsOf(next)).not.toContain('approval_denied_recently');
  });

  it('shadow mode lets it pass and says what it was', () => {
    const { world, review, vote } = cluster();
    vote(review('80'), 'deny');
    world.publish(policyWith({ mode: 'shadow' }));
    expect(review('80')).toMatchObject({
      decision: 'ALLOW',
      would_be: { decision: 'DENY', reason_codes: ['approval_denied_recently', 'hard_mode_denied'] },
    });
  });

  it('a cooldown of 0 lets the question be asked again at once', () => {
    const { review, vote } = cluster({
      approval: { required: { prod: true }, grants: { denied_cooldown_seconds: 0 } },
    });
    vote(review('80'), 'deny');
    expect(review('80').decision).toBe('REQUIRE_APPROVAL');
  });
});
