import { describe, expect, it } from '@jest/globals';
import type { HourlyUsdText, Instant } from '../shared/brand.js';
import { formatUsd4, microUsd } from '../shared/money.js';
import { usd } from '../../../../test/support/domain-world.js';
import { monthOf, plusDays } from './calendar.js';
import {
  type AskForContext,
  type ComputedContext,
  computeContext,
  type ContextScope,
  hasCostData,
  unavailableContext,
} from './computed-context.js';
import { COST_DAYS_KEPT, type CostDays, type CostRow, foldCosts, noCostDays } from './cost-days.js';
import { recordedContext } from './recorded-context.js';
import { riskOf } from './risk.js';

const at = (day: string): Instant => `${day}T10:00:00.000Z` as Instant;
const row = (day: string, cost: string, more: Partial<CostRow> = {}): CostRow => ({
  day,
  project_id: 'web',
  environment: 'prod',
  status: 'final',
  cost_usd: `${cost}000000`.replace(/^(\d+)(000000)$/, '$1.$2') as HourlyUsdText,
  replaces_usd: null,
  ...more,
});
const exactly = (text: string): HourlyUsdText => text as HourlyUsdText;
const imported = (rows: readonly CostRow[], day = '2026-11-11'): CostDays => foldCosts(noCostDays, rows, at(day));
const settings = { spikeAbsolute: usd('100'), spikePercent: 30, maxDataAgeDays: 3 };
const project: ContextScope = { kind: 'project', projectId: 'web' };
const contextOf = (state: CostDays, day: string, more: Partial<AskForContext> = {}): ComputedContext =>
  computeContext(state, { scope: project, now: at(day), settings, ...more });
/** So many days from a first one, at one cost each. */
const run = (first: string, count: number, cost: string, more: Partial<CostRow> = {}): readonly CostRow[] =>
  Array.from({ length: count }, (_, index) => row(plusDays(first, index), cost, more));

describe('the computed context', () => {
  it('uses the newest data: nine final days and a preliminary one (scenario 14)', () => {
    const days = [
      ...run('2026-11-01', 8, '322'),
      row('2026-11-09', '324'),
      row('2026-11-10', '200', { status: 'preliminary' }),
    ];
    const context = contextOf(imported(days), '2026-11-11');
    expect(context).toMatchObject({
      monthStart: '2026-11-01',
      monthEnd: '2026-11-30',
      elapsedDays: 11,
      totalDays: 30,
      observedCostDays: 10,
      latestCostDate: '2026-11-10',
      dataSourceMode: 'mixed',
      stale: false,
      mtd: usd('3100'),
      burnDaily: usd('310'),
      forecastEom: usd('9300'),
      anomaly: 'none',
    });
    const jump = [...days.slice(0, -1), row('2026-11-10', '430', { status: 'preliminary' })];
    expect(contextOf(imported(jump), '2026-11-11').anomaly).toBe('spike');
  });

  it('takes the final rows of a day alone once it has any, and the preliminary ones until then', () => {
    const both = [
      row('2026-11-01', '90', { status: 'preliminary' }),
      row('2026-11-01', '70'),
      row('2026-11-02', '50', { status: 'preliminary' }),
    ];
    expect(contextOf(imported(both), '2026-11-03')).toMatchObject({ mtd: usd('120'), dataSourceMode: 'mixed' });
    expect(contextOf(imported(both.slice(0, 2)), '2026-11-03')).toMatchObject({
      mtd: usd('70'),
      dataSourceMode: 'final',
    });
    expect(contextOf(imported(both.slice(2)), '2026-11-03').dataSourceMode).toBe('preliminary');
  });

  it('decides that per project, and sums the projects to the tenant', () => {
    const rows = [
      row('2026-11-01', '90', { status: 'preliminary' }),
      row('2026-11-01', '70', { project_id: 'api' }),
      row('2026-11-02', '10', { project_id: 'api' }),
    ];
    const tenant = contextOf(imported(rows), '2026-11-03', { scope: { kind: 'tenant' } });
    expect(tenant).toMatchObject({ mtd: usd('170'), observedCostDays: 2, dataSourceMode: 'mixed' });
    expect(contextOf(imported(rows), '2026-11-03').mtd).toBe(usd('90'));
  });

  it('knows the environments of a project by the labels that a class takes in', () => {
    const state = imported([
      row('2026-11-01', '90'),
      row('2026-11-01', '7', { environment: 'qa' }),
      row('2026-11-01', '5', { environment: 'nonprod' }),
    ]);
    const scope = (...labels: readonly string[]): ContextScope => ({
      kind: 'environments',
      projectId: 'web',
      includes: (label) => labels.includes(label),
    });
    expect(contextOf(state, '2026-11-03', { scope: scope('qa', 'nonprod') }).mtd).toBe(usd('12'));
    expect(contextOf(state, '2026-11-03', { scope: scope('sandbox') }).dataSourceMode).toBe('none');
  });

  it('burns the mean of the last seven covered days before the month has any', () => {
    const context = contextOf(imported([...run('2026-10-20', 3, '1000'), ...run('2026-10-25', 7, '40')]), '2026-11-02');
    expect(context).toMatchObject({
      observedCostDays: 0,
      latestCostDate: '2026-10-31',
      mtd: 0n,
      burnDaily: usd('40'),
      forecastEom: usd('1200'),
      dataSourceMode: 'final',
    });
    expect(contextOf(imported(run('2026-10-30', 2, '30')), '2026-11-02').burnDaily).toBe(usd('30'));
  });

  it('extrapolates a day that no row speaks of, instead of taking it for a day without cost', () => {
    const gap = contextOf(imported([row('2026-11-01', '10'), row('2026-11-04', '20')]), '2026-11-05');
    expect(gap).toMatchObject({ observedCostDays: 2, burnDaily: usd('15'), forecastEom: usd('450') });
  });

  it.each([
    ['2026-11-08', '2026-11-11', false],
    ['2026-11-07', '2026-11-11', true],
  ])('whose newest day is %s is stale on %s: %s', (latest, today, stale) => {
    const context = contextOf(imported([row(latest, '10')]), today);
    expect([context.stale, hasCostData(context)]).toEqual([stale, !stale]);
  });

  it('has no data without a row in the last 35 days, and none while the cost cannot be read', () => {
    const state = imported([row('2026-10-01', '10')], '2026-10-02');
    expect(contextOf(state, '2026-11-04')).toMatchObject({ dataSourceMode: 'final', stale: true });
    const none = contextOf(state, '2026-11-05');
    expect(none).toMatchObject({ dataSourceMode: 'none', latestCostDate: null, mtd: 0n, forecastEom: 0n });
    const away = unavailableContext(at('2026-11-05'));
    expect(away).toEqual({ ...none, dataSourceMode: 'unavailable' });
    expect([hasCostData(none), hasCostData(away)]).toEqual([false, false]);
  });

  it('looks at no day after the decision', () => {
    const state = imported([row('2026-11-01', '10'), row('2026-11-20', '999')], '2026-11-20');
    expect(contextOf(state, '2026-11-02')).toMatchObject({ mtd: usd('10'), latestCostDate: '2026-11-01' });
  });

  it('rounds half to even where it divides, and prints four places', () => {
    const thirds = contextOf(
      imported([row('2026-11-01', '100'), row('2026-11-02', '0'), row('2026-11-03', '0')]),
      '2026-11-04',
    );
    expect([formatUsd4(thirds.burnDaily), formatUsd4(thirds.forecastEom)]).toEqual(['33.3333', '1000.0000']);
    const halves = (cost: string) =>
      contextOf(imported([row('2026-11-01', '0', { cost_usd: exactly(cost) })]), '2026-11-02').mtd;
    expect([halves('1.000050'), halves('1.000150'), halves('1.000051')]).toEqual([
      usd('1'),
      usd('1.0002'),
      usd('1.0001'),
    ]);
    const odd = contextOf(
      imported([row('2026-11-01', '0', { cost_usd: exactly('0.000001') }), row('2026-11-02', '0')]),
      '2026-11-03',
    );
    expect(odd.forecastEom).toBe(microUsd(0n)); // Half a micro a day goes to the even 0.
  });

  it.each<[string, readonly string[], ComputedContext['anomaly']]>([
    ['a mean of 200 and a day of 320', [...Array<string>(7).fill('200'), '320'], 'spike'],
    ['a rise of just 100 that is 50 percent', [...Array<string>(7).fill('200'), '300'], 'spike'],
    ['a rise of less than 100', [...Array<string>(7).fill('200'), '299'], 'none'],
    ['a rise of 100 that is 29 percent', [...Array<string>(7).fill('345'), '445'], 'none'],
    ['a rise of just 30 percent', [...Array<string>(7).fill('1000'), '1300'], 'spike'],
    ['a mean of nothing and a day of 100', [...Array<string>(7).fill('0'), '100'], 'new_spend'],
    ['a mean of nothing and a day of 99', [...Array<string>(7).fill('0'), '99'], 'none'],
    ['seven days', Array<string>(7).fill('200'), 'insufficient_data'],
    ['a spike eight days ago', ['9000', ...Array<string>(7).fill('200'), '200'], 'none'],
  ])('finds in %s the anomaly %#', (_, costs, anomaly) => {
    const rows = costs.map((cost, index) => row(plusDays('2026-11-01', index), cost));
    expect(contextOf(imported(rows), plusDays('2026-11-01', costs.length)).anomaly).toBe(anomaly);
  });

  it('is recorded under the names of the contract', () => {
    const risk = riskOf({
      behaves: 'prod',
      destructive: false,
      criticality: 'low',
      highImpact: false,
      monthly: usd('1'),
      anomaly: 'none',
      costUncertain: false,
      callerLevel: null,
    });
    expect(recordedContext(contextOf(imported([row('2026-11-01', '10')]), '2026-11-02'), risk)).toEqual({
      version: 'verdict.computed_context.v1',
      month_start: '2026-11-01',
      month_end: '2026-11-30',
      elapsed_days: 2,
      total_days: 30,
      observed_cost_days: 1,
      latest_cost_date: '2026-11-01',
      data_source_mode: 'final',
      stale: false,
      mtd_spend_usd: '10.0000',
      burn_rate_daily_usd: '10.0000',
      forecast_eom_usd: '300.0000',
      anomaly: 'insufficient_data',
      risk_score: 3,
      risk_class: 'medium',
    });
  });

  it.each([
    ['2024-02-29', '2024-02-01', '2024-02-29'],
    ['2026-12-31', '2026-12-01', '2026-12-31'],
    ['2026-01-01', '2026-01-01', '2026-01-31'],
  ])('puts %s in the month from %s to %s', (day, start, end) => {
    expect(monthOf(day)).toEqual({ start, end });
  });
  it('ends every month on the day before the first of the next one', () => {
    for (let month = 0; month < 400 * 12; month += 1) {
      const first = new Date(Date.UTC(1900, month, 1)).toISOString().slice(0, 10);
      const last = new Date(Date.UTC(1900, month + 1, 0)).toISOString().slice(0, 10);
      expect(monthOf(first)).toEqual({ start: first, end: last });
    }
  });
});

describe('imported cost', () => {
  it('is kept for seventy days up to the newest import, and projects without any day leave', () => {
    const old = imported([row('2026-09-01', '10', { project_id: 'old' }), row('2026-09-03', '10')], '2026-09-03');
    const later = foldCosts(old, [row('2026-11-11', '5')], at('2026-11-11'));
    expect(later.since).toBe(plusDays('2026-11-11', 1 - COST_DAYS_KEPT));
    expect([...later.projects.keys()]).toEqual(['web']);
    expect(later.projects.get('web')?.map(({ day }) => day)).toEqual(['2026-09-03', '2026-11-11']);
    expect(later.tenant.map(({ day }) => day)).toEqual(['2026-09-03', '2026-11-11']);
    expect(foldCosts(later, [row('2026-09-01', '7')], at('2026-11-11'))).toEqual(later);
  });

  it('counts a row instead of the one that it replaces', () => {
    const corrected = foldCosts(
      imported([row('2026-11-01', '10'), row('2026-11-01', '4', { environment: 'qa' })]),
      [row('2026-11-01', '7', { replaces_usd: exactly('10.000000') })],
      at('2026-11-12'),
    );
    expect(contextOf(corrected, '2026-11-12').mtd).toBe(usd('11'));
  });
});
