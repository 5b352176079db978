import { describe, expect, it } from '@jest/globals';
import type { PriceBook } from '../pricing/price-book.js';
import type { PricedLine } from '../pricing/priced-line.js';
import { formatUsd4, microUsd } from '../shared/money.js';
import {
  DomainWorld,
  keyed,
  type PolicyChange,
  policyWith,
  pricedAt,
  usd,
} from '../../../../test/support/domain-world.js';
import { sha256Hex } from '../shared/sha256.js';

const usd0 = formatUsd4(usd('0'));
const book = (version: string): PriceBook => ({
  format: 'verdict.price-book.v1',
  version,
  currency: 'USD',
  hours_per_month: 730,
  defaults: {},
  free: [],
  entries: [],
});

const withBook = (change: PolicyChange = {}): DomainWorld => {
  const world = new DomainWorld(policyWith(change));
  world.administer({
    kind: 'publish_price_book',
    book: book('7'),
    bookSha256: sha256Hex('7'),
    author: 'admin-1',
    now: world.now,
    idempotency: keyed(null),
  });
  return world;
};

describe('the amount of a change', () => {
  it('is what the evidence says, not what the caller claims (scenario 17)', () => {
    const recorded = withBook().ask('20', { evidence: pricedAt('410') });
    expect(recorded.cost).toMatchObject({
      monthly_delta_usd: '410.0000',
      method: 'price_book',
      completeness: 'complete',
      price_book: { version: '7' },
    });
    expect(recorded.hold.total_usd).toBe('410.0000');
    expect(recorded.reason_codes).toEqual(['no_budget_configured', 'cost_declared_mismatch']);
    expect(recorded.warnings).toContain('the declared amount differs from the priced one: the larger counts');
  });

  it.each([
    // evidence, claim, counts, is a mismatch (more than 5 percent of the evidence)
    ['100', '105', '100.0000', false],
    ['100', '105.0001', '105.0001', true],
    ['100', '95', '100.0000', false],
    ['100', '94.9999', '100.0000', true],
    ['100', '300', '300.0000', true],
    ['-100', '50', '50.0000', true],
    ['-100', '-300', '-100.0000', true],
    ['0', '0.0001', '0.0001', true],
    ['0', '0', '0.0000', false],
  ])('evidence %s and claim %s: %s counts', (evidence, claim, counts, isMismatch) => {
    const recorded = withBook().ask(claim, { evidence: pricedAt(evidence) });
    expect(recorded.cost.monthly_delta_usd).toBe(counts);
    expect(recorded.reason_codes.includes('cost_declared_mismatch')).toBe(isMismatch);
  });

  it.each([
    ['accept', 'ALLOW', []],
    ['flag', 'ALLOW', ['cost_declared_unverified']],
    ['refuse', 'DENY', ['cost_declared_refused', 'hard_mode_denied']],
  ] as const)('with nothing but a claim, policy %s makes it %s', (prod, decision, reasons) => {
    const recorded = new DomainWorld(policyWith({ pricing: { declared: { prod } } })).ask('20');
    expect(recorded).toMatchObject({
      decision,
      cost: { method: 'declared', completeness: 'complete', price_book: null },
    });
    expect(recorded.reason_codes.filter((code) => code !== 'no_budget_configured')).toEqual(
      reasons.length === 0 ? [] : reasons,
    );
  });

  it('by default flags a bare claim in prod and accepts it elsewhere', () => {
    const world = new DomainWorld(policyWith({ pricing: { declared: { prod: 'flag', nonprod: 'accept' } } }));
    expect(world.ask('20').reason_codes).toContain('cost_declared_unverified');
    expect(world.ask('20', { environment: 'dev' }).reason_codes).not.toContain('cost_declared_unverified');
  });

  it('takes an absent hourly delta as the monthly one / 730', () => {
    const world = new DomainWorld();
    expect(world.ask('730').cost.hourly_delta_usd).toBe('1.000000');
    expect(world.ask('730', { hourly: usd('2') }).cost.hourly_delta_usd).toBe('2.000000');
  });

  it.each([
    [500_000n, '365.0000'],
    [-1n, '-0.0007'],
    [1_369_863_013_698_630n, '999999999999.9999'],
  ])('takes an absent monthly delta as the hourly one, %s micro-USD, x 730', (hourly, monthly) => {
    const { cost } = new DomainWorld().ask(null, { hourly: microUsd(hourly) });
    expect(cost).toMatchObject({ method: 'declared', completeness: 'complete', monthly_delta_usd: monthly });
  });

  it('counts an hourly claim alone that is larger than the price, and knows nothing of one beyond all amounts', () => {
    const recorded = withBook().ask(null, { evidence: pricedAt('100'), hourly: usd('1') });
    expect(recorded.cost).toMatchObject({ method: 'price_book', monthly_delta_usd: '730.0000' });
    expect(recorded.reason_codes).toContain('cost_declared_mismatch');
    const beyond = new DomainWorld().ask(null, { hourly: usd('1369863014') });
    expect(beyond).toMatchObject({ cost: { method: 'none', monthly_delta_usd: null }, finding: 'approval' });
  });

  it('is unknown, never zero, when nothing is known', () => {
    const recorded = new DomainWorld().ask(null);
    expect(recorded).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      finding: 'approval',
      cost: { monthly_delta_usd: null, hourly_delta_usd: null, method: 'none', completeness: 'unknown' },
      reason_codes: ['cost_unknown'],
    });
  });

  it.each([
    ['unknown', 'cost_unknown'],
    ['partial', 'cost_partial'],
  ] as const)('%s evidence needs approval, or is a violation where policy says so', (completeness, code) => {
    const evidence = pricedAt('0', { completeness, priced: 0, unpriced: 1 });
    const lenient = withBook().ask(null, { evidence });
    expect(lenient).toMatchObject({ decision: 'REQUIRE_APPROVAL', finding: 'approval', cost: { completeness } });
    expect(lenient.reason_codes).toEqual([code]);
    const strict = withBook({ pricing: { unknown: { prod: 'violation' } } }).ask(null, { evidence });
    expect(strict).toMatchObject({ decision: 'DENY', finding: 'violation' });
    expect(strict.reason_codes).toEqual([code, 'hard_mode_denied']);
  });

  it('is followed by one warning where resources are forgotten: they run on, so nothing is saved', () => {
    const change = { creates: 0, deletes: 0, forgets: 3, replaces: 0, resource_types: ['aws_vm'], updates: 0 };
    const recorded = withBook().ask(null, { evidence: pricedAt('0', { change }) });
    expect(recorded.warnings.filter((text) => text.includes('forgotten'))).toEqual([
      'resources that are forgotten run on and cost what they did: 3',
    ]);
    expect(recorded.change).toEqual(change);
    expect(
      withBook()
        .ask(null, { evidence: pricedAt('0') })
        .warnings.join(),
    ).not.toContain('forgotten');
  });

  it('warns of nothing forgotten again where an older entry did not count it, though its lines show it (G7)', () => {
    const world = withBook();
    const line: PricedLine = {
      ...{ action: 'forget', address_sha256: null, after_usd: null, before_usd: null, count: 1, delta_usd: usd0 },
      ...{ entry_id: null, reason: null, status: 'free', type: 'aws_vm' },
    };
    // Whatever this world records, it derives again from the entry, byte for byte.
    const older = world.ask(null, { evidence: pricedAt('0', { lines: [line] }) });
    expect(older.change).not.toHaveProperty('forgets');
    expect(older.warnings.join()).not.toContain('forgotten');
  });

  it('holds the known part of a partly known cost', () => {
    const recorded = withBook().ask(null, { evidence: pricedAt('30', { completeness: 'partial', unpriced: 2 }) });
    expect(recorded).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      hold: { total_usd: '30.0000' },
      cost: { monthly_delta_usd: '30.0000', unpriced: 2 },
    });
  });

  it('stays unknown when there is a claim but the evidence says nothing', () => {
    const recorded = withBook().ask('20', { evidence: pricedAt('0', { completeness: 'unknown' }) });
    expect(recorded).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      cost: { completeness: 'unknown', monthly_delta_usd: '20.0000' },
      hold: { total_usd: '20.0000' },
    });
    expect(recorded.reason_codes).toContain('cost_unknown');
  });

  it('stays unknown when there is evidence and no book to price it with', () => {
    const recorded = new DomainWorld().ask('20', { evidence: pricedAt('1') });
    expect(recorded).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      cost: { completeness: 'unknown', method: 'declared', monthly_delta_usd: '20.0000' },
    });
  });

  it('is exactly nothing, with or without a book, where the evidence needs none', () => {
    const nothing = pricedAt('0').priceWith(book('7'));
    const evidence = { priceWith: () => nothing, withoutBook: nothing };
    for (const world of [new DomainWorld(policyWith({})), withBook()]) {
      const recorded = world.ask(null, { evidence });
      expect(recorded.cost).toMatchObject({
        monthly_delta_usd: '0.0000',
        completeness: 'complete',
        method: 'price_book',
      });
      expect(recorded.reason_codes).toContain('no_cost_change');
    }
  });

  it('is priced by the book that the policy names, else by the newest', () => {
    const world = withBook({ pricing: { price_book: '7' } });
    world.administer({
      kind: 'publish_price_book',
      book: book('8'),
      bookSha256: sha256Hex('8'),
      author: 'a',
      now: world.now,
      idempotency: keyed(null),
    });
    expect(world.ask(null, { evidence: pricedAt('1') }).cost.price_book?.version).toBe('7');
    world.publish(policyWith());
    expect(world.ask(null, { evidence: pricedAt('1') }).cost.price_book?.version).toBe('8');
  });
});

describe('several figures of one change', () => {
  const reported = (monthly: string, more: Parameters<typeof pricedAt>[1] = {}) =>
    pricedAt(monthly, more).priceWith(book('7'));
  const all = (recorded: ReturnType<DomainWorld['ask']>) =>
    recorded.cost.sources?.map(({ method, monthly_delta_usd: amount }) => [method, amount]);

  it('are all recorded; the gate’s own prices say how complete the cost is, the largest says how much', () => {
    const recorded = withBook().ask('90', {
      evidence: pricedAt('100', { completeness: 'partial', priced: 3, unpriced: 1 }),
      report: reported('120', { priced: 9 }),
    });
    expect(all(recorded)).toEqual([
      ['price_book', '100.0000'],
      ['infracost', '120.0000'],
      ['declared', '90.0000'],
    ]);
    expect(recorded.cost).toMatchObject({
      ...{ method: 'price_book', completeness: 'partial', priced: 3, unpriced: 1, monthly_delta_usd: '120.0000' },
    });
    expect(recorded.reason_codes).toContain('cost_declared_mismatch');
    expect(recorded.reason_codes).toContain('cost_partial');
  });

  it.each([
    // plan, report, claim, counts, is a mismatch
    ['100', '105', '105', '100.0000', false],
    ['100', '105.0001', '300', '300.0000', true],
    ['100', '94', '96', '100.0000', true],
    ['100', '94', '106', '106.0000', true],
  ])('plan %s, report %s and claim %s: %s counts', (plan, report, claim, counts, isMismatch) => {
    const recorded = withBook().ask(claim, { evidence: pricedAt(plan), report: reported(report) });
    expect(recorded.cost.monthly_delta_usd).toBe(counts);
    expect(recorded.reason_codes.includes('cost_declared_mismatch')).toBe(isMismatch);
  });

  it('are a report and a claim where there is no plan: the report is the evidence', () => {
    const recorded = new DomainWorld().ask('50', { report: reported('40', { priced: 4 }) });
    expect(recorded.cost).toMatchObject({
      ...{ method: 'infracost', completeness: 'complete', monthly_delta_usd: '50.0000', priced: 4, price_book: null },
    });
    expect(recorded.reason_codes).toEqual(['no_budget_configured', 'cost_declared_mismatch']);
  });

  it('leave the cost unknown where the report is, whatever the claim says', () => {
    const recorded = new DomainWorld().ask('50', { report: reported('0', { completeness: 'unknown', unpriced: 2 }) });
    expect(recorded).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      cost: { method: 'infracost', completeness: 'unknown', monthly_delta_usd: '50.0000', unpriced: 2 },
    });
    expect(all(recorded)).toEqual([
      ['infracost', null],
      ['declared', '50.0000'],
    ]);
  });

  it('keep the hourly amount of the figure that counts', () => {
    const recorded = withBook().ask('300', { evidence: pricedAt('100'), hourly: usd('0.5') });
    expect(recorded.cost).toMatchObject({ monthly_delta_usd: '300.0000', hourly_delta_usd: '0.500000' });
  });
});

describe('an annotation', () => {
  const annotated = { claimMethod: 'annotation', source: 'k8s_admission' } as const;

  it('is a claim under its own name, accepted, flagged or refused as one', () => {
    const flagged = new DomainWorld(policyWith({ pricing: { declared: { prod: 'flag' } } })).ask('20', annotated);
    expect(flagged).toMatchObject({ decision: 'ALLOW', cost: { method: 'annotation', completeness: 'complete' } });
    expect(flagged.reason_codes).toContain('cost_declared_unverified');
    const refused = new DomainWorld(policyWith({ pricing: { declared: { prod: 'refuse' } } })).ask('20', annotated);
    expect(refused.reason_codes).toContain('cost_declared_refused');
  });

  it('that is no amount is a violation and no error: the cost is unknown with it (scenario 20)', () => {
    expect(new DomainWorld().ask(null, { ...annotated, isClaimInvalid: true })).toMatchObject({
      decision: 'DENY',
      reason_codes: ['cost_annotation_invalid', 'cost_unknown', 'hard_mode_denied'],
      cost: { claim_invalid: true, monthly_delta_usd: null, completeness: 'unknown' },
    });
  });

  it('that is no amount stays a violation beside a price that is known', () => {
    const recorded = withBook().ask(null, { ...annotated, isClaimInvalid: true, evidence: pricedAt('10') });
    expect(recorded).toMatchObject({ decision: 'DENY', cost: { monthly_delta_usd: '10.0000' } });
    expect(recorded.reason_codes).toContain('cost_annotation_invalid');
  });
});
