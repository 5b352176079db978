import { describe, expect, it } from '@jest/globals';
import { usd } from '../../../../test/support/domain-world.js';
import { callerRiskLevel, isDestructive, type RiskFacts, riskOf } from './risk.js';

const harmless: RiskFacts = {
  behaves: 'nonprod',
  destructive: false,
  criticality: 'low',
  highImpact: false,
  monthly: usd('0'),
  anomaly: 'none',
  costUncertain: false,
  callerLevel: null,
};

describe('the risk of a change', () => {
  it.each<[string, Partial<RiskFacts>, number]>([
    ['production', { behaves: 'prod' }, 3],
    ['something destroyed', { destructive: true }, 2],
    ['a project of high criticality', { criticality: 'high' }, 2],
    ['a project of medium criticality', { criticality: 'medium' }, 1],
    ['a type of high impact', { highImpact: true }, 1],
    ['999.9999 a month', { monthly: usd('999.9999') }, 0],
    ['1000 a month', { monthly: usd('1000') }, 1],
    ['4999.9999 a month', { monthly: usd('4999.9999') }, 1],
    ['5000 a month', { monthly: usd('5000') }, 2],
    ['a saving of 5000', { monthly: usd('-5000') }, 0],
    ['a spike', { anomaly: 'spike' }, 1],
    ['new spend', { anomaly: 'new_spend' }, 1],
    ['too few days', { anomaly: 'insufficient_data' }, 0],
    ['a cost that is not certain', { costUncertain: true }, 1],
  ])('counts %s as %#', (_, facts, score) => {
    expect(riskOf({ ...harmless, ...facts }).score).toBe(score);
  });

  it('is low below 3, medium from 3 and high from 6', () => {
    const of = (facts: Partial<RiskFacts>) => {
      const { score, riskClass } = riskOf({ ...harmless, ...facts });
      return [score, riskClass];
    };
    expect(of({ criticality: 'high' })).toEqual([2, 'low']);
    expect(of({ behaves: 'prod' })).toEqual([3, 'medium']);
    expect(of({ behaves: 'prod', destructive: true })).toEqual([5, 'medium']);
    expect(of({ behaves: 'prod', destructive: true, costUncertain: true })).toEqual([6, 'high']);
  });

  it('may be raised by the caller and never lowered (scenario 31)', () => {
    const destroy = riskOf({
      ...harmless,
      behaves: 'prod',
      destructive: true,
      monthly: usd('1200'),
      callerLevel: 'low',
    });
    expect(destroy).toEqual({ score: 6, riskClass: 'high', raisedByCaller: false });
    const small = riskOf({ ...harmless, monthly: usd('10'), callerLevel: 'high' });
    expect(small).toEqual({ score: 0, riskClass: 'high', raisedByCaller: true });
    expect(riskOf({ ...harmless, callerLevel: 'low' }).raisedByCaller).toBe(false);
  });

  it.each([
    ['terraform.apply', null, false],
    ['terraform.Destroy', null, true],
    ['db.delete', null, true],
    ['vm.terminate', null, true],
    ['table.drop', null, true],
    ['terraform.apply', { deletes: 0, replaces: 0 }, false],
    ['terraform.apply', { deletes: 1, replaces: 0 }, true],
    ['terraform.apply', { deletes: 0, replaces: 1 }, true],
  ])('of %s with evidence %p is destructive: %s', (action, changes, destructive) => {
    expect(isDestructive(action, changes)).toBe(destructive);
  });

  it.each([
    ['high', 'high'],
    ['Medium', 'medium'],
    ['critical', null],
    [3, null],
    [undefined, null],
  ])('reads the caller level %p as %p', (value, level) => {
    expect(callerRiskLevel(value)).toBe(level);
  });
});
