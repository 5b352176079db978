import { describe, expect, it } from '@jest/globals';
import { encodeState } from '@verdict/application';
import fc from 'fast-check';
import { type Ask, DomainWorld, type PolicyChange, policyWith, keyed } from '../../../../test/support/domain-world.js';
import { aboveLimit, moneyWatch, shownProblem } from '../../../../test/support/money-laws.js';
import type { ApprovalId, BudgetId, DecisionId } from '../shared/brand.js';
import { usdTextOf } from '../shared/brands.js';
import { plusSeconds } from '../shared/instant.js';
import { formatUsd4, microUsd, usdOf } from '../shared/money.js';
import type { DecisionRecorded } from './decisions.entries.js';
import { emptyGate, evolveGate, type GateObserved, type GateState } from './decisions.state.js';

/** Numbers choose among what there is. Money in units of 0.0001 USD. */
const money = (min: number, max: number) =>
  fc.integer({ min: min * 10_000, max: max * 10_000 }).map((units) => formatUsd4(microUsd(BigInt(units) * 100n)));
const pick = fc.nat({ max: 1000 });
const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kind('review'),
      amount: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom('40.0000', '80.0000', '90.0000', '5.0000') },
        money(-9, 150),
        fc.constant(null),
      ),
      replicas: fc.constantFrom(1, 1, 2),
      name: fc.constantFrom<string | null>(null, null, 'a', 'b', 'c'),
      isDryRun: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind('ask'), amount: money(0, 150), project: fc.constantFrom('web', 'api') }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kind('vote'),
      pick,
      said: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'deny' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('withdraw'), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind('credit'),
      amount: money(1, 80),
      pool: fc.constantFrom('reserved' as const, 'emergency' as const),
      scope: fc.constantFrom('tenant' as const, 'project:web' as const),
      priority: fc.nat({ max: 2 }),
      ends: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('revokeCredit'), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('waiver'),
      max_uses: fc.option(fc.integer({ min: 1, max: 2 })),
      max: fc.option(money(0, 100)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('limit'), pick, limit: money(0, 300) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('policy'),
      mode: fc.constantFrom('soft' as const, 'soft' as const, 'soft' as const, 'hard' as const, 'shadow' as const),
      max_uses: fc.constantFrom(1, 2, 3),
      percent: fc.constantFrom(0, 10, 50),
      required: fc.constantFrom(true, true, false),
      rule: fc.option(fc.constantFrom('deny' as const, 'warn' as const, 'require_approval' as const)),
      threshold: fc.constantFrom('50.0000', '1000000.0000'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('reconcile'), pick, actual: money(-20, 200) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('pass'), seconds: fc.constantFrom(1, 600, 901, 3_600, 14_400, 1_400_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('catchUp'),
      service: fc.constantFrom('gate' as const, 'approvals' as const, 'reservations' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: kind('settle') }) },
);
const CREDIT_SECONDS = 1_800;
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Of<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;
/** Reviews that are agreed to and come again, since single steps in any order seldom make one. */
const wholeWay = fc
  .array(fc.constantFrom('40.0000', '80.0000', '5.0000'), { minLength: 1, maxLength: 4 })
  .map((again): Step[] => [
    { kind: 'policy', mode: 'soft', max_uses: 3, percent: 50, required: true, rule: null, threshold: '1000000.0000' },
    { kind: 'review', amount: '80.0000', replicas: 1, name: null, isDryRun: false },
    { kind: 'settle' },
    { kind: 'vote', pick: 1, said: 'approve' },
    { kind: 'settle' },
    ...again.map((amount, index): Step => ({
      kind: 'review',
      amount,
      replicas: 1,
      name: `n${String(index)}`,
      isDryRun: false,
    })),
  ]);
/** The same with money of credits that have ended when the change comes again, under limits that were lowered since. */
const lateUse = fc
  .record({ amount: fc.constantFrom('40.0000', '80.0000'), limit: money(0, 60) })
  .map(({ amount, limit }): Step[] => [
    { kind: 'policy', mode: 'soft', max_uses: 2, percent: 50, required: true, rule: null, threshold: '1000000.0000' },
    { kind: 'credit', amount: usdTextOf('80.0000'), pool: 'reserved', scope: 'project:web', priority: 0, ends: true },
    { kind: 'limit', pick: 1, limit: usdTextOf('20.0000') },
    { kind: 'review', amount: '80.0000', replicas: 1, name: 'late', isDryRun: false },
    { kind: 'settle' },
    { kind: 'vote', pick: -1, said: 'approve' },
    { kind: 'settle' },
    { kind: 'pass', seconds: 3_600 },
    { kind: 'limit', pick: 1, limit },
    { kind: 'review', amount, replicas: 1, name: 'late-1', isDryRun: false },
    { kind: 'review', amount: '40.0000', replicas: 1, name: 'late-2', isDryRun: false },
  ]);
/** What was denied a moment ago is asked again. */
const deniedAgain = fc
  .constantFrom(1, 3_600)
  .map((seconds): Step[] => [
    { kind: 'policy', mode: 'soft', max_uses: 1, percent: 0, required: true, rule: null, threshold: '1000000.0000' },
    { kind: 'review', amount: '90.0000', replicas: 1, name: 'no', isDryRun: false },
    { kind: 'settle' },
    { kind: 'vote', pick: -1, said: 'deny' },
    { kind: 'settle' },
    { kind: 'pass', seconds },
    { kind: 'review', amount: '90.0000', replicas: 1, name: 'no', isDryRun: false },
  ]);
/** A waiver for one or two uses, and more questions than that. */
const waivedOften = fc
  .record({ max_uses: fc.constantFrom(1, 2), amount: money(1, 5) })
  .map(({ max_uses, amount }): Step[] => [
    { kind: 'policy', mode: 'soft', max_uses: 1, percent: 0, required: false, rule: 'deny', threshold: '1000000.0000' },
    { kind: 'waiver', max_uses, max: null },
    ...Array.from({ length: 3 }, (): Step => ({ kind: 'ask', amount, project: 'api' })),
  ]);
const history = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: step.map((single): Step[] => [single]) },
      ...[wholeWay, lateUse, waivedOften, deniedAgain].map((arbitrary) => ({ weight: 1, arbitrary })),
    ),
    {
      ...{ minLength: 5, maxLength: 40, size: 'max' as const },
    },
  )
  .map((parts) => parts.flat());

/** -1: the last. */
const at = <T>(list: readonly T[], index: number): T | undefined =>
  index < 0 ? list.at(-1) : list[index % Math.max(1, list.length)];

const met = {
  uses: 0,
  several: 0,
  reduced: 0,
  overage: 0,
  credits: 0,
  waived: 0,
  replays: 0,
  denied: 0,
  superseded: 0,
  creditEnded: 0,
  lowered: 0,
  usedUp: 0,
};

interface Play {
  readonly world: DomainWorld;
  readonly budgets: readonly BudgetId[];
}

/** What a decision shows is held; only what was held before its end comes out of a credit that has ended. */
const checkDecision = (world: DomainWorld, recorded: DecisionRecorded): void => {
  const problem = shownProblem(world.gate, recorded);
  if (problem !== undefined) throw new Error(problem);
  const isUse = recorded.grant_use !== null && recorded.grant_use !== undefined;
  const ended = recorded.hold.legs.filter(({ account }) => {
    const ends = world.gate.policy.credits.grants.get(account.slice('credit:'.length))?.terms.expires_at ?? null;
    return account.startsWith('credit:') && ends !== null && ends <= recorded.decided_at;
  });
  if (ended.length > 0 && !isUse) throw new Error('a credit has ended and funds something new');
  met.creditEnded += ended.length > 0 ? 1 : 0;
  met.lowered += isUse && aboveLimit(world.gate, world.now) > 0 ? 1 : 0;
};

const started = (): Play => {
  const change: PolicyChange = {
    mode: 'soft',
    approval: {
      required: { prod: true },
      grants: { max_uses: 3 },
      replan_tolerance: { percent: 50, absolute_usd: '0.0000' },
    },
  };
  const world = new DomainWorld(policyWith(change));
  const budgets = [
    world.setBudget('300'),
    world.setBudget('120', { scope: 'project:web', period: 'quarter', monthsCharged: 2 }),
  ];
  const problemOf = moneyWatch();
  world.onFold = (service, before, seen) => {
    if (service !== 'gate') return;
    const problem = problemOf(before, world.gate, seen, world.now);
    if (problem !== undefined) throw new Error(problem);
    if (seen.entry.type === 'decision_recorded') checkDecision(world, seen.entry.payload);
  };
  return { world, budgets: budgets.map(({ budgetId }) => budgetId) };
};

const review = ({ world }: Play, { amount, replicas, name, isDryRun }: Of<'review'>): void => {
  const more: Ask = {
    ...{ source: 'k8s_admission', channel: 'grant', action: 'k8s.create', resource: 'Deployment/web', isDryRun },
    ...{ metadata: `{"replicas":${String(replicas)}}`, review: { clusterId: 'c', generatedName: name } },
  };
  const command = world.question(amount, more);
  if (world.decide(command).kind === 'replay') met.replays += 1;
  const before = world.log.length;
  // Asked again at once, the answer stands and nothing is written, unless an approval has come between.
  const again = world.decide({ ...command, decisionId: world.id() as DecisionId });
  expect(again.kind).toBe('replay');
  expect(world.log).toHaveLength(before);
};

const approvalIds = ({ world }: Play, status: string) =>
  [...world.approvals.approvals].filter(([, approval]) => approval.status === status).map(([id]) => id as ApprovalId);

const onApproval = (game: Play, given: Of<'vote' | 'withdraw'>): void => {
  const { world } = game;
  const pending = approvalIds(game, 'pending');
  const approvalId = at(pending.length > 0 ? pending : approvalIds(game, 'granted'), given.pick);
  if (approvalId === undefined) return;
  if (given.kind === 'vote') {
    const isGrant = world.approvals.approvals.get(approvalId)?.requested.terms.channel === 'grant';
    world.vote(approvalId, 'lead', { vote: given.said, token: isGrant ? null : world.token() });
  } else {
    const caller = { subject: 'root', roles: [], groups: [], isAdmin: true, projects: null };
    world.approve({ kind: 'withdraw', approvalId, caller, now: world.now, idempotency: keyed(null) });
  }
};

const onPolicy = (
  { world, budgets }: Play,
  given: Of<'credit' | 'revokeCredit' | 'waiver' | 'limit' | 'policy'>,
): void => {
  switch (given.kind) {
    case 'credit':
      world.grantCredit(given.amount, {
        ...{ pool: given.pool, scope: given.scope, priority: given.priority },
        expires_at: given.ends ? plusSeconds(world.now, CREDIT_SECONDS) : null,
      });
      return;
    case 'revokeCredit': {
      const id = at([...world.gate.policy.credits.grants.keys()], given.pick);
      if (id !== undefined) world.revokeCredit(`credit:${id}`);
      return;
    }
    case 'waiver':
      world.grantWaiver(['approval_required', 'r'], { max_uses: given.max_uses, max_monthly_delta_usd: given.max });
      return;
    case 'limit': {
      const budgetId = at(budgets, given.pick);
      if (budgetId !== undefined) world.changeBudget(budgetId, given.limit, { whenCommitted: 'ratchet' });
      return;
    }
    case 'policy': {
      const rule = { id: 'r', condition: 'true', enabled: true, message: '', obligation: null, cost_budget: 100 };
      world.publish(
        policyWith({
          mode: given.mode,
          approval: {
            required: { prod: given.required },
            grants: { max_uses: given.max_uses },
            replan_tolerance: { percent: given.percent, absolute_usd: '0.0000' },
          },
          entitlements: { hard_deny_above_monthly_usd: given.threshold },
          rules: given.rule === null ? [] : [{ ...rule, effect: given.rule }],
        }),
      );
    }
  }
};

const play = (game: Play, given: Step): void => {
  const { world } = game;
  switch (given.kind) {
    case 'review':
      review(game, given);
      return;
    case 'ask':
      world.ask(given.amount, { project: given.project });
      return;
    case 'vote':
    case 'withdraw':
      onApproval(game, given);
      return;
    case 'reconcile': {
      const decisionId = at([...world.reservations.reservations.keys()].sort(), given.pick);
      if (decisionId !== undefined) world.reconcile(world.actual(decisionId as DecisionId, given.actual));
      return;
    }
    case 'pass':
      world.pass(given.seconds);
      return;
    case 'catchUp':
      world.catchUp(given.service);
      return;
    case 'settle':
      world.settle();
      return;
    default:
      onPolicy(game, given);
  }
};

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, amount) => all + amount, 0n);

/** No approval admits more than it was given for: its uses, their deltas, its time, its class. */
const checkGrants = (decisions: readonly DecisionRecorded[]): void => {
  const byId = new Map(decisions.map((each) => [each.decision_id, each]));
  const uses = decisions.filter(({ grant_use }) => grant_use !== null && grant_use !== undefined);
  for (const approved of new Set(uses.map(({ grant_use }) => grant_use?.decision_id))) {
    const first = approved === undefined ? undefined : byId.get(approved);
    const of = uses.filter(({ grant_use }) => grant_use?.decision_id === approved);
    if (first?.approval === null || first === undefined) throw new Error('a use of nothing');
    met.uses += of.length;
    met.several += of.length > 1 ? 1 : 0;
    expect(of.length).toBeLessThanOrEqual(first.approval.grant_uses_max ?? 1);
    expect(of.map(({ grant_use }) => grant_use?.use)).toEqual(of.map((_, index) => index + 1));
    for (const use of of) {
      expect(use).toMatchObject({ dry_run: false, subject_hash: first.subject_hash, approval: null });
      expect(['ALLOW', 'ALLOW_WITH_CREDITS']).toContain(use.decision);
    }
    const deltas = of.map(({ cost }) => (cost.monthly_delta_usd === null ? 0n : usdOf(cost.monthly_delta_usd)));
    expect(sum(deltas.map((delta) => (delta < 0n ? 0n : delta)))).toBeLessThanOrEqual(
      usdOf(first.approval.cap_monthly_delta_usd),
    );
  }
};

const checkWaivers = (world: DomainWorld, decisions: readonly DecisionRecorded[]): void => {
  for (const [id, { terms }] of world.gate.policy.waivers) {
    const used = decisions.filter(
      ({ dry_run, exceptions_used = [] }) =>
        !dry_run && exceptions_used.some(({ exception_id, counts }) => exception_id === id && counts !== false),
    );
    expect(used.filter(({ decision, mode }) => decision === 'DENY' || mode === 'shadow')).toEqual([]);
    expect(world.gate.waiverUses.get(id) ?? 0).toBe(used.length);
    met.waived += used.length;
    met.usedUp += used.length === terms.max_uses ? 1 : 0;
    if (terms.max_uses !== null) expect(used.length).toBeLessThanOrEqual(terms.max_uses);
  }
};

const count = (world: DomainWorld, decisions: readonly DecisionRecorded[]): void => {
  met.reduced += world.written('hold_reduced').length;
  met.overage += decisions.filter(({ hold }) => hold.legs.some(({ account }) => account.startsWith('overage:'))).length;
  met.credits += decisions.filter(({ decision }) => decision === 'ALLOW_WITH_CREDITS').length;
  met.denied += decisions.filter(({ reason_codes: codes }) => codes.includes('approval_denied_recently')).length;
  met.superseded += decisions.filter(({ supersedes }) => supersedes !== null).length;
};

const foldGate = (from: GateState, entries: readonly GateObserved[]): GateState => entries.reduce(evolveGate, from);
const textOf = (state: unknown): string => Buffer.from(encodeState(state)).toString();

describe('grants, credits and waivers under any interleaving', () => {
  it('never hold and spend more than a limit (G5), nor admit more than somebody agreed to', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const game = started();
        for (const each of steps) play(game, each);
        game.world.settle();
        game.world.settle();
        const decisions = game.world.written('decision_recorded');
        checkGrants(decisions);
        checkWaivers(game.world, decisions);
        count(game.world, decisions);
        expect(game.world.gate.due.size).toBe(0);
      }),
      { numRuns: 120 },
    );
    // A run that never met what it is for proves nothing.
    for (const [name, times] of Object.entries(met)) expect([name, times > 3]).toEqual([name, true]);
  });

  it('are the same when folded from a prefix and its tail as from the whole', () => {
    fc.assert(
      fc.property(history, fc.double({ min: 0, max: 1, noNaN: true }), (steps, cut) => {
        const game = started();
        for (const each of steps) play(game, each);
        game.world.settle();
        const { folded, gate } = game.world;
        const split = Math.floor(folded.gate.length * cut);
        const head = foldGate(emptyGate, folded.gate.slice(0, split));
        expect(textOf(foldGate(head, folded.gate.slice(split)))).toBe(textOf(gate));
      }),
      { numRuns: 20 },
    );
  });
});
