import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryJournals, type MemoryStore } from '@verdict/adapter-memory';
import { EntryLog, rememberedBooking } from '@verdict/application';
import { balanceOf, BoundedMap, type DecisionId, decisionIdOf, PersistentMap, termsOf } from '@verdict/domain';
import { foldRecording, recordingOf } from '../replay/recording.js';
import { liveThrough } from '../replay/scenario.js';
import { scannedReadModels } from '../support/scanned-read-models.js';
import { changeOf, codeOf, MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

const HOUR_MS = 3_600_000;
const worlds: ServiceWorld[] = [];
/** Services that remember one or two bookings. */
const opened = async (store?: MemoryStore, clock?: ServiceWorld['clock']): Promise<ServiceWorld> => {
  const more = store === undefined || clock === undefined ? {} : { store, clock, idsFrom: 50_000 };
  const world = await new ServiceWorld({ ...more, bookingsKept: 1 }).start();
  worlds.push(world);
  return world;
};
const open = async (): Promise<ServiceWorld> => {
  const world = await opened();
  await world.policy(MONEY_ONLY);
  await world.budget('1000');
  return world;
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

const held = async (world: ServiceWorld, amount: string): Promise<DecisionId> => {
  const { recorded } = valueOf(await world.ask(amount));
  await world.settle();
  return recorded.decision_id;
};
const actual = (world: ServiceWorld, decisionId: DecisionId, amount: string, more: { isCorrection?: boolean } = {}) =>
  world.reconcile(
    { decisionId, actual: usd(amount), notes: null, isCorrection: false, trigger: 'manual', ...more },
    world.meta('admin-1'),
  );
const sweep = (world: ServiceWorld, action: 'settle' | 'release') => {
  world.clock.advance(25 * HOUR_MS);
  return world.sweeper.sweep({ olderThanSeconds: null, action, limit: 10 }, world.meta('op'));
};
/** Settles so many others that what was booked before is forgotten. */
const forget = async (world: ServiceWorld, id: DecisionId): Promise<void> => {
  for (let other = 0; other < 4; other += 1) {
    valueOf(await actual(world, await held(world, '1'), '1'));
    valueOf(await world.ask('5000')); // Denied: holds nothing, and may have an actual all the same.
  }
  const { state } = await world.reconciliation.caughtUp('acme');
  expect([state.bookings.get(id), state.bare.get(id)]).toEqual([undefined, undefined]);
};
const spent = async (world: ServiceWorld): Promise<bigint> => {
  await world.settle();
  const { state } = await world.gate.caughtUp('acme');
  const now = world.clock.now();
  return balanceOf(state.accounts, 'ceiling:plan', termsOf(state.policy)('ceiling:plan', now), now).spent;
};
const OTHERS = usd('4');

describe('an actual for a decision that reconciliation has forgotten', () => {
  it('corrects what a sweep assumed, counted once, and again when it is corrected in turn', async () => {
    const world = await open();
    const id = await held(world, '300');
    await sweep(world, 'settle');
    await forget(world, id);
    expect(valueOf(await actual(world, id, '320')).settled).toMatchObject({
      cause: 'late_actual',
      driftUsd: '20.0000',
    });
    expect(await spent(world)).toBe(usd('320') + OTHERS);
    expect(codeOf(await actual(world, id, '320'))).toBe('reservation_already_settled');
    const corrected = valueOf(await actual(world, id, '290', { isCorrection: true })).settled;
    expect(corrected).toMatchObject({ cause: 'correction', expectedUsd: '300.0000', driftUsd: '-10.0000' });
    expect(await spent(world)).toBe(usd('290') + OTHERS);
  });

  it.each<[string, (world: ServiceWorld) => Promise<DecisionId>]>([
    [
      'a sweep released',
      async (world) => {
        const id = await held(world, '40');
        await sweep(world, 'release');
        return id;
      },
    ],
    ['the gate denied', (world) => held(world, '5000')],
    [
      'the gate voided',
      async (world) => {
        const keyless = () => world.decideChange(changeOf('40'), world.meta('dev-1'));
        const { decision_id: id } = valueOf(await keyless()).recorded;
        world.clock.advance(HOUR_MS);
        valueOf(await keyless());
        return id;
      },
    ],
  ])('adds to spent where %s', async (_, make) => {
    const world = await open();
    const id = await make(world);
    const before = await spent(world);
    await forget(world, id);
    expect(valueOf(await actual(world, id, '40')).settled).toMatchObject({ cause: 'late_actual', driftUsd: '40.0000' });
    expect(await spent(world)).toBe(before + usd('40') + OTHERS);
  });

  it('is refused where the hold was settled, as long as it is no correction', async () => {
    const world = await open();
    const id = await held(world, '100');
    valueOf(await actual(world, id, '100'));
    await forget(world, id);
    expect(codeOf(await actual(world, id, '120'))).toBe('reservation_already_settled');
    expect(codeOf(await actual(world, decisionIdOf(world.uuid()), '120'))).toBe('not_found');
  });

  it('is booked after a restart and on another replica too, which has forgotten as much', async () => {
    const world = await open();
    const [first, second] = [await held(world, '100'), await held(world, '200')];
    await sweep(world, 'settle');
    await forget(world, first);
    await forget(world, second);
    const other = await opened(world.journals.store, world.clock);
    expect(valueOf(await actual(other, first, '110')).settled).toMatchObject({ driftUsd: '10.0000' });
    expect(codeOf(await actual(world, first, '110'))).toBe('reservation_already_settled');
    expect(valueOf(await actual(world, second, '210')).settled).toMatchObject({ driftUsd: '10.0000' });
    expect(await spent(world)).toBe(usd('320') + OTHERS + OTHERS);
  });

  it('is counted once, however many come at the same time', async () => {
    const world = await open();
    const id = await held(world, '100');
    await sweep(world, 'settle');
    await forget(world, id);
    const codes = (await Promise.all(['110', '120', '130'].map((amount) => actual(world, id, amount)))).map(codeOf);
    expect(codes.filter((code) => code === 'done')).toHaveLength(1);
    expect(codes.filter((code) => code === 'read_model_behind')).toHaveLength(2);
    expect(await spent(world)).toBe(usd('110') + OTHERS);
  });

  it('comes with an import too, and is nobody else’s to send', async () => {
    const world = await open();
    const id = await held(world, '100');
    await sweep(world, 'settle');
    await forget(world, id);
    const cells: Readonly<Record<string, string>> = {
      ...{ ChargePeriodStart: '2026-11-20', ChargePeriodEnd: '2026-11-21', EffectiveCost: '3', BillingCurrency: 'USD' },
      ...{ ServiceName: 'compute', x_project_id: 'api', x_environment: 'prod', x_status: 'final' },
      ...{ x_decision_id: id, x_actual_monthly_delta_usd: '130' },
    };
    const rows = [{ line: null, cell: (column: string) => cells[column] }];
    const meta = world.meta('billing', 'import-1');
    const elsewhere = { ...meta, caller: { ...meta.caller, projects: ['api'] } };
    expect(codeOf(await world.costs.import(rows, elsewhere))).toBe('project_forbidden');
    expect(
      codeOf(
        await world.reconcile(
          { decisionId: id, actual: usd('1'), notes: null, isCorrection: false, trigger: 'manual' },
          elsewhere,
        ),
      ),
    ).toBe('project_forbidden');
    expect(valueOf(await world.costs.import(rows, meta)).reconciled).toEqual([
      { decisionId: id, status: 'overage', code: null },
    ]);
    expect(await spent(world)).toBe(usd('130') + OTHERS);
  });
});

describe('an exception about a decision that reconciliation has forgotten', () => {
  it('takes what was assumed out of spent when it turns out not to be applied', async () => {
    const world = await open();
    const id = await held(world, '100');
    await sweep(world, 'settle');
    await forget(world, id);
    const input = { exceptionId: `unreconciled:${id}`, resolution: 'not_applied', notes: null } as const;
    valueOf(await world.resolve(input, world.meta('admin-1')));
    expect(await spent(world)).toBe(OTHERS);
  });
});

it('what is read back of every decision of a long life is what was booked in memory', async () => {
  const { store } = await liveThrough();
  const journals = new MemoryJournals({ store });
  const { state, folded } = (await foldRecording(recordingOf(store, 'acme'))).reconciliation;
  const known = [state.bookings, state.bare].flatMap(({ recent, older }) => [...recent, ...older]);
  expect(new Set(known.map(([, { kind }]) => kind))).toEqual(
    new Set(['actual', 'assumed', 'released', 'ended', 'none']),
  );
  const nothing = { recent: PersistentMap.empty, older: PersistentMap.empty };
  const none = BoundedMap.restore<never>({ capacity: 1, forgotten: 1, ...nothing });
  const forgetful = { ...state, bookings: none, bare: none };
  const deps = {
    log: new EntryLog(journals),
    readModels: scannedReadModels(journals),
    barrier: { waitFor: () => Promise.resolve(true) },
  };
  for (const [id, booking] of known)
    expect(await rememberedBooking(deps, 'acme', { state: forgetful, folded }, decisionIdOf(id))).toEqual({
      booking,
      asOf: folded.reservations,
    });
});
