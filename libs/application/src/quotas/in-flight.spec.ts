import { beforeEach, describe, expect, it } from '@jest/globals';
import { AbuseTally } from './abuse-tally.js';
import { type Entrance, InFlight } from './in-flight.js';

let timers: { readonly ms: number; readonly then: () => void; isOver: boolean }[];
let heard: string[];
let room: InFlight;

const ask = (tenantId: string, cost = 1): void => {
  room.enter({ tenantId, cost }, (entrance: Entrance) => void heard.push(`${tenantId} ${entrance}`));
};
beforeEach(() => {
  timers = [];
  heard = [];
  room = new InFlight({ inFlightMax: 2, waitingMax: 2, waitingAllMax: 10, waitMsMax: 1500 }, (ms, then) => {
    const timer = { ms, then, isOver: false };
    timers.push(timer);
    return () => (timer.isOver = true);
  });
});

describe('calls in flight', () => {
  it('lets in at once as many as there is room for, and the next when one leaves', () => {
    ['a', 'a', 'a'].forEach((tenant) => ask(tenant));
    expect(heard).toEqual(['a entered', 'a entered']);
    room.leave();
    expect(heard).toEqual(['a entered', 'a entered', 'a entered']);
    expect(room.inFlight).toBe(2);
    room.leave();
    room.leave();
    expect(room.inFlight).toBe(0);
  });
  it('gives the next place to the tenant whose turn it is, not to the one with most waiting', () => {
    ['a', 'a', 'a', 'a', 'b'].forEach((tenant) => ask(tenant));
    room.leave();
    room.leave();
    expect(heard.slice(2)).toEqual(['a entered', 'b entered']);
  });
  it('refuses at once a tenant whose line is full, and another tenant not', () => {
    ['a', 'a', 'a', 'a', 'a', 'b'].forEach((tenant) => ask(tenant));
    expect(heard).toEqual(['a entered', 'a entered', 'a full']);
    expect(room.waiting).toBe(3);
  });
  it('takes the place of the longest line, and its timer, where there is none left for a tenant that waits for nothing', () => {
    room = new InFlight({ inFlightMax: 1, waitingMax: 2, waitingAllMax: 2, waitMsMax: 1500 }, (ms, then) => {
      const timer = { ms, then, isOver: false };
      timers.push(timer);
      return () => (timer.isOver = true);
    });
    ['a', 'a', 'a', 'b'].forEach((tenant) => ask(tenant));
    expect(heard).toEqual(['a entered', 'a full']);
    expect(timers.map(({ isOver }) => isOver)).toEqual([false, true, false]);
    room.leave();
    room.leave();
    expect(heard.slice(2)).toEqual(['a entered', 'b entered']);
  });
  it('keeps nobody for longer than he waits himself', () => {
    ['a', 'a'].forEach((tenant) => ask(tenant));
    for (const waitMs of [300, 5000, -20])
      room.enter({ tenantId: 'b', cost: 1, waitMs }, (entrance) => void heard.push(`b ${entrance}`));
    expect(timers.map(({ ms }) => ms)).toEqual([300, 1500]); // The third found the line full.
    timers[0]?.then();
    expect(heard.slice(2)).toEqual(['b full', 'b waited_out']);
    room.enter({ tenantId: 'b', cost: 1, waitMs: -20 }, () => undefined);
    expect(timers.at(-1)?.ms).toBe(0);
  });
  it('refuses whoever waited for the whole time, and forgets the timer of whoever did not', () => {
    ['a', 'a', 'a', 'b'].forEach((tenant) => ask(tenant));
    expect(timers.map(({ ms }) => ms)).toEqual([1500, 1500]);
    timers[0]?.then();
    expect(heard.at(-1)).toBe('a waited_out');
    room.leave();
    expect(heard.at(-1)).toBe('b entered');
    expect(timers[1]?.isOver).toBe(true);
    expect([room.inFlight, room.waiting]).toEqual([2, 0]);
  });
});

describe('the tally of refusals', () => {
  it('counts by tenant, limit and subject, and begins anew when it was read', () => {
    const tally = new AbuseTally();
    const excess = { tenantId: 'a', limit: 'gate', subject: null };
    tally.add(excess);
    tally.add(excess);
    tally.add({ ...excess, subject: 's' });
    expect(tally.drain()).toEqual([
      { ...excess, count: 2 },
      { ...excess, subject: 's', count: 1 },
    ]);
    expect(tally.drain()).toEqual([]);
  });
  it('counts together what it has no room to tell apart', () => {
    const tally = new AbuseTally(2);
    for (let tenant = 0; tenant < 1000; tenant += 1)
      tally.add({ tenantId: `t${tenant.toString()}`, limit: 'gate', subject: null });
    const counted = tally.drain();
    expect(counted).toHaveLength(3);
    expect(counted.at(-1)).toEqual({ tenantId: '(others)', limit: '(others)', subject: null, count: 998 });
  });
});
