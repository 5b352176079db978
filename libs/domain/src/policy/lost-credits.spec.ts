import { describe, expect, it } from '@jest/globals';
import { DomainWorld, usd } from '../../../../test/support/domain-world.js';
import type { DecisionsEntry } from '../decisions/decisions.entries.js';
import type { ReservationsEntry } from '../reservations/reservations.entries.js';
import type { Instant } from '../shared/brand.js';
import { plusSeconds } from '../shared/instant.js';
import { creditsExpired, creditsReturnedLate } from './lost-credits.js';

const HOUR = 3600;

/** A decision that holds 100 of a budget and 40 of a grant of 60 that ends in an hour. */
const funded = () => {
  const world = new DomainWorld();
  world.setBudget('100');
  const end = plusSeconds(world.now, HOUR);
  const credit = world.grantCredit('60', { expires_at: end });
  const { decision_id: id } = world.ask('140');
  world.settle();
  expect(world.balance(credit).held).toBe(usd('40'));
  return { world, credit, end, id };
};
const since = (world: DomainWorld, until: Instant) => creditsExpired(world.gate, { since: world.now, until });

describe('what is lost of a grant whose time ends', () => {
  it('is what nobody holds or has spent, at the instant of its end and once', () => {
    const { world, end } = funded();
    expect(since(world, plusSeconds(end, -1))).toEqual({ reserved: 0n, emergency: 0n });
    expect(since(world, end)).toEqual({ reserved: usd('20'), emergency: 0n });
    world.now = end;
    expect(since(world, plusSeconds(end, HOUR))).toEqual({ reserved: 0n, emergency: 0n });
  });

  it('is told by pool, and is nothing of a grant that was revoked or never ends', () => {
    const world = new DomainWorld();
    const end = plusSeconds(world.now, HOUR);
    world.grantCredit('7', { expires_at: end, pool: 'emergency' });
    world.grantCredit('5', { expires_at: null });
    world.revokeCredit(world.grantCredit('3', { expires_at: end }));
    expect(since(world, end)).toEqual({ reserved: 0n, emergency: usd('7') });
  });
});

describe('what comes back to a grant', () => {
  const returned = (world: DomainWorld, work: () => readonly (DecisionsEntry | ReservationsEntry)[]) => {
    const before = world.gate;
    const entries = work();
    return creditsReturnedLate(entries, [before, world.gate], world.now);
  };

  it('after its time is lost, as far as it was not spent', () => {
    const { world, id } = funded();
    world.pass(2 * HOUR);
    expect(returned(world, () => world.spend(id, '115'))).toEqual({ reserved: usd('25'), emergency: 0n });
  });

  it('in time is not', () => {
    const { world, id } = funded();
    expect(returned(world, () => world.spend(id, '115'))).toEqual({ reserved: 0n, emergency: 0n });
  });

  it('by a sweep or a correction is lost too', () => {
    const { world } = funded();
    world.pass(25 * HOUR);
    expect(returned(world, () => world.sweep({ action: 'release' })).reserved).toBe(usd('40'));
    const spent = funded();
    spent.world.spend(spent.id, '140');
    spent.world.pass(2 * HOUR);
    expect(
      returned(spent.world, () => {
        const command = { ...spent.world.actual(spent.id, '110'), isCorrection: true };
        const result = spent.world.reconcile(command);
        spent.world.settle();
        return result.kind === 'accepted' ? result.entries : [];
      }).reserved,
    ).toBe(usd('30'));
  });
});
