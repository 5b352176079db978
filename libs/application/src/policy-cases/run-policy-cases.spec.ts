import { describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import type { Instant, PolicyDocument } from '@verdict/domain';
import { policyWith, usd } from '../../../../test/support/domain-world.js';
import type { CaseQuestion, PolicyCase } from './policy-case.js';
import { runPolicyCases } from './run-policy-cases.js';

const rules = createCelRules();
const question = (amount: string, more: Partial<CaseQuestion> = {}): CaseQuestion => ({
  ...{ source: 'terraform', action: 'terraform.apply', resourceReference: 'stack:default', projectId: 'web' },
  ...{ environment: 'prod', monthly: usd(amount), hourly: null, metadata: '{}', documents: {}, isDryRun: false },
  requester: { subject: 'someone', onBehalfOf: null, kind: 'service', roles: ['member'], groups: [] },
  ...more,
});
const caseOf = (ask: CaseQuestion, asked: readonly CaseQuestion[] = []): PolicyCase => ({
  name: 'a case',
  now: '2026-11-22T10:00:00.000Z' as Instant,
  given: {
    priceBook: null,
    budgets: [{ scope: 'tenant', period: 'month', limit: usd('1000'), monthsCharged: 1 }],
    credits: [],
    asked,
  },
  ask,
  expect: {},
});
const routed = (mode: 'shadow' | 'soft' | 'hard'): PolicyDocument => {
  const lead = { id: 's', quorum: 1, roles: ['lead'], groups: [], subjects: [], deny_quorum: 1 };
  const large = { id: 'large', effect: 'require', enabled: true, overrides: {}, require: lead };
  return policyWith({
    mode,
    approval: { routing: [{ ...large, match: { monthly_delta_usd: { min: '100.0000', max: null } } }] as never },
  });
};
const uncovered = (document: PolicyDocument, ...cases: readonly PolicyCase[]) =>
  runPolicyCases(document, cases, rules).uncovered.routes;

describe('a route that requires is met by a case', () => {
  it.each(['shadow', 'soft', 'hard'] as const)('where it says who has to agree, or would in %s mode', (mode) => {
    expect(uncovered(routed(mode), caseOf(question('200')))).toEqual([]);
    expect(uncovered(routed(mode), caseOf(question('99')))).toEqual(['large']);
  });

  it('also by a dry run, about which nobody is asked', () => {
    expect(uncovered(routed('soft'), caseOf(question('200', { isDryRun: true })))).toEqual([]);
  });

  it('where enforcement would ask on the very state of the case: what went before in shadow mode holds nothing', () => {
    expect(uncovered(routed('shadow'), caseOf(question('600'), [question('90'), question('900')]))).toEqual([]);
    expect(uncovered(routed('hard'), caseOf(question('600'), [question('90'), question('90')]))).toEqual([]);
    expect(uncovered(routed('shadow'), caseOf(question('1100')))).toEqual(['large']); // It would be denied.
  });
});
