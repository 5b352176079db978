import { describe, expect, it } from '@jest/globals';
import { BoundedMap } from '../shared/bounded-map.js';
import { sha256Hex } from '../shared/sha256.js';
import type { Instant } from '../shared/brand.js';
import { moneyProblem } from '../../../../test/support/money-laws.js';
import { DomainWorld, entriesOf, policyWith, usd } from '../../../../test/support/domain-world.js';

const soft = (): DomainWorld => new DomainWorld(policyWith({ mode: 'soft' }));

describe('money over time', () => {
  it('counts what was spent as well as what is held (scenario 1)', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    world.spend(world.ask('600').decision_id, '600');
    expect(world.balance(account)).toMatchObject({ spent: usd('600'), held: 0n, headroom: usd('400') });
    const denied = world.ask('500');
    expect(denied).toMatchObject({ decision: 'DENY' });
    expect(denied.reason_codes).toContain('budget_exceeded');
    expect(world.ask('400').decision).toBe('ALLOW');
  });

  it('charges a project for its own holds only (scenario 2)', () => {
    const world = new DomainWorld();
    world.setBudget('1000', { scope: 'project:web' });
    const api = world.setBudget('1000', { scope: 'project:api' }).account;
    world.ask('900', { project: 'api' });
    expect(world.ask('800', { project: 'web' }).decision).toBe('ALLOW');
    expect(world.balance(api).headroom).toBe(usd('100'));
  });

  it('resets what was spent with the month and carries over what is held (scenario 4)', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    world.spend(world.ask('300').decision_id, '300');
    world.ask('400');
    world.now = '2026-12-01T00:00:00.000Z' as Instant;
    expect(world.balance(account)).toMatchObject({ spent: 0n, held: usd('400') });
    expect(world.ask('700').decision).toBe('DENY');
    expect(world.ask('600').decision).toBe('ALLOW');
  });
});

describe('a thousand changes', () => {
  it('of 10 against a limit of 1000 are a hundred that pass, and never hold more (scenario 38)', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    world.onFold = (_service, before, seen) => {
      const problem = moneyProblem(before, world.gate, seen, world.now);
      if (problem !== undefined) throw new Error(problem);
    };
    const decisions = Array.from({ length: 1000 }, () => world.ask('10').decision);
    expect(decisions.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 'ALLOW'));
    expect(decisions.slice(100)).toEqual(Array.from({ length: 900 }, () => 'DENY'));
    expect(world.balance(account)).toMatchObject({ held: usd('1000'), headroom: 0n });
  });
});

describe('keys', () => {
  it('answer the same question as the first time and refuse another (scenario 5)', () => {
    const world = new DomainWorld();
    const first = world.ask('20', { key: 'key-1' });
    const entries = world.log.length;
    expect(world.decide(world.question('2000', { key: 'key-1' }))).toEqual({
      kind: 'refused',
      refusal: { code: 'idempotency_conflict', firstRevision: 0n },
    });
    expect(world.decide(world.question('20', { key: 'key-1' }))).toEqual({
      kind: 'replay',
      revision: 0n,
      isExpired: false,
    });
    world.pass(901);
    expect(world.decide(world.question('20', { key: 'key-1' }))).toEqual({
      kind: 'replay',
      revision: 0n,
      isExpired: true,
    });
    expect(world.log).toHaveLength(entries);
    expect(first.expires_at).toBe('2026-11-10T10:15:00.000Z');
  });

  it('keep a dry run in a space of its own (scenario 7)', () => {
    const world = new DomainWorld();
    const dry = world.ask('125.5', { key: null, isDryRun: true });
    const real = world.ask('125.5', { key: null });
    expect(dry.payload_hash).not.toBe(real.payload_hash);
    expect(dry.request_fingerprint).toBe(real.request_fingerprint);
    expect([dry.hold.total_usd, real.hold.total_usd]).toEqual(['0.0000', '125.5000']);
  });

  it('that were derived expire with their answer (scenario 8)', () => {
    const world = new DomainWorld();
    world.ask('125.5', { key: null });
    world.pass(300);
    world.publish(policyWith({ entitlements: { hard_deny_above_monthly_usd: '100.0000' } }));
    world.pass(599);
    expect(world.decide(world.question('125.5', { key: null }))).toMatchObject({ kind: 'replay', isExpired: false });
    world.pass(2);
    const second = world.ask('125.5', { key: null });
    expect(second).toMatchObject({ decision: 'DENY', key: { generation: 2 } });
    expect(second.reason_codes).toContain('hard_deny_threshold_exceeded');
  });

  it('that were derived take over what their predecessor holds', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    const first = world.ask('80', { key: null });
    world.pass(901);
    const result = world.decide(world.question('80', { key: null }));
    expect(result.kind === 'accepted' && entriesOf(result.entries, 'hold_voided')).toMatchObject([
      { decision_id: first.decision_id, cause: 'superseded', released_usd: '80.0000' },
    ]);
    expect(result.kind === 'accepted' && entriesOf(result.entries, 'decision_recorded')).toMatchObject([
      { decision: 'ALLOW', supersedes: first.decision_id, key: { generation: 2 } },
    ]);
    expect(world.balance(account).held).toBe(usd('80'));
  });

  it('that were derived leave the predecessor its hold when the new answer holds nothing', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    world.ask('80', { key: null });
    world.pass(901);
    world.publish(policyWith({ entitlements: { hard_deny_above_monthly_usd: '10.0000' } }));
    const second = world.ask('80', { key: null });
    expect(second).toMatchObject({ decision: 'DENY', supersedes: null, key: { generation: 2 } });
    expect(world.balance(account).held).toBe(usd('80'));
    expect(second.balances_after[0]).toMatchObject({ held_usd: '80.0000' });
  });

  it('that were derived take over the hold that a denial in between has left, so that nothing is held twice', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    const first = world.ask('30', { key: null });
    world.pass(901);
    world.publish(policyWith({ entitlements: { hard_deny_above_monthly_usd: '10.0000' } }));
    expect(world.ask('30', { key: null }).decision).toBe('DENY');
    world.pass(901);
    world.publish(policyWith());
    const third = world.ask('30', { key: null });
    expect(third).toMatchObject({ decision: 'ALLOW', supersedes: first.decision_id, key: { generation: 3 } });
    expect(world.balance(account).held).toBe(usd('30'));
  });

  it('that were derived end with what they held: the next change of that kind is decided and held afresh', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    const first = world.ask('20', { key: null });
    world.spend(first.decision_id, '20');
    const second = world.ask('20', { key: null });
    expect(second).toMatchObject({ decision: 'ALLOW', supersedes: null, key: { generation: 2 } });
    expect(world.balance(account)).toMatchObject({ held: usd('20'), spent: usd('20') });
  });

  it('that were derived and held nothing stand until they expire', () => {
    const world = new DomainWorld();
    world.ask('0', { key: null });
    expect(world.decide(world.question('0', { key: null }))).toMatchObject({ kind: 'replay', isExpired: false });
  });

  it('that were derived are remembered while they hold or wait, however many came after them', () => {
    const world = soft();
    world.gate = { ...world.gate, answers: BoundedMap.ofCapacity(2) };
    world.setBudget('50');
    const [holding, waiting] = [world.ask('5', { key: null }), world.ask('90', { key: null })];
    expect([holding.decision, waiting.decision]).toEqual(['ALLOW', 'REQUIRE_APPROVAL']);
    for (let index = 0; index < 20; index += 1) world.ask('0', { key: `later-${String(index)}` });
    for (const amount of ['5', '90']) expect(world.decide(world.question(amount, { key: null })).kind).toBe('replay');
    expect(world.gate.answers.size).toBeLessThanOrEqual(2 * 2 + 1 + 2);
  });

  it('that were derived stand while their approval is pending or granted, however long that takes', () => {
    const world = soft();
    world.setBudget('10');
    const waiting = world.ask('80', { key: null });
    world.pass(3600);
    expect(world.decide(world.question('80', { key: null }))).toMatchObject({ kind: 'replay', isExpired: true });
    world.settle();
    world.vote(waiting.approval?.approval_id ?? ('' as never), 'lead-1');
    world.settle();
    world.pass(3600);
    expect(world.decide(world.question('80', { key: null })).kind).toBe('replay');
  });

  it('that left memory are answered from what the use case read', () => {
    const world = new DomainWorld();
    const question = world.question('20', { key: 'old' });
    const remembered = { payloadHash: question.payloadHash, revision: 7n, requestFingerprint: null };
    expect(world.decide({ ...question, rememberedAnswer: remembered })).toEqual({
      kind: 'replay',
      revision: 7n,
      isExpired: true,
    });
    expect(world.decide({ ...question, rememberedAnswer: { ...remembered, payloadHash: sha256Hex('other') } })).toEqual(
      {
        kind: 'refused',
        refusal: { code: 'idempotency_conflict', firstRevision: 7n },
      },
    );
  });

  it('are not bound by a question that insisted on another fingerprint', () => {
    const world = new DomainWorld();
    const fingerprint = world.ask('20').request_fingerprint;
    const before = world.log.length;
    const refusedOne = world.decide(world.question('20', { key: 'key-1', expectedFingerprint: '0'.repeat(64) }));
    expect(refusedOne).toEqual({ kind: 'refused', refusal: { code: 'fingerprint_mismatch', recomputed: fingerprint } });
    expect(world.log).toHaveLength(before);
    expect(world.ask('20', { key: 'key-1', expectedFingerprint: fingerprint }).decision).toBe('ALLOW');
  });
});

describe('the end of a hold', () => {
  const waiting = () => {
    const world = soft();
    const { account } = world.setBudget('100');
    const recorded = world.ask('250');
    world.settle();
    return { world, account, recorded, approvalId: recorded.approval?.approval_id ?? ('' as never) };
  };

  it('comes with a denial', () => {
    const { world, account, approvalId } = waiting();
    expect(world.balance(account).held).toBe(usd('100'));
    world.vote(approvalId, 'lead-1', { vote: 'deny' });
    world.settle();
    expect(world.balance(account).held).toBe(0n);
    expect(
      entriesOf(
        world.log.map(({ entry }) => entry),
        'hold_voided',
      ),
    ).toMatchObject([{ cause: 'approval_denied', released_usd: '100.0000' }]);
  });

  it('comes with the approve-by or the use-by, each under its own name', () => {
    const late = waiting();
    late.world.pass(86_400);
    late.world.settle();
    const unused = waiting();
    unused.world.vote(unused.approvalId, 'lead-1');
    unused.world.settle();
    unused.world.pass(14_400);
    unused.world.settle();
    const causes = [late, unused].map(({ world }) =>
      entriesOf(
        world.log.map(({ entry }) => entry),
        'hold_expired',
      ).map(({ cause, released_usd }) => [cause, released_usd]),
    );
    expect(causes).toEqual([[['approve_by_passed', '100.0000']], [['use_by_passed', '250.0000']]]);
    expect([late.world.balance(late.account).held, unused.world.balance(unused.account).held]).toEqual([0n, 0n]);
  });

  it('is written once, however often the reaction runs', () => {
    const { world, approvalId } = waiting();
    world.vote(approvalId, 'lead-1', { vote: 'deny' });
    world.settle();
    const entries = world.log.length;
    world.settle();
    expect(world.log).toHaveLength(entries);
  });
});

describe('an approved overage', () => {
  it('is a named exception with a leg of its own, and every account keeps its limit (scenario 13)', () => {
    const world = soft();
    const { account } = world.setBudget('888');
    const recorded = world.ask('1000');
    expect(recorded.hold).toMatchObject({ total_usd: '888.0000', unfunded_usd: '112.0000' });
    world.settle();
    world.vote(recorded.approval?.approval_id ?? ('' as never), 'lead-1');
    world.settle();
    const overage = `overage:${recorded.decision_id}`;
    expect(
      entriesOf(
        world.log.map(({ entry }) => entry),
        'exception_granted',
      ),
    ).toMatchObject([
      { exception_id: overage, kind: 'overage', decision_id: recorded.decision_id, limit_usd: '112.0000' },
    ]);
    expect(world.balance(account)).toMatchObject({ held: usd('888'), headroom: 0n });
    expect(world.balance(overage)).toMatchObject({ limit: usd('112'), held: usd('112'), headroom: 0n });
  });

  it('is not made when everything was funded', () => {
    const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
    const recorded = world.ask('50');
    world.settle();
    world.vote(recorded.approval?.approval_id ?? ('' as never), 'lead-1');
    world.settle();
    expect(
      entriesOf(
        world.log.map(({ entry }) => entry),
        'exception_granted',
      ),
    ).toEqual([]);
  });

  it('gives no room to another decision', () => {
    const world = soft();
    world.setBudget('10');
    const recorded = world.ask('50');
    world.use(recorded);
    expect(world.ask('1').hold).toMatchObject({ total_usd: '0.0000', unfunded_usd: '1.0000' });
  });

  it('is settled only once the exception of the grant is written, and then as matched', () => {
    const world = soft();
    world.setBudget('10');
    const recorded = world.ask('50');
    world.settle();
    const id = recorded.approval?.approval_id ?? ('' as never);
    world.vote(id, 'lead-1');
    world.consume(world.consumption(world.claims(id)));
    world.catchUp('gate');
    world.catchUp('reservations');
    expect(world.reconcile(world.actual(recorded.decision_id, '50'))).toMatchObject({
      refusal: { code: 'overage_not_written' },
    });
    world.reactGate();
    world.settle();
    expect(
      entriesOf(
        world.log.map(({ entry }) => entry),
        'exception_granted',
      ),
    ).toHaveLength(1);
    expect(world.reconcile(world.actual(recorded.decision_id, '50')).kind).toBe('accepted');
    world.settle();
    expect(
      entriesOf(
        world.log.map(({ entry }) => entry),
        'reservation_settled',
      ),
    ).toMatchObject([{ status: 'matched' }]);
    expect(world.gate.accounts.holds.size).toBe(0);
    expect(world.reservations.money.accounts.holds.size).toBe(0);
  });
});
