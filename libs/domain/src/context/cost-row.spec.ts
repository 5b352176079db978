import { describe, expect, it } from '@jest/globals';
import type { Instant } from '../shared/brand.js';
import { usd } from '../../../../test/support/domain-world.js';
import { readCostRow } from './cost-row.js';

const NOW = '2026-11-10T10:00:00.000Z' as Instant;
const DECISION = '00000000-0000-7000-8000-000000000001';
const CELLS: Readonly<Record<string, string>> = {
  ChargePeriodStart: '2026-11-09T00:00:00Z',
  ChargePeriodEnd: '2026-11-10T00:00:00Z',
  EffectiveCost: '12.345678',
  BilledCost: '99',
  BillingCurrency: 'USD',
  ServiceName: 'Amazon EC2',
  ResourceId: 'i-1',
  x_project_id: 'web',
  x_environment: 'Production',
  x_status: 'final',
  SkuId: 'anything',
};
const read = (changes: Readonly<Record<string, string | undefined>> = {}) =>
  readCostRow((column) => (column in changes ? changes[column] : CELLS[column]), NOW);
const defectsOf = (changes: Readonly<Record<string, string | undefined>>) => {
  const result = read(changes);
  return result.kind === 'defects' ? result.defects.map(({ column, code }) => [column, code]) : [];
};

describe('a row of imported cost', () => {
  it('is a day of one service, resource and project; other columns are left aside', () => {
    expect(read()).toEqual({
      kind: 'row',
      row: {
        day: '2026-11-09',
        cost: 12_345_678n,
        service: 'Amazon EC2',
        resource: 'i-1',
        projectId: 'web',
        environment: 'prod',
        status: 'final',
        settles: null,
      },
    });
  });

  it.each([
    ['2026-11-09', '2026-11-10'],
    ['2026-11-09 00:00:00', '2026-11-10 00:00:00'],
    ['2026-11-09T00:00:00.000Z', '2026-11-10T00:00Z'],
  ])('may be of the period from %s to %s', (ChargePeriodStart, ChargePeriodEnd) => {
    expect(read({ ChargePeriodStart, ChargePeriodEnd }).kind).toBe('row');
  });

  it('takes the billed cost where there is no effective one, and no resource where there is none', () => {
    expect(read({ EffectiveCost: undefined, ResourceId: undefined })).toMatchObject({
      row: { cost: usd('99'), resource: '' },
    });
  });

  it('may say what a decision came to', () => {
    expect(read({ x_decision_id: DECISION, x_actual_monthly_delta_usd: '-20' })).toMatchObject({
      row: { settles: { decisionId: DECISION, actual: usd('-20') } },
    });
  });

  it.each<[Readonly<Record<string, string | undefined>>, string, string]>([
    [{ ChargePeriodStart: '2026-11-09T01:00:00Z' }, 'ChargePeriodStart', 'validation_failed'],
    [{ ChargePeriodStart: '2026-02-30', ChargePeriodEnd: '2026-03-01' }, 'ChargePeriodStart', 'validation_failed'],
    [{ ChargePeriodStart: '2026-11-11', ChargePeriodEnd: '2026-11-12' }, 'ChargePeriodStart', 'validation_failed'],
    [{ ChargePeriodEnd: '2026-11-11' }, 'ChargePeriodEnd', 'validation_failed'],
    [{ BillingCurrency: 'EUR' }, 'BillingCurrency', 'currency_unsupported'],
    [{ BillingCurrency: undefined }, 'BillingCurrency', 'currency_unsupported'],
    [{ EffectiveCost: '1e3' }, 'EffectiveCost', 'money_invalid'],
    [{ EffectiveCost: '0.1234567' }, 'EffectiveCost', 'money_too_precise'],
    [{ EffectiveCost: '1000000000001' }, 'EffectiveCost', 'money_out_of_range'],
    [{ EffectiveCost: undefined, BilledCost: undefined }, 'BilledCost', 'money_invalid'],
    [{ ServiceName: undefined }, 'ServiceName', 'validation_failed'],
    [{ ResourceId: 'x'.repeat(513) }, 'ResourceId', 'validation_failed'],
    [{ ResourceId: 'two\nlines' }, 'ResourceId', 'validation_failed'],
    [{ x_project_id: undefined }, 'x_project_id', 'validation_failed'],
    [{ x_project_id: 'web/env:prod' }, 'x_project_id', 'validation_failed'],
    [{ x_status: 'estimated' }, 'x_status', 'validation_failed'],
    [{ x_decision_id: 'nonsense' }, 'x_decision_id', 'validation_failed'],
    [{ x_decision_id: DECISION }, 'x_actual_monthly_delta_usd', 'money_invalid'],
    [{ x_actual_monthly_delta_usd: '5' }, 'x_decision_id', 'validation_failed'],
  ])('with %j has a defect in %s: %s', (changes, column, code) => {
    expect(defectsOf(changes)).toEqual([[column, code]]);
  });

  it('names a defect of each column', () => {
    expect(defectsOf({ BillingCurrency: 'EUR', x_status: 'x', ServiceName: undefined })).toHaveLength(3);
  });
});
