import { describe, expect, it } from '@jest/globals';
import { readJsonText } from '@verdict/contracts';
import type { RawJson } from '@verdict/domain';
import { DomainWorld, policyWith } from '../../../../test/support/domain-world.js';
import { readEvidence } from './evidence.js';

const planOf = (actions: readonly (readonly string[])[]): RawJson => {
  const resource_changes = actions.map((each, index) => ({
    address: `aws_db.${String(index)}`,
    type: 'aws_db',
    change: { actions: each, before: {}, after: {} },
  }));
  const read = readJsonText(JSON.stringify({ format_version: '1.2', resource_changes }), { depthMax: 128 });
  if (read.kind !== 'ok') throw new Error(read.detail);
  return read.value;
};
/** A tenant without any price book, whose policy denies deletions and thinks highly of databases. */
const ask = (actions: readonly (readonly string[])[], amount: string | null = null) => {
  const rule = { id: 'no-deletes', enabled: true, condition: 'change.deletes > 0', effect: 'deny' } as const;
  const rules = [{ ...rule, message: 'no', obligation: null, cost_budget: 1000 }];
  const world = new DomainWorld(policyWith({ rules, risk: { high_impact_types: ['aws_db'] } }));
  const read = readEvidence({ plan: planOf(actions) });
  if (read.kind !== 'done') throw new Error('not read');
  return world.ask(amount, { evidence: read.value.evidence, environment: 'dev' });
};

describe('a plan where no price book is published', () => {
  it('shows what it changes: rules, and risk, look at that', () => {
    const recorded = ask([['delete'], ['create']]);
    expect(recorded).toMatchObject({
      decision: 'DENY',
      rules_matched: ['no-deletes'],
      change: { creates: 1, deletes: 1, resource_types: ['aws_db'] },
      risk: { score: 4, class: 'medium' }, // Destructive 2, high impact 1, cost unknown 1.
      cost: { completeness: 'unknown', monthly_delta_usd: null, price_book: null, unpriced: 2 },
    });
  });

  it('costs what nobody knows, and a claim beside it is held', () => {
    expect(ask([['create']])).toMatchObject({ decision: 'REQUIRE_APPROVAL', reason_codes: ['cost_unknown'] });
    const claimed = ask([['create']], '20');
    expect(claimed.cost).toMatchObject({ completeness: 'unknown', monthly_delta_usd: '20.0000' });
    expect(claimed).toMatchObject({ decision: 'REQUIRE_APPROVAL', hold: { total_usd: '20.0000' } });
  });

  it('costs nothing where it changes nothing, and is warned of where it forgets', () => {
    expect(ask([['no-op']])).toMatchObject({ decision: 'ALLOW', cost: { completeness: 'complete' } });
    expect(ask([['forget']]).warnings).toContain('resources that are forgotten run on and cost what they did: 1');
  });
});
