import { describe, expect, it } from '@jest/globals';
import { DomainWorld, entriesOf, policyWith, usd } from '../../../../test/support/domain-world.js';
import type { DecisionId } from '../shared/brand.js';
import type { ReservationsEntry } from './reservations.entries.js';

const DAY = 86_400;

const corrected = (entries: readonly ReservationsEntry[]) => {
  const found = entriesOf(entries, 'reservation_corrected')[0];
  if (found === undefined) throw new Error('nothing was corrected');
  return found;
};
const opened = (entries: readonly ReservationsEntry[]) =>
  entriesOf(entries, 'exception_opened').map(({ exception_id, amount_usd }) => [
    exception_id.split(':')[0],
    amount_usd,
  ]);

/** An ALLOW that holds 300 of a budget of 1000 and is 25 h old, beside a request of 500 that is 3 days old. */
const overdue = () => {
  const world = new DomainWorld(
    policyWith({ approval: { required: { prod: false, nonprod: true }, approve_by_seconds: 7 * DAY } }),
  );
  const { account, budgetId } = world.setBudget('1000');
  const pending = world.ask('500', { environment: 'dev' });
  world.pass(2 * DAY - 3600);
  const allowed = world.ask('300');
  world.settle();
  world.pass(DAY + 3600);
  return { world, account, budgetId, pending, allowed };
};

describe('the overdue sweep', () => {
  it('books what was held, and spares what waits for approval (scenario 10)', () => {
    const { world, account, pending, allowed } = overdue();
    const entries = world.sweep();
    expect(entriesOf(entries, 'reservation_assumed_spent')).toMatchObject([
      { decision_id: allowed.decision_id, total_usd: '300.0000', older_than_seconds: DAY, swept_by: 'operator' },
    ]);
    expect(opened(entries)).toEqual([['unreconciled', '300.0000']]);
    expect(world.balance(account)).toMatchObject({ spent: usd('300'), held: usd('500') });
    expect(world.gate.approvals.get(pending.decision_id)).toBe('pending');
    expect(world.sweep()).toEqual([]);
  });

  it('gives back what was held where that is asked for', () => {
    const { world, account, allowed } = overdue();
    const entries = world.sweep({ action: 'release' });
    expect(entriesOf(entries, 'reservation_released')).toMatchObject([
      { decision_id: allowed.decision_id, released_usd: '300.0000' },
    ]);
    expect(entriesOf(entries, 'exception_opened')).toMatchObject([
      { kind: 'unreconciled', expected_usd: '300.0000', actual_usd: '0.0000' },
    ]);
    expect(world.balance(account)).toMatchObject({ spent: 0n, held: usd('500') });
  });

  it('leaves alone what is younger, held by a grant that nobody used, or holds nothing', () => {
    const { world, pending, allowed } = overdue();
    expect(world.sweep({ olderThanSeconds: 26 * 3600 })).toEqual([]);
    world.vote(pending.approval?.approval_id ?? ('' as never), 'cy');
    world.ask('-50');
    world.pass(3600);
    const swept = entriesOf(world.sweep({ olderThanSeconds: 60 }), 'reservation_assumed_spent');
    expect(swept.map(({ decision_id }) => decision_id)).toEqual([allowed.decision_id]);
  });

  it('sweeps a grant once it is used', () => {
    const { world, pending } = overdue();
    world.use(pending);
    expect(entriesOf(world.sweep(), 'reservation_assumed_spent').map(({ decision_id }) => decision_id)).toContain(
      pending.decision_id,
    );
  });

  it('takes the oldest first, and no more than it is told', () => {
    const world = new DomainWorld();
    const asked: DecisionId[] = [];
    for (let count = 0; count < 4; count += 1) {
      asked.push(world.ask('10').decision_id);
      world.pass(60);
    }
    world.settle();
    world.pass(DAY);
    const ids = (entries: readonly ReservationsEntry[]) =>
      entriesOf(entries, 'reservation_assumed_spent').map(({ decision_id }) => decision_id);
    expect(ids(world.sweep({ limit: 3 }))).toEqual(asked.slice(0, 3));
    expect(ids(world.sweep({ limit: 3 }))).toEqual(asked.slice(3));
  });
});

describe('an actual that comes late', () => {
  it('corrects what was assumed, and the drift is against that (scenario 11)', () => {
    const { world, account, allowed } = overdue();
    world.sweep();
    const entries = world.spend(allowed.decision_id, '320');
    expect(corrected(entries)).toMatchObject({
      cause: 'late_actual',
      expected_usd: '300.0000',
      drift_usd: '20.0000',
      status: 'overage',
      exception_id: `late_actual:${allowed.decision_id}`,
    });
    expect(opened(entries)).toEqual([['late_actual', '20.0000']]);
    expect(world.balance(account)).toMatchObject({ spent: usd('320'), held: usd('500') });
  });

  it('adds to spent what was released, and the drift is the whole of it (scenario 11)', () => {
    const { world, account, allowed } = overdue();
    world.sweep({ action: 'release' });
    const entries = world.spend(allowed.decision_id, '320');
    expect(corrected(entries)).toMatchObject({ cause: 'late_actual', expected_usd: '0.0000', drift_usd: '320.0000' });
    expect(opened(entries)).toEqual([['late_actual', '320.0000']]);
    expect(world.balance(account)).toMatchObject({ spent: usd('320'), held: usd('500') });
  });

  it('resolves the exception that nobody had reconciled it', () => {
    const { world, allowed } = overdue();
    world.sweep();
    expect(entriesOf(world.spend(allowed.decision_id, '300'), 'exception_resolved')).toMatchObject([
      { exception_id: `unreconciled:${allowed.decision_id}`, resolution: 'corrected' },
    ]);
    expect(world.reservations.openExceptions.size).toBe(0);
  });

  it('is no exception within the tolerance of what was booked', () => {
    const { world, allowed } = overdue();
    world.sweep();
    const entries = world.spend(allowed.decision_id, '306');
    expect(corrected(entries)).toMatchObject({ status: 'matched', exception_id: null });
    expect(opened(entries)).toEqual([]);
  });

  it('takes back what was assumed too much, in the period it was booked in', () => {
    const { world, account, allowed } = overdue();
    world.sweep();
    world.pass(20 * DAY); // December.
    const entries = world.spend(allowed.decision_id, '120');
    expect(corrected(entries)).toMatchObject({ drift_usd: '-180.0000', booked_at: '2026-11-13T10:00:00.000Z' });
    expect(world.balance(account)).toMatchObject({ spent: 0n });
    expect(world.gate.accounts.spent.get(`${account}|2026-11`)).toBe(usd('120'));
  });

  it('is charged to the headroom that is left, and the rest is an overrun (13.3)', () => {
    const { world, account, allowed } = overdue();
    world.sweep();
    const entries = world.spend(allowed.decision_id, '700'); // 1000 - 500 held - 300 booked leaves 200.
    expect(corrected(entries)).toMatchObject({ overrun_usd: '200.0000' });
    expect(opened(entries)).toEqual([
      ['late_actual', '400.0000'],
      ['overrun', '200.0000'],
    ]);
    expect(world.balance(account)).toMatchObject({ spent: usd('500'), headroom: 0n });
  });

  it('is counted once: after it the decision is settled', () => {
    const { world, account, allowed } = overdue();
    world.sweep();
    world.spend(allowed.decision_id, '320');
    expect(world.reconcile(world.actual(allowed.decision_id, '320'))).toEqual({
      kind: 'refused',
      refusal: { code: 'reservation_already_settled' },
    });
    expect(world.balance(account).spent).toBe(usd('320'));
  });

  it.each<[string, (world: DomainWorld) => DecisionId]>([
    ['was denied', (world) => world.ask('2000').decision_id],
    ['was let through in shadow', (world) => world.ask('30', { environment: 'dev' }).decision_id],
    [
      'was voided',
      (world) => {
        const lapsed = world.ask('30', { key: null });
        world.pass(901);
        world.ask('30', { key: null });
        return lapsed.decision_id;
      },
    ],
    [
      'expired',
      (world) => {
        const asked = world.ask('30', { environment: 'qa' });
        world.settle();
        world.pass(DAY);
        return asked.decision_id;
      },
    ],
  ])('of a decision that %s adds to spent, and is an exception', (_, make) => {
    const world = new DomainWorld(
      policyWith({
        mode_matrix: { terraform: { default: 'hard', nonprod: 'shadow', qa: 'hard' } },
        environments: { classes: { qa: { aliases: [], behaves_as: 'nonprod' } } },
        approval: { required: { prod: false, nonprod: true } },
      }),
    );
    const { account } = world.setBudget('1000');
    const id = make(world);
    const entries = world.spend(id, '40');
    expect(corrected(entries)).toMatchObject({ cause: 'late_actual', expected_usd: '0.0000', drift_usd: '40.0000' });
    expect(opened(entries)).toEqual([['late_actual', '40.0000']]);
    expect(world.balance(account).spent).toBe(usd('40'));
  });
});

describe('a correction', () => {
  const settledAt = (actual: string) => {
    const { world, account, allowed } = overdue();
    world.spend(allowed.decision_id, actual);
    const correct = (amount: string, key: string | null = null) => {
      world.settle();
      const result = world.reconcile({ ...world.actual(allowed.decision_id, amount, key), isCorrection: true });
      world.settle();
      return result.kind === 'accepted' ? result.entries : [];
    };
    return { world, account, correct };
  };

  it('adjusts spent by the difference, compared with the hold as before', () => {
    const { world, account, correct } = settledAt('310');
    expect(corrected(correct('290'))).toMatchObject({
      cause: 'correction',
      expected_usd: '300.0000',
      drift_usd: '-10.0000',
      booked_at: '2026-11-13T10:00:00.000Z',
    });
    expect(world.balance(account).spent).toBe(usd('290'));
    expect(opened(correct('330'))).toEqual([['overage', '30.0000']]);
    expect(world.balance(account).spent).toBe(usd('330'));
  });

  it('opens an exception of its own beside that of the settlement', () => {
    const { correct } = settledAt('330');
    expect(entriesOf(correct('340'), 'exception_opened')).toMatchObject([{ kind: 'overage', amount_usd: '40.0000' }]);
    const ids = entriesOf(correct('350'), 'exception_opened').map(({ exception_id }) => exception_id.split(':').at(-1));
    expect(ids).toEqual(['3']);
  });

  it('gives back an overrun before anything that is booked', () => {
    const { world, account, correct } = settledAt('700');
    expect(world.balance(account).spent).toBe(usd('500'));
    expect(corrected(correct('550'))).toMatchObject({ overrun_usd: '50.0000' });
    expect(world.balance(account).spent).toBe(usd('500'));
    correct('400');
    expect(world.balance(account).spent).toBe(usd('400'));
  });

  it('is the first actual where there was none', () => {
    const { world, allowed } = overdue();
    world.settle();
    const result = world.reconcile({ ...world.actual(allowed.decision_id, '300'), isCorrection: true });
    expect(result.kind === 'accepted' && result.entries.map(({ type }) => type)).toEqual([
      'actual_recorded',
      'reservation_settled',
    ]);
  });

  it('comes once under a key', () => {
    const { world, correct } = settledAt('310');
    correct('290', 'k');
    const entries = world.log.length;
    expect(correct('290', 'k')).toEqual([]);
    expect(world.log).toHaveLength(entries);
  });
});

describe('an exception', () => {
  it('takes what was assumed out of spent when it turns out not to be applied', () => {
    const { world, account, allowed } = overdue();
    world.sweep();
    const result = world.resolve(`unreconciled:${allowed.decision_id}`, 'not_applied');
    expect(result).toMatchObject({
      entries: [
        { type: 'exception_resolved', payload: { resolution: 'not_applied' } },
        {
          type: 'reservation_corrected',
          payload: { cause: 'not_applied', actual_usd: '0.0000', drift_usd: '-300.0000' },
        },
      ],
    });
    expect(world.balance(account)).toMatchObject({ spent: 0n, held: usd('500') });
    const late = world.spend(allowed.decision_id, '320');
    expect(corrected(late)).toMatchObject({ expected_usd: '0.0000', drift_usd: '320.0000' });
    expect(world.balance(account).spent).toBe(usd('320'));
  });

  it('leaves what is booked alone when it is accepted or disputed', () => {
    for (const resolution of ['accepted', 'disputed'] as const) {
      const { world, account, allowed } = overdue();
      world.sweep();
      expect(world.resolve(`unreconciled:${allowed.decision_id}`, resolution)).toMatchObject({
        entries: [{ type: 'exception_resolved' }],
      });
      expect(world.balance(account).spent).toBe(usd('300'));
    }
  });

  it('is resolved once, and again only under the same key', () => {
    const { world, allowed } = overdue();
    world.sweep();
    const id = `unreconciled:${allowed.decision_id}`;
    world.resolve(id, 'accepted', 'k');
    expect(world.resolve(id, 'accepted', 'k')).toMatchObject({ kind: 'replay' });
    expect(world.resolve(id, 'accepted')).toEqual({ kind: 'refused', refusal: { code: 'exception_not_open' } });
    expect(world.resolve('unreconciled:none', 'accepted')).toMatchObject({ refusal: { code: 'exception_not_open' } });
  });
});
