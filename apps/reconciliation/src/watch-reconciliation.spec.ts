import { describe, expect, it } from '@jest/globals';
import { Metrics } from '@verdict/nest-kit';
import { DomainWorld } from '../../../test/support/domain-world.js';
import { showReservations } from './watch-reconciliation.js';

const DAY_MS = 86_400_000;

/** The gauges as a scrape shows them, by what follows their prefix. */
const shown = async (world: DomainWorld, days: number): Promise<ReadonlyMap<string, number>> => {
  const metrics = new Metrics({ withProcess: false });
  showReservations(metrics, [world.reservations], Date.parse(world.now) + days * DAY_MS);
  return new Map(
    (await metrics.registry.metrics())
      .split('\n')
      .map((line) => /^valdrics_ops_enforcement_(\S+) (\d+)$/.exec(line))
      .flatMap((found) => (found === null ? [] : [[found[1] ?? '', Number(found[2])] as const])),
  );
};

describe('the gauges of reconciliation', () => {
  it('count holds that are active, and of these the ones that a sweep would end', async () => {
    const world = new DomainWorld();
    world.ask('10');
    world.pass(86_400);
    world.ask('20');
    world.settle();
    const now = await shown(world, 0);
    expect([now.get('reservations_active'), now.get('reservations_overdue')]).toEqual([2, 1]);
    expect((await shown(world, 1)).get('reservations_overdue')).toBe(2);
  });

  it('count exceptions by kind, past due from the instant on that policy gives them, until they are resolved', async () => {
    const world = new DomainWorld();
    const { decision_id: id } = world.ask('100');
    world.spend(id, '150');
    const gauge = async (days: number, name: string) =>
      (await shown(world, days)).get(`reconciliation_exceptions_${name}{kind="overage"}`);
    expect([await gauge(0, 'open'), await gauge(0, 'past_due')]).toEqual([1, 0]);
    expect(await gauge(7 - 1e-6, 'past_due')).toBe(0);
    expect(await gauge(7, 'past_due')).toBe(1);
    world.resolve(`overage:${id}`, 'accepted');
    expect([await gauge(7, 'open'), await gauge(7, 'past_due')]).toEqual([0, 0]);
  });
});
