import { afterEach, describe, expect, it } from '@jest/globals';
import { balanceOf, termsOf } from '@verdict/domain';
import { MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

const HOUR_MS = 3_600_000;
const worlds: ServiceWorld[] = [];
const open = async (): Promise<ServiceWorld> => {
  const world = await new ServiceWorld().start();
  worlds.push(world);
  await world.policy(MONEY_ONLY);
  await world.budget('100000');
  return world;
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

const held = async (world: ServiceWorld, amounts: readonly string[]) => {
  const answers = await Promise.all(amounts.map((amount) => world.ask(amount)));
  await world.settle();
  return answers.map((answer) => valueOf(answer).recorded.decision_id);
};
const ceiling = async (world: ServiceWorld) => {
  await world.settle();
  const { state } = await world.gate.caughtUp('acme');
  const now = world.clock.now();
  return balanceOf(state.accounts, 'ceiling:plan', termsOf(state.policy)('ceiling:plan', now), now);
};
const sweep = { olderThanSeconds: null, action: null, limit: 1000 } as const;

describe('the overdue sweep', () => {
  it('ends in one call what takes several appends, and names all of it', async () => {
    const world = await open();
    const ids = await held(world, Array<string>(450).fill('10'));
    world.clock.advance(25 * HOUR_MS);
    const { swept, isReplayed } = valueOf(await world.sweeper.sweep(sweep, world.meta('operator-1', 'key-1')));
    expect(swept).toMatchObject({
      action: 'settle',
      older_than_seconds: 86_400,
      settled_count: 450,
      released_count: 0,
      total_settled_usd: '4500.0000',
      total_released_usd: '0.0000',
      swept_by: 'operator-1',
    });
    expect(new Set(swept.decision_ids)).toEqual(new Set(ids));
    expect(isReplayed).toBe(false);
    expect(await ceiling(world)).toMatchObject({ spent: usd('4500'), held: 0n });
  });

  it('answers its key again as before, although more is overdue by then', async () => {
    const world = await open();
    await held(world, ['10', '20']);
    world.clock.advance(25 * HOUR_MS);
    const first = valueOf(await world.sweeper.sweep({ ...sweep, action: 'release' }, world.meta('op', 'key-1')));
    await held(world, ['30']);
    world.clock.advance(25 * HOUR_MS);
    const again = valueOf(await world.sweeper.sweep({ ...sweep, action: 'release' }, world.meta('op', 'key-1')));
    expect(again).toEqual({ ...first, isReplayed: true });
    expect(await ceiling(world)).toMatchObject({ spent: 0n, held: usd('30') });
    expect(await world.sweeper.sweep(sweep, world.meta('op', 'key-1'))).toMatchObject({
      problem: { code: 'idempotency_conflict' },
    });
  });

  it('ends no more than its limit under one key, be it asked for twice at once in two processes', async () => {
    const world = await open();
    const other = await new ServiceWorld({ store: world.journals.store, clock: world.clock, idsFrom: 10_000 }).start();
    worlds.unshift(other);
    await held(world, ['10', '10', '10', '10', '10', '10']);
    world.clock.advance(25 * HOUR_MS);
    const few = { ...sweep, action: 'release', limit: 2 } as const;
    const answers = await Promise.all(
      [world, other, world, other].map((each) => each.sweeper.sweep(few, each.meta('op', 'key-1'))),
    );
    const [first, ...rest] = answers.map((answer) => valueOf(answer).swept);
    expect(first).toMatchObject({ released_count: 2, total_released_usd: '20.0000' });
    expect(rest).toEqual([first, first, first]);
    expect(await ceiling(world)).toMatchObject({ held: usd('40') });
  });

  it('goes on under its key after an outage, ends no more than was asked for and names all of it', async () => {
    const world = await open();
    const ids = await held(world, ['10', '10', '10']);
    world.clock.advance(25 * HOUR_MS);
    const one = { ...sweep, action: 'release', limit: 1 } as const;
    world.journals.faults.arm('crash_after_commit', 100);
    const lost = await world.sweeper.sweep(one, world.meta('op', 'key-1'));
    world.journals.faults.clear();
    expect(lost).toMatchObject({ problem: { code: 'outcome_unknown' } });
    expect(await world.sweeper.sweep({ ...one, limit: 3 }, world.meta('op', 'key-1'))).toMatchObject({
      problem: { code: 'idempotency_conflict', extra: { differing_fields: ['/limit'] } },
    });
    const { swept } = valueOf(await world.sweeper.sweep(one, world.meta('op', 'key-1')));
    expect(swept).toMatchObject({ released_count: 1, total_released_usd: '10.0000' });
    expect(ids).toContain(swept.decision_ids[0]);
    expect(await ceiling(world)).toMatchObject({ held: usd('20') });
  });

  it('happens by itself within a minute of the clock', async () => {
    const world = await open();
    await held(world, ['10']);
    world.clock.advance(24 * HOUR_MS - 17_000 + 60_000); // The clock began 17 seconds after a minute.
    await world.settle();
    expect(await ceiling(world)).toMatchObject({ spent: usd('10'), held: 0n });
  });

  it('leaves an exception that somebody resolves, and the money goes back if it was never applied', async () => {
    const world = await open();
    const [id = '' as never] = await held(world, ['10']);
    world.clock.advance(25 * HOUR_MS);
    await world.sweeper.sweep(sweep, world.meta('op'));
    const input = { exceptionId: `unreconciled:${id}`, resolution: 'not_applied', notes: 'pipeline failed' } as const;
    expect(valueOf(await world.resolve(input, world.meta('admin-1', 'key-1')))).toMatchObject({ isReplayed: false });
    expect(valueOf(await world.resolve(input, world.meta('admin-1', 'key-1')))).toMatchObject({ isReplayed: true });
    expect(await world.resolve(input, world.meta('admin-1'))).toMatchObject({ problem: { code: 'not_found' } });
    expect(await ceiling(world)).toMatchObject({ spent: 0n, held: 0n });
  });

  it('is corrected by an actual that comes later, and answered like a settlement', async () => {
    const world = await open();
    const [id = '' as never] = await held(world, ['300']);
    world.clock.advance(25 * HOUR_MS);
    await world.sweeper.sweep(sweep, world.meta('op'));
    const late = { decisionId: id, actual: usd('320'), notes: null, isCorrection: false, trigger: 'manual' } as const;
    const first = valueOf(await world.reconcile(late, world.meta('admin-1', 'key-2')));
    expect(first.settled).toMatchObject({ cause: 'late_actual', driftUsd: '20.0000', status: 'overage' });
    expect(valueOf(await world.reconcile(late, world.meta('admin-1', 'key-2')))).toEqual({
      ...first,
      isReplayed: true,
    });
    expect(await ceiling(world)).toMatchObject({ spent: usd('320') });
  });
});
