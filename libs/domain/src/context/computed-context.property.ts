import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Instant } from '../shared/brand.js';
import { formatUsd6, microUsd } from '../shared/money.js';
import { usd } from '../../../../test/support/domain-world.js';
import { plusDays } from './calendar.js';
import { computeContext, type ContextScope } from './computed-context.js';
import { type CostDays, type CostRow, dayCost, foldCosts, noCostDays } from './cost-days.js';

const NOW = '2026-11-20T12:00:00.000Z' as Instant;
const settings = { spikeAbsolute: usd('100'), spikePercent: 30, maxDataAgeDays: 3 };

interface Identified {
  readonly identity: string;
  readonly row: Omit<CostRow, 'replaces_usd'>;
}
const rows: fc.Arbitrary<Identified> = fc
  .record({
    back: fc.nat(80),
    project_id: fc.constantFrom('web', 'api'),
    environment: fc.constantFrom('prod', 'qa'),
    resource: fc.constantFrom('r1', 'r2'),
    status: fc.constantFrom('final' as const, 'preliminary' as const),
    cost: fc.bigInt({ min: -5_000_000n, max: 900_000_000n }),
  })
  .map(({ back, resource, cost, ...rest }) => {
    const day = plusDays('2026-11-20', -back);
    const identity = [day, rest.project_id, rest.environment, resource, rest.status].join('|');
    return { identity, row: { ...rest, day, cost_usd: formatUsd6(microUsd(cost)) } };
  });

/** As the importer does it: each row with what the one of its identity said before. */
const imported = (all: readonly Identified[]): CostDays => {
  const known = new Map<string, CostRow['cost_usd']>();
  return all.reduce((state, { identity, row }) => {
    const replaces_usd = known.get(identity) ?? null;
    known.set(identity, row.cost_usd);
    return foldCosts(state, [{ ...row, replaces_usd }], NOW);
  }, noCostDays);
};
const scopes: readonly ContextScope[] = [
  { kind: 'tenant' },
  { kind: 'project', projectId: 'web' },
  { kind: 'environments', projectId: 'api', includes: (label) => label === 'qa' },
];
const contextsOf = (state: CostDays) => scopes.map((scope) => computeContext(state, { scope, now: NOW, settings }));

describe('computed context', () => {
  it('does not depend on the order in which rows were imported, nor on how they were cut into imports', () => {
    fc.assert(
      fc.property(
        fc
          .uniqueArray(rows, { selector: ({ identity }) => identity, maxLength: 40 })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(contextsOf(imported(shuffled))).toEqual(contextsOf(imported(all)));
          const once = foldCosts(
            noCostDays,
            all.map(({ row }) => ({ ...row, replaces_usd: null })),
            NOW,
          );
          expect(contextsOf(once)).toEqual(contextsOf(imported(all)));
        },
      ),
    );
  });

  it('counts a row that was replaced once, by what it says last', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 40 }), (all) => {
        const newest = [...new Map(all.map((each) => [each.identity, each])).values()];
        expect(contextsOf(imported(all))).toEqual(contextsOf(imported(newest)));
      }),
    );
  });

  it('keeps of the tenant what its projects sum up to, day by day', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 40 }), (all) => {
        const state = imported(all);
        for (const { day, cost } of state.tenant) {
          const days = [...state.projects.values()].flatMap((each) => each.filter((one) => one.day === day));
          const sum = days.reduce((total, { sums }) => total + (dayCost(sums)?.cost ?? 0n), 0n);
          expect(cost).toBe(sum);
        }
      }),
    );
  });
});
