import { describe, expect, it } from '@jest/globals';
import { encodeState } from '@verdict/application';
import fc from 'fast-check';
import { caller, DomainWorld, keyed, policyWith } from '../../../../test/support/domain-world.js';
import { aboveLimit, moneyProblem, shownProblem } from '../../../../test/support/money-laws.js';
import { decideApprovals } from '../approvals/approvals.js';
import { type ApprovalsObserved, evolveApprovals, noApprovals } from '../approvals/approvals.state.js';
import { overageAccount, policyInForce } from '../policy/policy.state.js';
import { bookingFrom, type BookingHistory } from '../reservations/remembered-booking.js';
import { isSweepable } from '../reservations/reservation.js';
import { bookingOf, evolveReservations, noReservations } from '../reservations/reservations.state.js';
import { overdueHolds } from '../reservations/sweep.js';
import type { ApprovalId, BudgetId, Instant, UsdText } from '../shared/brand.js';
import { usdTextOf } from '../shared/brands.js';
import { plusSeconds } from '../shared/instant.js';
import { formatUsd4, microUsd, usdOf } from '../shared/money.js';
import type { DecisionRecorded } from './decisions.entries.js';
import { decideChange, type GateResult } from './decisions.js';
import { emptyGate, evolveGate, type GateObserved, type GateState } from './decisions.state.js';
import type { AskForChange } from './ask-for-change.js';

/** What may happen, in any order; numbers choose among what there is. Money in units of 0.0001 USD. */
const money = (min: number, max: number) =>
  fc.integer({ min: min * 10_000, max: max * 10_000 }).map((units) => formatUsd4(microUsd(BigInt(units) * 100n)));
const pick = fc.nat({ max: 1000 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      amount: fc.oneof({ weight: 8, arbitrary: money(0, 150) }, money(-100, 0), fc.constant(null)),
      project: fc.constantFrom('web', 'api', 'ops'),
      environment: fc.constantFrom('prod', 'dev', 'qa'),
      subject: fc.constantFrom('ana', 'ben'),
      isDryRun: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 3, // The same few questions again and again, under keys of their own or derived ones.
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      amount: fc.constantFrom('20.0000', '20.0000', '35.0000'),
      project: fc.constant('web'),
      environment: fc.constant('prod'),
      key: fc.constantFrom(null, null, 'k1', 'k2'),
      subject: fc.constant('ana'),
      isDryRun: fc.constant(false),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('vote' as const),
      pick,
      vote: fc.constantFrom('approve' as const, 'approve' as const, 'deny' as const),
      key: fc.constantFrom(null, null, null, 'v1'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('file' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reissue' as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('consume' as const), pick, key: fc.constantFrom(null, null, null, 'c1') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reconcile' as const),
      pick,
      actual: money(-20, 250),
      key: fc.constantFrom(null, null, null, 'r1'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('sweep' as const),
      olderThanSeconds: fc.constantFrom(0, 600, 90_000),
      action: fc.constantFrom('settle' as const, 'release' as const, null),
      limit: fc.constantFrom(1, 200),
    }),
  },
  {
    weight: 3, // An actual for what has ended: late, or instead of another.
    arbitrary: fc.record({
      kind: fc.constant('correct' as const),
      pick,
      actual: money(-20, 250),
      isCorrection: fc.constantFrom(true, true, false),
      key: fc.constantFrom(null, null, null, 'r2'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resolve' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('credit' as const),
      amount: money(1, 60),
      pool: fc.constantFrom('reserved' as const, 'emergency' as const),
      scope: fc.constantFrom('tenant' as const, 'project:web' as const),
      ends: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      pick,
      limit: money(0, 400),
      whenCommitted: fc.constantFrom('refuse' as const, 'ratchet' as const),
      isActive: fc.boolean(),
      scope: fc.constantFrom('tenant' as const, 'project:web' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('policy' as const),
      ceiling: fc.option(money(0, 600)),
      mode: fc.constantFrom('soft' as const, 'soft' as const, 'hard' as const, 'shadow' as const),
      required: fc.boolean(),
      later: fc.boolean(),
    }),
  },
  {
    weight: 1, // A version for a part of the projects, or one that only looks on.
    arbitrary: fc.record({
      kind: fc.constant('rollout' as const),
      percent: fc.constantFrom(null, 63, 64, 80, 92, 93),
      mode: fc.constantFrom('soft' as const, 'hard' as const),
      required: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      seconds: fc.constantFrom(1, 600, 3_600, 20_000, 90_000, 1_400_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('catchUp' as const),
      service: fc.constantFrom('gate' as const, 'approvals' as const, 'reservations' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('react' as const),
      service: fc.constantFrom('gate' as const, 'approvals' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
/** The whole way of an approval, since single steps in any order seldom make one. */
const wholeWay = fc
  .record({ amount: money(100, 150), subject: fc.constantFrom('ana', 'ben'), pick })
  .map(({ amount, subject, pick: picked }): Step[] => [
    { kind: 'policy', ceiling: formatUsd4(microUsd(50_000_000n)), mode: 'soft', required: true, later: false },
    { kind: 'settle' },
    { kind: 'ask', amount, project: 'web', environment: 'prod', subject, isDryRun: false },
    { kind: 'settle' },
    { kind: 'vote', pick: picked, vote: 'approve', key: null },
    { kind: 'consume', pick: picked, key: null },
  ]);
const ample = (required: boolean, later = false): Step => ({
  ...{ kind: 'policy', ceiling: formatUsd4(microUsd(500_000_000n)), mode: 'soft', required, later },
});
const question = (amount: UsdText, project: 'web' | 'ops', subject: 'ana' | 'ben' = 'ana'): Step => ({
  ...{ kind: 'ask', amount, project, environment: 'prod', subject, isDryRun: false },
});
const SETTLE: Step = { kind: 'settle' };
const DAY: Step = { kind: 'pass', seconds: 90_000 };
/** Half of November is over; so it is December. */
const MONTH: readonly Step[] = [
  { kind: 'pass', seconds: 1_400_000 },
  { kind: 'pass', seconds: 1_400_000 },
];
/** A hold that nobody settles, and that turns out never to have been applied; or to have been, after it was given back. */
const forgotten = fc
  .record({ amount: money(1, 20), pick, actual: money(1, 40), isReleased: fc.boolean() })
  .map(({ amount, pick: picked, actual, isReleased }): Step[] => [
    ample(false),
    question(amount, 'ops'),
    SETTLE,
    DAY,
    { kind: 'sweep', olderThanSeconds: 600, action: isReleased ? 'release' : 'settle', limit: 200 },
    isReleased
      ? { kind: 'correct', pick: -1, actual, isCorrection: true, key: null }
      : { kind: 'resolve', pick: picked },
  ]);
/** A hold on credits that end before it is settled, and a question that comes after that. */
const credited = fc.record({ amount: money(20, 60), actual: money(0, 90) }).map(({ amount, actual }): Step[] => [
  ample(false),
  {
    kind: 'limit',
    pick: 1,
    limit: usdTextOf('0.0000'),
    whenCommitted: 'ratchet',
    isActive: true,
    scope: 'project:web',
  },
  { kind: 'credit', amount, pool: 'reserved', scope: 'project:web', ends: true },
  question(usdTextOf('15.0000'), 'web'),
  SETTLE,
  DAY,
  question(usdTextOf('15.0000'), 'web'),
  { kind: 'reconcile', pick: -1, actual, key: null },
]);
/** Decided in one month, settled in the next; the next question is of a new period. */
const overnight = fc
  .record({ amount: money(1, 40), actual: money(0, 60), next: money(1, 60) })
  .map(({ amount, actual, next }): Step[] => [
    ample(false),
    question(amount, 'ops'),
    SETTLE,
    ...MONTH,
    { kind: 'reconcile', pick: -1, actual, key: null },
    SETTLE,
    question(next, 'ops'),
  ]);
/** The version that was published for later comes into force between a question and the same question again. */
const scheduled = fc
  .record({ required: fc.boolean(), key: fc.constantFrom(null, null, 'k1') })
  .map(({ required, key }): Step[] => {
    const asked: Step = {
      ...{ kind: 'ask', amount: '20.0000', project: 'web', environment: 'prod', subject: 'ana', isDryRun: false },
      key,
    };
    return [ample(false), asked, ample(required, true), asked, DAY, asked];
  });
/** A version for some of the projects, which the same changes meet and do not meet. */
const rolledOut = fc
  .record({ percent: fc.constantFrom(63, 64, 92, 93), mode: fc.constantFrom('soft', 'hard'), amount: money(1, 60) })
  .map(({ percent, mode, amount }): Step[] => [
    ample(false),
    { kind: 'rollout', percent, mode, required: true },
    question(amount, 'ops'),
    question(amount, 'web'),
  ]);
/** Small changes, one after the other, of two who ask; and again in another month. */
const split = fc
  .record({ amounts: fc.array(money(15, 25), { minLength: 5, maxLength: 8 }), turn: fc.boolean() })
  .map(({ amounts, turn }): Step[] => {
    const asked = amounts.map((amount, at_) => question(amount, 'ops', at_ === 0 ? 'ben' : 'ana'));
    return [ample(true), ...asked, ...(turn ? [...MONTH, ...asked] : [])];
  });
const history = fc
  .array(
    fc.oneof(
      { weight: 30, arbitrary: step.map((single): Step[] => [single]) },
      ...[wholeWay, forgotten, credited, overnight, scheduled, rolledOut, split].map((arbitrary) => ({
        weight: 1,
        arbitrary,
      })),
    ),
    { minLength: 5, maxLength: 45, size: 'max' },
  )
  .map((parts) => parts.flat());

/** -1: the last. */
const at = <T>(list: readonly T[], index: number): T | undefined =>
  index < 0 ? list.at(-1) : list[index % Math.max(1, list.length)];
const textOf = (state: unknown): string => Buffer.from(encodeState(state)).toString();

/** A world of several budgets whose months, periods and scopes differ and overlap. */
const open = (): { readonly world: DomainWorld; readonly budgets: readonly BudgetId[] } => {
  const world = new DomainWorld(policyWith({ mode: 'soft' }));
  const budgets = [
    world.setBudget('400'),
    world.setBudget('250', { scope: 'project:web' }),
    world.setBudget('1000', { scope: 'project:web', period: 'quarter', monthsCharged: 3 }),
    world.setBudget('120', { scope: 'project:api/env:prod', period: 'total' }),
  ];
  return { world, budgets: budgets.map(({ budgetId }) => budgetId) };
};

interface Met {
  asks: number;
  replays: number;
  allowed: number;
  granted: number;
  consumed: number;
  settled: number;
  ended: number;
  aboveLimit: number;
  swept: number;
  late: number;
  corrected: number;
  unbooked: number;
  withCredits: number;
  overdue: number;
  creditEnded: number;
  nextPeriod: number;
  afterRelease: number;
  capReached: number;
  nextMonth: number;
  inCohort: number;
  beyondCohort: number;
  challenged: number;
  newVersion: number;
}
const met: Met = {
  asks: 0,
  replays: 0,
  allowed: 0,
  granted: 0,
  consumed: 0,
  settled: 0,
  ended: 0,
  aboveLimit: 0,
  swept: 0,
  late: 0,
  corrected: 0,
  unbooked: 0,
  withCredits: 0,
  overdue: 0,
  creditEnded: 0,
  nextPeriod: 0,
  afterRelease: 0,
  capReached: 0,
  nextMonth: 0,
  inCohort: 0,
  beyondCohort: 0,
  challenged: 0,
  newVersion: 0,
};

/** G5 at one revision. */
const checkMoney = (world: DomainWorld, before: GateState, seen: GateObserved): void => {
  const problem = moneyProblem(before, world.gate, seen, world.now);
  if (problem !== undefined) throw new Error(problem);
  met.aboveLimit += aboveLimit(world.gate, world.now);
};

type Play = {
  readonly world: DomainWorld;
  readonly budgets: readonly BudgetId[];
  readonly firstAnswers: Map<string, GateResult>;
};

const ask = ({ world, firstAnswers }: Play, { amount, ...more }: Extract<Step, { kind: 'ask' }>): void => {
  const command: AskForChange = world.question(amount, more);
  met.asks += 1;
  const { log } = world;
  const before = log.length;
  const result = world.decide(command);
  if (result.kind === 'replay') met.replays += 1;
  if (result.kind === 'accepted') {
    for (const entry of result.entries)
      if (entry.type === 'decision_recorded' && entry.payload.decision === 'ALLOW') met.allowed += 1;
  } else expect(log).toHaveLength(before);
  // G3: the same command again is the first answer, and writes nothing.
  const entries = log.length;
  const again = world.decide({ ...command, decisionId: world.id() as never, salt: 'B' });
  expect(again.kind).toBe(result.kind === 'refused' ? 'refused' : 'replay');
  expect(log).toHaveLength(entries);
  if (result.kind !== 'accepted') expect(again).toEqual(result);
  if (command.key.isDerived || again.kind !== 'replay') return;
  const name = `${command.key.scope}|${command.key.text}`;
  const first = firstAnswers.get(name);
  if (first === undefined) firstAnswers.set(name, again);
  else expect({ ...again, isExpired: false }).toEqual({ ...first, isExpired: false });
};

/** A command repeated at once under its key writes nothing more. */
const twice = (
  world: DomainWorld,
  run: () => { readonly kind: string },
  key: string | null,
): { readonly kind: string } => {
  const result = run();
  if (key === null) return result;
  const entries = world.log.length;
  const again = run();
  if (result.kind === 'accepted') expect(world.log).toHaveLength(entries);
  expect(['accepted', 'replay']).toContain(result.kind === 'accepted' ? again.kind : 'accepted');
  return result;
};

const onApproval = (
  { world }: Play,
  step: Extract<Step, { kind: 'vote' | 'withdraw' | 'file' | 'reissue' | 'consume' }>,
): void => {
  // Mostly what fits, sometimes anything.
  const fitting = [...world.approvals.approvals].filter(
    ([, { status }]) => status === (step.kind === 'consume' || step.kind === 'reissue' ? 'granted' : 'pending'),
  );
  const among = fitting.length > 0 && step.pick % 5 > 0 ? fitting : [...world.approvals.approvals];
  const approvalId = at(among.map(([id]) => id).sort(), step.pick) as ApprovalId | undefined;
  if (approvalId === undefined) return;
  const { now } = world;
  switch (step.kind) {
    case 'vote': {
      const token = world.token();
      const voted = twice(
        world,
        () => world.vote(approvalId, 'cy', { vote: step.vote, key: step.key, token }),
        step.key,
      );
      if (voted.kind === 'accepted' && step.vote === 'approve') met.granted += 1;
      return;
    }
    case 'withdraw':
      world.approve({
        kind: 'withdraw',
        approvalId,
        caller: caller('root', { isAdmin: true }),
        now,
        idempotency: keyed(null),
      });
      return;
    case 'file':
      world.approve({
        kind: 'file_request',
        decisionId: world.approvals.approvals.get(approvalId)?.decisionId ?? ('' as never),
        caller: caller('dan'),
        justification: null,
        justificationLength: 0,
        ticket: 'T-1',
        now,
        idempotency: keyed(null),
      });
      return;
    case 'reissue':
      world.approve({
        kind: 'reissue_token',
        approvalId,
        caller: caller('root', { isAdmin: true }),
        token: world.token(),
        now,
        idempotency: keyed(null),
      });
      return;
    case 'consume': {
      const command = world.consumption(world.claims(approvalId), {
        key: step.key,
        caller: caller('ana', { projects: ['web', 'api', 'ops'] }),
      });
      world.consume(command);
      if (world.log.at(-1)?.entry.type === 'token_consumed') met.consumed += 1;
    }
  }
};

/** What became of holds after they ended, and without anybody saying so. */
const onEnded = ({ world }: Play, step: Extract<Step, { kind: 'sweep' | 'correct' | 'resolve' | 'credit' }>): void => {
  switch (step.kind) {
    case 'sweep': {
      const { olderThanSeconds, action, limit } = step;
      met.swept += world.sweepAsSeen({ olderThanSeconds, action, limit }).length > 0 ? 1 : 0;
      return;
    }
    case 'correct': {
      const known = [...bookingsOf(world.reservations)].sort();
      const decisionId = at(known, step.pick);
      if (decisionId === undefined) return;
      const command = world.actual(decisionId as never, step.actual, step.key);
      twice(world, () => world.reconcile({ ...command, isCorrection: step.isCorrection }), step.key);
      return;
    }
    case 'resolve': {
      const open = [...world.reservations.openExceptions.keys()].sort();
      const assumed = open.filter((id) => id.startsWith('unreconciled:'));
      const exceptionId = at(assumed.length > 0 ? assumed : open, step.pick);
      if (exceptionId !== undefined) world.resolveAsSeen(exceptionId, step.pick % 3 === 0 ? 'accepted' : 'not_applied');
      return;
    }
    case 'credit':
      world.grantCredit(step.amount, {
        pool: step.pool,
        scope: step.scope,
        expires_at: step.ends ? (new Date(Date.parse(world.now) + 50_000_000).toISOString() as Instant) : null,
      });
  }
};

const bookingsOf = ({ bookings, bare }: DomainWorld['reservations']): readonly string[] =>
  [bookings, bare].flatMap(({ recent, older }) => [...recent.keys(), ...older.keys()]);

const decisionsIn = ({ log }: DomainWorld): readonly DecisionRecorded[] =>
  log.flatMap(({ entry }) => (entry.type === 'decision_recorded' ? [entry.payload] : []));

/** Contract section 8.1, salt `r1`. */
const COHORTS: Readonly<Record<string, number>> = { web: 92, api: 80, ops: 63 };
/** The version that a project is decided under, by a walk over all there are. */
const versionFor = ({ gate }: DomainWorld, { request, decided_at: at_ }: DecisionRecorded): number | undefined =>
  gate.policy.versions
    .filter(({ role, effectiveFrom, rollout }) => {
      const isReached = rollout === null || (COHORTS[request.project_id] ?? 100) < rollout.cohort_percent;
      return role === 'active' && effectiveFrom <= at_ && isReached;
    })
    .sort((a, b) =>
      a.effectiveFrom === b.effectiveFrom ? a.version - b.version : a.effectiveFrom < b.effectiveFrom ? -1 : 1,
    )
    .at(-1)?.version;

/** A decision shows what is held once it holds, is made under its project's version, and draws on no credit that has ended. */
const checkDecision = (world: DomainWorld, recorded: DecisionRecorded): void => {
  const { policy } = world.gate;
  const problem = shownProblem(world.gate, recorded);
  if (problem !== undefined) throw new Error(problem);
  if (recorded.policy_version !== versionFor(world, recorded)) throw new Error('decided under another version');
  for (const { account } of recorded.hold.legs.filter((leg) => leg.account.startsWith('credit:'))) {
    const ends = policy.credits.grants.get(account.slice('credit:'.length))?.terms.expires_at ?? null;
    if (ends !== null && recorded.decided_at >= ends) throw new Error(`${account} has ended and funds something new`);
  }
  const version = policy.versions.find((each) => each.version === recorded.policy_version);
  met.inCohort += version?.rollout ? 1 : 0;
  met.beyondCohort += policy.versions.at(-1)?.rollout && !version?.rollout ? 1 : 0;
  met.challenged += recorded.challenger ? 1 : 0;
  met.capReached += recorded.reason_codes.includes('auto_approve_cap_reached') ? 1 : 0;
  if (recorded.key.generation === 1) return;
  const earlier = decisionsIn(world).findLast(
    ({ key }) => key.text === recorded.key.text && key.generation === recorded.key.generation - 1,
  );
  met.newVersion += earlier?.policy_version === recorded.policy_version ? 0 : 1;
};

/** Nobody gets more through on his own than policy lets him in a month. @source contract section 8.3 */
const checkAutoApproved = (world: DomainWorld): void => {
  const sums = new Map<string, bigint>();
  for (const { auto_approved_usd: amount, requester, decided_at } of decisionsIn(world)) {
    const name = `${decided_at.slice(0, 7)} ${requester.subject}`;
    if (amount !== null) sums.set(name, (sums.get(name) ?? 0n) + usdOf(amount));
  }
  for (const [name, sum] of sums) expect([name, sum <= 100_000_000n]).toEqual([name, true]);
  met.nextMonth += new Set([...sums.keys()].map((name) => name.slice(0, 7))).size > 1 ? 1 : 0;
};

const meetSettled = (
  world: DomainWorld,
  { decision_id: id, settled_at, legs }: Extract<GateObserved['entry'], { type: 'reservation_settled' }>['payload'],
): void => {
  const decided = decisionsIn(world).find(({ decision_id }) => decision_id === id);
  met.nextPeriod += decided?.decided_at.slice(0, 7) === settled_at.slice(0, 7) ? 0 : 1;
  const { grants } = world.gate.policy.credits;
  const isEnded = legs.some(({ account }) => {
    const ends = grants.get(account.slice('credit:'.length))?.terms.expires_at ?? null;
    return account.startsWith('credit:') && ends !== null && ends <= settled_at;
  });
  met.creditEnded += isEnded ? 1 : 0;
};

/** What an entry shows that the history has met. */
const meet = (world: DomainWorld, { entry }: GateObserved): void => {
  if (entry.type === 'hold_voided' || entry.type === 'hold_expired') met.ended += 1;
  const isFunded =
    entry.type === 'decision_recorded' && entry.payload.hold.legs.some(({ account }) => account.startsWith('credit:'));
  if (isFunded) met.withCredits += 1;
  if (entry.type === 'reservation_settled') meetSettled(world, entry.payload);
  if (entry.type !== 'reservation_corrected') return;
  const { cause, decision_id: id } = entry.payload;
  const released = world.written('reservation_released').some(({ decision_id }) => decision_id === id);
  met.afterRelease += released ? 1 : 0;
  met.late += cause === 'late_actual' ? 1 : 0;
  met.corrected += cause === 'correction' ? 1 : 0;
  met.unbooked += cause === 'not_applied' ? 1 : 0;
};

const onMoney = (
  { world, budgets }: Play,
  step: Extract<Step, { kind: 'reconcile' | 'limit' | 'policy' | 'rollout' }>,
): void => {
  switch (step.kind) {
    case 'reconcile': {
      const decisionId = at([...world.reservations.reservations.keys()].sort(), step.pick);
      if (decisionId === undefined) return;
      const result = twice(
        world,
        () => world.reconcile(world.actual(decisionId as never, step.actual, step.key)),
        step.key,
      );
      if (result.kind === 'accepted') met.settled += 1;
      return;
    }
    case 'limit': {
      const budgetId = at(budgets, step.pick);
      if (budgetId !== undefined)
        world.changeBudget(budgetId, step.limit, {
          whenCommitted: step.whenCommitted,
          isActive: step.isActive,
          ...(step.pick % 4 === 0 ? { scope: step.scope } : {}),
        });
      return;
    }
    case 'rollout': {
      // Under the ceilings of the version in force: other ones are other limits for other projects.
      const plan = policyInForce(world.gate.policy, world.now)?.document.entitlements.plan_ceiling_monthly_usd ?? null;
      const document = policyWith({
        mode: step.mode,
        approval: { required: { prod: step.required } },
        entitlements: { plan_ceiling_monthly_usd: plan },
      });
      const { percent } = step;
      world.publishAs(
        document,
        percent === null ? { role: 'challenger' } : { rollout: { cohort_percent: percent, salt: 'r1' } },
      );
      return;
    }
    case 'policy': {
      const document = policyWith({
        mode: step.mode,
        approval: { required: { prod: step.required } },
        entitlements: { plan_ceiling_monthly_usd: step.ceiling },
      });
      world.publish(
        document,
        step.later ? (new Date(Date.parse(world.now) + 50_000_000).toISOString() as Instant) : null,
      );
    }
  }
};

const play = (game: Play, step: Step): void => {
  const { world } = game;
  switch (step.kind) {
    case 'ask':
      ask(game, step);
      return;
    case 'vote':
    case 'withdraw':
    case 'file':
    case 'reissue':
    case 'consume':
      onApproval(game, step);
      return;
    case 'reconcile':
    case 'limit':
    case 'policy':
    case 'rollout':
      onMoney(game, step);
      return;
    case 'sweep':
    case 'correct':
    case 'resolve':
    case 'credit':
      onEnded(game, step);
      return;
    case 'pass':
      world.pass(step.seconds);
      return;
    case 'catchUp':
      world.catchUp(step.service);
      return;
    case 'react':
      if (step.service === 'gate') world.reactGate();
      else world.reactApprovals();
      return;
    case 'settle':
      world.settle();
  }
};

/** Some holds of every history are younger than this, and some are older. */
const OVERDUE_SECONDS = 40_000;
const overdueIn = ({ reservations, now }: DomainWorld): readonly string[] =>
  overdueHolds(reservations, { olderThanSeconds: OVERDUE_SECONDS, now }).map(({ decisionId }) => decisionId);

/** The same by a look at every hold there is. */
const overdueByWalk = ({ reservations, now }: DomainWorld): readonly string[] => {
  const before = plusSeconds(now, -OVERDUE_SECONDS);
  const found = [...reservations.reservations.values()]
    .filter((held) => held.heldSince <= before && isSweepable(reservations.money, held))
    .sort((a, b) =>
      a.heldSince === b.heldSince ? Number(a.revision - b.revision) : a.heldSince < b.heldSince ? -1 : 1,
    )
    .map(({ decisionId }) => decisionId);
  met.overdue += found.length > 0 ? 1 : 0;
  return found;
};

const started = (): Play => {
  const { world, budgets } = open();
  world.onFold = (service, before, seen) => {
    if (service === 'gate') checkMoney(world, before, seen);
    if (service === 'gate') meet(world, seen);
    if (service === 'gate' && seen.entry.type === 'decision_recorded') checkDecision(world, seen.entry.payload);
    if (service === 'reservations') expect(overdueIn(world)).toEqual(overdueByWalk(world));
  };
  return { world, budgets, firstAnswers: new Map() };
};

const ENDS = new Set<string>(['reservation_settled', 'reservation_assumed_spent', 'reservation_released']);

/** Entries about one decision, in the order that reconciliation has folded them. */
const historyOf = ({ folded, reservations }: DomainWorld, id: string): BookingHistory => {
  const own = folded.reservations.filter(
    ({ entry }) => 'decision_id' in entry.payload && entry.payload.decision_id === id,
  );
  const end = own.findIndex(({ entry }) => ENDS.has(entry.type));
  const until = end < 0 ? own : own.slice(0, end);
  const [asked, ...holds] = until.flatMap((seen) => (seen.journal === 'decisions' ? [seen] : []));
  if (asked?.entry.type !== 'decision_recorded') throw new Error('booked before it was asked for');
  return {
    decision: { payload: asked.entry.payload, revision: asked.revision },
    overage: reservations.money.policy.overages.get(overageAccount(id))?.limit,
    holds,
    bookings: own.flatMap((seen) => (seen.journal === 'reservations' ? [seen] : [])),
  };
};

const foldGate = (from: GateState, entries: readonly GateObserved[]): GateState => entries.reduce(evolveGate, from);

describe('budgets under any interleaving', () => {
  it('never hold and spend more than their limit, retries included (G5, G3); what is overdue is what a walk finds', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const game = started();
        for (const each of steps) play(game, each);
        game.world.settle();
        game.world.settle();
        expect(game.world.gate.due.size).toBe(0);
        checkAutoApproved(game.world);
      }),
      { numRuns: 200 },
    );
    // A run that never met what it is for proves nothing.
    for (const [name, count] of Object.entries(met)) expect([name, count > 10]).toEqual([name, true]);
  });

  it('are the same when folded from a prefix and its tail as from the whole', () => {
    fc.assert(
      fc.property(history, fc.double({ min: 0, max: 1, noNaN: true }), (steps, cut) => {
        const game = started();
        for (const each of steps) play(game, each);
        game.world.settle();
        const { folded, gate, approvals, reservations } = game.world;
        const split = Math.floor(folded.gate.length * cut);
        expect(textOf(foldGate(foldGate(emptyGate, folded.gate.slice(0, split)), folded.gate.slice(split)))).toBe(
          textOf(gate),
        );
        expect(
          textOf(
            folded.approvals.reduce<typeof noApprovals>(
              (state, seen: ApprovalsObserved) => evolveApprovals(state, seen),
              noApprovals,
            ),
          ),
        ).toBe(textOf(approvals));
        expect(textOf(folded.reservations.reduce(evolveReservations, noReservations))).toBe(textOf(reservations));
      }),
      { numRuns: 40 },
    );
  });

  it('leave bookings that are the same when they are read back from the entries of one decision alone', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const game = started();
        for (const each of steps) play(game, each);
        game.world.settle();
        const { reservations } = game.world;
        for (const id of bookingsOf(reservations))
          expect([id, bookingFrom(historyOf(game.world, id))]).toEqual([id, bookingOf(reservations, id)]);
      }),
      { numRuns: 100 },
    );
  });

  it('are decided alike twice, and deciding changes nothing that was given', () => {
    fc.assert(
      fc.property(history, money(0, 300), fc.constantFrom(null, 'k1'), (steps, amount, key) => {
        const game = started();
        for (const each of steps) play(game, each);
        const { world } = game;
        const before = textOf([world.gate, world.approvals]);
        const command = world.question(amount, { key });
        const freed = (state: GateState): GateState => state;
        expect(decideChange(command, world.gate, freed)).toEqual(
          decideChange(structuredClone(command), world.gate, freed),
        );
        const pass = { kind: 'pass_time', now: '2027-11-01T00:00:00.000Z' as Instant } as const;
        expect(decideApprovals(pass, world.approvals)).toEqual(decideApprovals(pass, world.approvals));
        expect(textOf([world.gate, world.approvals])).toBe(before);
      }),
      { numRuns: 40 },
    );
  });
});
