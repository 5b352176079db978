import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { COST_MAX, FairQueue, type Waiting } from './fair-queue.js';

const LIMITS = { waitingMax: 128, waitingAllMax: 10_000 };
const costs = fc.integer({ min: 1, max: COST_MAX });
const backlogs = fc.array(fc.array(costs, { minLength: 1, maxLength: 128 }), { minLength: 1, maxLength: 8 });

const offered = (queue: FairQueue<number>, tenantId: string, cost = 1, item = 0): boolean =>
  queue.offer({ tenantId, cost, item }).kind === 'waits';
const filled = (tenants: readonly (readonly number[])[], limits = LIMITS): FairQueue<number> => {
  const queue = new FairQueue<number>(limits);
  tenants.forEach((list, tenant) => {
    list.forEach((cost, item) => {
      expect(offered(queue, `t${tenant.toString()}`, cost, item)).toBe(true);
    });
  });
  return queue;
};
const drained = (queue: FairQueue<number>): readonly Waiting<number>[] => {
  const taken: Waiting<number>[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next);
  return taken;
};

const lengthsOf = (waiting: readonly Waiting<number>[]): ReadonlyMap<string, number> =>
  waiting.reduce(
    (lengths, { tenantId }) => lengths.set(tenantId, (lengths.get(tenantId) ?? 0) + 1),
    new Map<string, number>(),
  );

describe('the queue of waiting calls', () => {
  it('serves everybody who waits once, each tenant in its own order', () => {
    fc.assert(
      fc.property(backlogs, (tenants) => {
        const served = drained(filled(tenants));
        expect(served).toHaveLength(tenants.flat().length);
        tenants.forEach((list, tenant) => {
          const own = served.filter(({ tenantId }) => tenantId === `t${tenant.toString()}`);
          expect(own.map(({ item }) => item)).toEqual(list.map((_, item) => item));
        });
      }),
    );
  });
  it('gives every tenant that still waits the same share, to within one call, at every moment', () => {
    fc.assert(
      fc.property(backlogs, (tenants) => {
        const left = tenants.map((list) => list.length);
        const spent = tenants.map(() => 0);
        for (const { tenantId, cost } of drained(filled(tenants))) {
          const tenant = Number(tenantId.slice(1));
          spent[tenant] = (spent[tenant] ?? 0) + cost;
          left[tenant] = (left[tenant] ?? 0) - 1;
          const waiting = spent.filter((_, each) => (left[each] ?? 0) > 0);
          if (waiting.length > 1) expect(Math.max(...waiting) - Math.min(...waiting)).toBeLessThanOrEqual(COST_MAX + 1);
        }
      }),
    );
  });
  it('lets one newcomer wait for no more than one small call of each other tenant, however much waits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 127 }), (others, each) => {
        const queue = filled(Array.from({ length: others }, () => Array.from({ length: each }, () => 1)));
        queue.offer({ tenantId: 'newcomer', cost: 1, item: 0 });
        const before = drained(queue).findIndex(({ tenantId }) => tenantId === 'newcomer');
        expect(before).toBeLessThanOrEqual(others);
      }),
    );
  });
  it('refuses the tenant whose line is full, and nobody else', () => {
    const queue = filled([Array.from({ length: LIMITS.waitingMax }, () => 1)]);
    expect(offered(queue, 't0')).toBe(false);
    expect(offered(queue, 't1')).toBe(true);
    queue.take();
    expect(offered(queue, 't0')).toBe(true);
  });
  it('has room for a tenant with a short line however many others have full ones, and no more room than before', () => {
    const full = Array.from({ length: 200 }, () => Array.from({ length: LIMITS.waitingMax }, () => 1));
    const queue = new FairQueue<number>(LIMITS);
    full.forEach((list, tenant) =>
      list.forEach((cost, item) => void offered(queue, `t${tenant.toString()}`, cost, item)),
    );
    expect(queue.size).toBe(LIMITS.waitingAllMax);
    for (let each = 0; each < 40; each += 1) expect(offered(queue, 'newcomer')).toBe(true);
    expect(queue.size).toBe(LIMITS.waitingAllMax);
    const before = drained(queue).findIndex(({ tenantId }) => tenantId === 'newcomer');
    expect(before).toBeLessThanOrEqual(full.length);
  });
  it('takes the last place of a line that stays as long as the one it is given to, and tells whose it was', () => {
    const queue = new FairQueue<number>({ waitingMax: 3, waitingAllMax: 4 });
    const [a1, a2, a3, b1, c1, d1] = ['a', 'a', 'a', 'b', 'c', 'd'].map((tenantId, item) => ({
      tenantId,
      cost: 1,
      item,
    }));
    const offers = [a1, a2, a3, b1, c1, b1, d1, c1].map((each) => each && queue.offer(each));
    expect(offers).toEqual([
      ...Array.from({ length: 4 }, () => ({ kind: 'waits', gaveWay: null })),
      { kind: 'waits', gaveWay: a3 },
      { kind: 'full' }, // Two of b would be as many as a has, and a had them first.
      { kind: 'waits', gaveWay: a2 },
      { kind: 'full' }, // One of each: nobody has more than another could have.
    ]);
    expect(drained(queue)).toEqual([a1, b1, c1, d1]);
  });
  it('holds no more than it may over all tenants, and remembers none that does not wait', () => {
    const queue = new FairQueue<number>({ waitingMax: 2, waitingAllMax: 3 });
    const offers = ['a', 'b', 'c', 'd'].map((tenantId) => ({ tenantId, cost: 1, item: 0 }));
    expect(offers.map((offer) => queue.offer(offer).kind)).toEqual(['waits', 'waits', 'waits', 'full']);
    for (let round = 0; round < 10_000; round += 1) {
      const waiting = { tenantId: `t${round.toString()}`, cost: 1, item: round };
      const first = offers[0];
      if (round === 0 && first !== undefined) expect(queue.remove(first)).toBe(true);
      expect(queue.offer(waiting).kind).toBe('waits');
      expect(queue.remove(waiting)).toBe(true);
    }
    expect(queue.size).toBe(2);
    expect(Reflect.get(queue, 'turns')).toHaveLength(2);
    expect(Reflect.get(queue, 'lines')).toHaveProperty('size', 2);
    expect(Reflect.get(queue, 'byLength')).toHaveProperty('lines.1.size', 2);
    expect(drained(queue).map(({ tenantId }) => tenantId)).toEqual(['b', 'c']);
  });
  it('keeps its laws whatever comes, goes and is served in between', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('offer' as const), tenant: fc.constantFrom('a', 'b', 'c'), cost: costs }),
        fc.record({ do: fc.constant('take' as const) }),
        fc.record({ do: fc.constant('remove' as const), which: fc.nat(50) }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const queue = new FairQueue<number>({ waitingMax: 5, waitingAllMax: 12 });
        const waiting: Waiting<number>[] = [];
        list.forEach((step, item) => {
          if (step.do === 'offer') {
            const next = { tenantId: step.tenant, cost: step.cost, item };
            const lengths = lengthsOf(waiting);
            const own = lengths.get(step.tenant) ?? 0;
            const isFull = waiting.length >= 12;
            const mayCome = own < 5 && (!isFull || Math.max(...lengths.values()) > own + 1);
            const answer = queue.offer(next);
            expect(answer.kind).toBe(mayCome ? 'waits' : 'full');
            const gaveWay = answer.kind === 'waits' ? answer.gaveWay : null;
            expect(gaveWay !== null).toBe(mayCome && isFull);
            if (gaveWay !== null) {
              expect(lengths.get(gaveWay.tenantId)).toBe(Math.max(...lengths.values()));
              expect(waiting.findLast(({ tenantId }) => tenantId === gaveWay.tenantId)).toBe(gaveWay);
              waiting.splice(waiting.indexOf(gaveWay), 1);
            }
            if (mayCome) waiting.push(next);
          } else if (step.do === 'take') {
            const taken = queue.take();
            expect(taken === undefined).toBe(waiting.length === 0);
            if (taken === undefined) return;
            expect(waiting.find(({ tenantId }) => tenantId === taken.tenantId)).toBe(taken);
            waiting.splice(waiting.indexOf(taken), 1);
          } else {
            const gone = waiting[step.which];
            if (gone === undefined) return;
            expect(queue.remove(gone)).toBe(true);
            expect(queue.remove(gone)).toBe(false);
            waiting.splice(step.which, 1);
          }
          expect(queue.size).toBe(waiting.length);
        });
      }),
    );
  });
});
