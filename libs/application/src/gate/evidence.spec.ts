import { describe, expect, it } from '@jest/globals';
import { readJsonText } from '@verdict/contracts';
import { NO_BOOK, type RawJson, sha256Hex } from '@verdict/domain';
import { DomainWorld, keyed, policyWith } from '../../../../test/support/domain-world.js';
import { readEvidence, type SentDocuments } from './evidence.js';

const raw = (value: unknown): RawJson => {
  const read = readJsonText(JSON.stringify(value), { depthMax: 128 });
  if (read.kind !== 'ok') throw new Error(read.detail);
  return read.value;
};
const planOf = (actions: readonly (readonly string[])[]): RawJson => {
  const resource_changes = actions.map((each, index) => ({
    address: `aws_db.${String(index)}`,
    type: 'aws_db',
    change: { actions: each, before: {}, after: {} },
  }));
  return raw({ format_version: '1.2', resource_changes });
};
/** A tenant without any price book, whose policy denies deletions and thinks highly of databases. */
interface Told {
  readonly amount?: string | null;
  readonly hasBook?: boolean;
}
const asking = (documents: SentDocuments, { amount = null, hasBook = false }: Told = {}) => {
  const rule = { id: 'no-deletes', enabled: true, condition: 'change.deletes > 0', effect: 'deny' } as const;
  const rules = [{ ...rule, message: 'no', obligation: null, cost_budget: 1000 }];
  const world = new DomainWorld(policyWith({ rules, risk: { high_impact_types: ['aws_db'] } }));
  if (hasBook)
    world.administer({
      kind: 'publish_price_book',
      book: { ...NO_BOOK, version: '1' },
      bookSha256: sha256Hex('1'),
      author: 'admin-1',
      now: world.now,
      idempotency: keyed(null),
    });
  const read = readEvidence(documents);
  if (read.kind !== 'done') throw new Error('not read');
  const { evidence, report } = read.value;
  return world.ask(amount, { evidence, report, environment: 'dev' });
};
const ask = (actions: readonly (readonly string[])[], amount: string | null = null) =>
  asking({ plan: planOf(actions) }, { amount });

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

const resources = [{ name: 'aws_db.a', resourceType: 'aws_db', costComponents: [{ name: 'c', monthlyCost: '10' }] }];
const reportOf = (past: readonly object[], planned: readonly object[], diffTotalMonthlyCost: string): RawJson => {
  const breakdowns = { pastBreakdown: { resources: past }, breakdown: { resources: planned }, diff: { resources } };
  return raw({ version: '0.2', currency: 'USD', projects: [{ name: 'p', ...breakdowns }], diffTotalMonthlyCost });
};

describe('a report beside a plan', () => {
  it('shows what is changed where nobody can read the plan', () => {
    const plan = raw({ format_version: '2.0' });
    const recorded = asking({ plan, infracost: reportOf(resources, [], '-10') }, { hasBook: true });
    expect(recorded).toMatchObject({ decision: 'DENY', change: { deletes: 1, resource_types: ['aws_db'] } });
    expect(recorded.cost).toMatchObject({ completeness: 'unknown', monthly_delta_usd: '-10.0000' });
  });

  it.each([true, false])('hides nothing that the plan shows (a book is published: %s)', (hasBook) => {
    const infracost = reportOf([], resources, '10');
    const recorded = asking({ plan: planOf([['delete']]), infracost }, { hasBook });
    expect(recorded).toMatchObject({ decision: 'DENY', change: { creates: 0, deletes: 1 } });
  });

  it('says what it costs where no book is published', () => {
    const recorded = asking({ plan: planOf([['create']]), infracost: reportOf([], resources, '10') });
    expect(recorded).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '10.0000' }, change: { creates: 1 } });
    expect(recorded.cost).toMatchObject({ method: 'infracost', completeness: 'complete', price_book: null });
    expect(recorded.cost.lines).toMatchObject([{ delta_usd: '10.0000', status: 'priced' }]);
  });
});
