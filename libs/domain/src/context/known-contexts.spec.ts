import { describe, expect, it } from '@jest/globals';
import type { Instant } from '../shared/brand.js';
import { type ComputedContext, unavailableContext } from './computed-context.js';
import { type CostDays, noCostDays } from './cost-days.js';
import { type ContextKey, CONTEXTS_KEPT, knownContext } from './known-contexts.js';

const fresh = (): CostDays => ({ ...noCostDays });
const counter = () => {
  let count = 0;
  const compute = (): ComputedContext => {
    count += 1;
    return { ...unavailableContext('2026-11-10T10:00:00.000Z' as Instant), elapsedDays: count };
  };
  return { compute, count: () => count };
};

describe('a context', () => {
  it('is computed once for the same cost, policy, day and scope, and anew when one of them is another', () => {
    const { compute, count } = counter();
    const key: ContextKey = { days: fresh(), policy: {}, day: '2026-11-10', scope: 'project:web' };
    const others: readonly Partial<ContextKey>[] = [
      { days: fresh() },
      { policy: {} },
      { scope: 'tenant' },
      { day: '2026-11-11' },
    ];
    const first = knownContext(key, compute);
    expect(knownContext({ ...key }, compute)).toBe(first);
    others.forEach((other, index) => {
      expect(knownContext({ ...key, ...other }, compute).elapsedDays).toBe(index + 2);
    });
    expect(count()).toBe(others.length + 1);
  });

  it('is remembered for so many scopes of a policy and no more: the oldest is computed again', () => {
    const { compute, count } = counter();
    const key = { days: fresh(), policy: {}, day: '2026-11-10' };
    const ask = (index: number) => knownContext({ ...key, scope: `project:${String(index)}` }, compute);
    for (let index = 0; index <= CONTEXTS_KEPT; index += 1) ask(index);
    ask(1);
    expect(count()).toBe(CONTEXTS_KEPT + 1);
    ask(0);
    expect(count()).toBe(CONTEXTS_KEPT + 2);
  });
});
