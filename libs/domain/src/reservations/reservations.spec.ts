import { describe, expect, it } from '@jest/globals';
import type { DecisionId } from '../shared/brand.js';
import { DomainWorld, entriesOf, keyed, policyWith, usd } from '../../../../test/support/domain-world.js';
import { pricedAt } from '../../../../test/support/domain-world.js';
import type { ReservationsEntry } from './reservations.entries.js';

/** A hold of 125.5 on one budget and the ceilings, tolerance max(1, 2.51), as in contract 13.2 without credits. */
const held = (headroom = '1000') => {
  const world = new DomainWorld();
  const { budgetId, account } = world.setBudget(String(125.5 + Number(headroom)));
  const recorded = world.ask('125.5');
  world.settle();
  return { world, budgetId, account, recorded, settle: (actual: string) => world.spend(recorded.decision_id, actual) };
};
const settled = (entries: readonly ReservationsEntry[]) => {
  const found = entriesOf(entries, 'reservation_settled')[0];
  if (found === undefined) throw new Error('not settled');
  return found;
};
const opened = (entries: readonly ReservationsEntry[]) =>
  entriesOf(entries, 'exception_opened').map(({ exception_id, kind, amount_usd }) => [
    exception_id.split(':')[0],
    kind,
    amount_usd,
  ]);

describe('settling a hold', () => {
  it.each([
    // actual, drift, status, spent, released, exceptions
    ['125.5', '0.0000', 'matched', '125.5000', '0.0000', []],
    ['127', '1.5000', 'matched', '127.0000', '0.0000', []],
    ['128.01', '2.5100', 'matched', '128.0100', '0.0000', []],
    ['128.0101', '2.5101', 'overage', '128.0101', '0.0000', [['overage', 'overage', '2.5101']]],
    ['131', '5.5000', 'overage', '131.0000', '0.0000', [['overage', 'overage', '5.5000']]],
    ['122.99', '-2.5100', 'matched', '122.9900', '2.5100', []],
    ['110', '-15.5000', 'savings', '110.0000', '15.5000', []],
    ['25.5001', '-99.9999', 'savings', '25.5001', '99.9999', []],
    ['25.5', '-100.0000', 'savings', '25.5000', '100.0000', [['savings', 'savings', '100.0000']]],
    ['0', '-125.5000', 'savings', '0.0000', '125.5000', [['savings', 'savings', '125.5000']]],
    ['-20', '-145.5000', 'savings', '0.0000', '125.5000', [['savings', 'savings', '145.5000']]],
  ])('of 125.5 with %s: drift %s is %s', (actual, drift_usd, status, spent_usd, released_usd, exceptions) => {
    const { world, account, settle } = held();
    const entries = settle(actual);
    expect(settled(entries)).toMatchObject({ status, drift_usd, expected_usd: '125.5000', overrun_usd: '0.0000' });
    expect(settled(entries).legs).toEqual(
      [account, 'ceiling:enterprise', 'ceiling:plan'].map((each) => ({
        account: each,
        held_usd: '125.5000',
        spent_usd,
        released_usd,
      })),
    );
    expect(opened(entries)).toEqual(exceptions);
    expect(entriesOf(entries, 'drift_found')).toHaveLength(status === 'matched' ? 0 : 1);
    expect(world.balance(account)).toMatchObject({ spent: usd(spent_usd), held: 0n });
  });

  it('charges what lies above the hold to the headroom and names the rest an overrun, beside the overage', () => {
    const { world, account, recorded, settle } = held('2');
    const entries = settle('131');
    expect(settled(entries)).toMatchObject({
      status: 'overage',
      overrun_usd: '3.5000',
      exception_id: `overage:${recorded.decision_id}`,
      exception_ids: [`overage:${recorded.decision_id}`, `overrun:${recorded.decision_id}`],
    });
    expect(settled(entries).legs[0]).toEqual({
      account,
      held_usd: '125.5000',
      spent_usd: '127.5000',
      released_usd: '0.0000',
    });
    expect(opened(entries)).toEqual([
      ['overage', 'overage', '5.5000'],
      ['overrun', 'overrun', '3.5000'],
    ]);
    expect(world.balance(account)).toMatchObject({ spent: usd('127.5'), held: 0n, headroom: 0n });
  });

  it('gives what it releases back to others at once', () => {
    const { world, settle } = held('0');
    expect(world.ask('15.5').decision).toBe('DENY');
    settle('110');
    expect(world.ask('15.5').decision).toBe('ALLOW');
  });

  it('takes the absolute tolerance where the percentage is smaller', () => {
    const world = new DomainWorld();
    expect(settled(world.spend(world.ask('10').decision_id, '11')).status).toBe('matched');
    expect(settled(world.spend(world.ask('10').decision_id, '11.0001')).status).toBe('overage');
  });

  it('counts a saving that came true as nothing spent (scenario 15)', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    const entries = world.spend(world.ask('-300').decision_id, '-280');
    expect(settled(entries)).toMatchObject({
      expected_usd: '-300.0000',
      drift_usd: '20.0000',
      status: 'overage',
      legs: [],
    });
    expect(opened(entries)).toEqual([['overage', 'overage', '20.0000']]);
    expect(world.balance(account)).toMatchObject({ spent: 0n, held: 0n, headroom: usd('100') });
  });

  it('charges a budget as many times a month as the delta was, and rounds an overrun up', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('300.01', { period: 'quarter', monthsCharged: 3 });
    const entries = world.spend(world.ask('100').decision_id, '110');
    expect(settled(entries).legs[0]).toMatchObject({ account, held_usd: '300.0000', spent_usd: '300.0100' });
    expect(settled(entries).overrun_usd).toBe('9.9967'); // (330 - 300.01) / 3 = 9.99666...
    expect(world.balance(account)).toMatchObject({ spent: usd('300.01'), headroom: 0n });
  });

  it.each([
    [1, 12, '200'],
    [12, 1, '2400'],
    [3, 2, '600'],
  ])('charges the months of the hold: %d then, %d now, %s booked', (then, now, booked) => {
    const world = new DomainWorld();
    const { account, budgetId } = world.setBudget('10000', { monthsCharged: then });
    const { decision_id: id } = world.ask('200');
    world.changeBudget(budgetId, '10000', { monthsCharged: now });
    const entries = world.spend(id, '200');
    expect(settled(entries)).toMatchObject({ status: 'matched', overrun_usd: '0.0000' });
    expect(opened(entries)).toEqual([]);
    expect(world.balance(account)).toMatchObject({ spent: usd(booked), held: 0n });
    expect(settled(world.spend(world.ask('10').decision_id, '10')).legs[0]?.spent_usd).toBe(`${String(10 * now)}.0000`);
  });

  it('opens no overrun for months that were added to a budget without room for them', () => {
    const world = new DomainWorld();
    const { account, budgetId } = world.setBudget('1200', { monthsCharged: 1 });
    const { decision_id: id } = world.ask('200');
    world.changeBudget(budgetId, '1200', { monthsCharged: 12 });
    expect(opened(world.spend(id, '200'))).toEqual([]);
    expect(world.balance(account).spent).toBe(usd('200'));
  });

  it('uses up the approved overage after the allocation, and only then the headroom', () => {
    const spend = (actual: string) => {
      const world = new DomainWorld(policyWith({ mode: 'soft' }));
      const { account } = world.setBudget('100');
      const recorded = world.ask('130');
      world.use(recorded);
      const entries = world.spend(recorded.decision_id, actual);
      const by = (name: string) => settled(entries).legs.find((leg) => leg.account === name);
      return { ...settled(entries), budget: by(account), overage: by(`overage:${recorded.decision_id}`) };
    };
    expect(spend('90')).toMatchObject({
      expected_usd: '130.0000',
      budget: { spent_usd: '90.0000' },
      overage: { spent_usd: '0.0000', released_usd: '30.0000' },
    });
    expect(spend('120')).toMatchObject({
      budget: { spent_usd: '100.0000' },
      overage: { spent_usd: '20.0000', released_usd: '10.0000' },
    });
    expect(spend('140')).toMatchObject({
      overrun_usd: '10.0000',
      budget: { spent_usd: '100.0000' },
      overage: { spent_usd: '30.0000' },
    });
  });

  it('charges an actual although nothing was held: the cost had been unknown', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('100');
    const recorded = world.ask(null);
    world.use(recorded);
    const entries = world.spend(recorded.decision_id, '130');
    expect(settled(entries)).toMatchObject({ expected_usd: '0.0000', overrun_usd: '30.0000' });
    expect(settled(entries).legs[0]).toEqual({
      account,
      held_usd: '0.0000',
      spent_usd: '100.0000',
      released_usd: '0.0000',
    });
    expect(world.balance(account)).toMatchObject({ spent: usd('100'), headroom: 0n });
    expect(world.balance('ceiling:plan').spent).toBe(usd('130'));
  });

  it('charges an actual above a hold that was all overage', () => {
    const world = new DomainWorld(policyWith({ mode: 'soft' }));
    const { budgetId, account } = world.setBudget('0');
    const recorded = world.ask('100');
    world.use(recorded);
    world.changeBudget(budgetId, '10');
    const entries = world.spend(recorded.decision_id, '130');
    expect(settled(entries)).toMatchObject({ overrun_usd: '20.0000' });
    expect(world.balance(account).spent).toBe(usd('10'));
    expect(world.balance(`overage:${recorded.decision_id}`).spent).toBe(usd('100'));
  });

  it('keeps every account within its limit although headroom shrank before the gate heard of it (G5)', () => {
    const { world, account, recorded } = held('10');
    expect(world.reconcile(world.actual(recorded.decision_id, '135.5')).kind).toBe('accepted');
    expect(world.ask('10').decision).toBe('ALLOW'); // The gate has not heard of the settlement.
    world.settle();
    expect(world.balance(account)).toMatchObject({ spent: usd('125.5'), held: usd('10'), headroom: 0n });
  });

  it('charges what was held in full although the limit was ratcheted below it', () => {
    const { world, budgetId, account, settle } = held('0');
    world.changeBudget(budgetId, '50', { whenCommitted: 'ratchet' });
    const entries = settle('130');
    expect(settled(entries)).toMatchObject({ overrun_usd: '4.5000' });
    expect(world.balance(account)).toMatchObject({ spent: usd('125.5'), held: 0n, headroom: 0n });
  });

  it('dates exceptions by policy and gives them its owner', () => {
    const document = policyWith({ reconciliation: { exception_due_seconds: 3600, default_owner: 'money-team' } });
    const world = new DomainWorld(document);
    const entries = world.spend(world.ask('10').decision_id, '50');
    expect(entriesOf(entries, 'exception_opened')).toMatchObject([
      { owner: 'money-team', due_at: '2026-11-10T11:00:00.000Z' },
    ]);
  });
});

describe('a settlement', () => {
  const refusal = (code: string) => ({ kind: 'refused', refusal: { code } });

  it('comes once: a second is refused, whatever its amount', () => {
    const { world, recorded, settle } = held();
    settle('100');
    expect(world.reconcile(world.actual(recorded.decision_id, '100'))).toEqual(refusal('reservation_already_settled'));
    expect(world.reconcile(world.actual(recorded.decision_id, '1', 'k'))).toEqual(
      refusal('reservation_already_settled'),
    );
  });

  it('answers its own key again, writes nothing, and refuses the key for anything else', () => {
    const { world, recorded } = held();
    const other = world.ask('10');
    world.settle();
    world.reconcile(world.actual(recorded.decision_id, '100', 'k'));
    const entries = world.log.length;
    expect(world.reconcile(world.actual(recorded.decision_id, '100', 'k'))).toEqual({ kind: 'replay', revision: 1n });
    expect(world.reconcile(world.actual(recorded.decision_id, '101', 'k'))).toEqual({
      kind: 'refused',
      refusal: { code: 'idempotency_conflict', firstRevision: 1n },
    });
    expect(world.reconcile(world.actual(other.decision_id, '10', 'k'))).toMatchObject(refusal('idempotency_conflict'));
    expect(world.log).toHaveLength(entries);
  });

  it('waits for the approval and its use', () => {
    const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
    const recorded = world.ask('200');
    world.settle();
    expect(world.reconcile(world.actual(recorded.decision_id, '200'))).toEqual(refusal('reservation_pending_approval'));
    world.vote(recorded.approval?.approval_id ?? ('' as never), 'cy');
    world.settle();
    expect(world.reconcile(world.actual(recorded.decision_id, '200'))).toEqual(refusal('reservation_pending_approval'));
    world.consume(world.consumption(world.claims(recorded.approval?.approval_id ?? ('' as never))));
    world.settle();
    expect(world.reconcile(world.actual(recorded.decision_id, '200')).kind).toBe('accepted');
  });

  it('is not for what was only tried, or never heard of', () => {
    const world = new DomainWorld();
    world.setBudget('100');
    const tried = world.ask('20', { isDryRun: true });
    world.settle();
    for (const id of [tried.decision_id, 'none' as DecisionId]) {
      expect(world.reconcile(world.actual(id, '1'))).toEqual(refusal('decision_not_reconcilable'));
    }
  });

  it('records the actual, who said so, and what it settles', () => {
    const { recorded, settle } = held();
    const entries = settle('110');
    expect(entries.map(({ type }) => type)).toEqual(['actual_recorded', 'reservation_settled', 'drift_found']);
    expect(entriesOf(entries, 'actual_recorded')).toMatchObject([
      {
        decision_id: recorded.decision_id,
        actual_monthly_delta_usd: '110.0000',
        trigger: 'manual',
        recorded_by: 'admin-1',
      },
    ]);
    expect(entriesOf(entries, 'drift_found')).toMatchObject([{ direction: 'savings', drift_usd: '-15.5000' }]);
  });

  it('settles the known part of a partly known cost like any other', () => {
    const world = new DomainWorld();
    const book = {
      format: 'verdict.price-book.v1',
      version: '1',
      currency: 'USD',
      hours_per_month: 730,
      defaults: {},
      free: [],
      entries: [],
    } as const;
    world.administer({
      kind: 'publish_price_book',
      book,
      bookSha256: keyed(null).payload_hash,
      author: 'a',
      now: world.now,
      idempotency: keyed(null),
    });
    const recorded = world.ask(null, { evidence: pricedAt('30', { completeness: 'partial' }) });
    world.use(recorded);
    expect(settled(world.spend(recorded.decision_id, '30'))).toMatchObject({
      status: 'matched',
      expected_usd: '30.0000',
    });
  });
});
