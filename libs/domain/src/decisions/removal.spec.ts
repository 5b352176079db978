import { describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import {
  type Ask,
  DomainWorld,
  keyed,
  type PolicyChange,
  policyWith,
  pricedAt,
} from '../../../../test/support/domain-world.js';
import type { PriceBook } from '../pricing/price-book.js';
import type { PolicyRule } from '../rules/policy-rule.js';
import { sha256Hex } from '../shared/sha256.js';
import { decideChange } from './decisions.js';
import type { DecisionRecorded } from './decisions.entries.js';
import { recordedQuestion } from './recorded-question.js';

const UNKNOWN = pricedAt('0', { completeness: 'unknown', priced: 0, unpriced: 1 });
/** As the review of a deletion asks: its key is derived, its approval would be a grant. */
const DELETION: Ask = {
  source: 'k8s_admission',
  action: 'admission.delete',
  key: null,
  review: { clusterId: 'east', generatedName: null },
  channel: 'grant',
  isRemoval: true,
};
const BOOK: PriceBook = {
  ...{ format: 'verdict.price-book.v1', version: '7', currency: 'USD', hours_per_month: 730 },
  ...{ defaults: {}, free: [], entries: [] },
};
const tenant = (policy: PolicyChange): DomainWorld => {
  const world = new DomainWorld(policyWith(policy));
  const { now } = world;
  world.administer({
    ...{ kind: 'publish_price_book', book: BOOK, bookSha256: sha256Hex('7'), author: 'admin-1', now },
    idempotency: keyed(null),
  });
  return world;
};
const ask = (world: DomainWorld, more: Ask = {}): DecisionRecorded => world.ask(null, { ...DELETION, ...more });
const rule = (condition: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  ...{ id: 'r', effect: 'deny', enabled: true, message: 'no', obligation: null, cost_budget: 1000 },
  condition,
  ...more,
});
const STRICT: PolicyChange = {
  pricing: { unknown: { prod: 'violation' } },
  entitlements: { require_budget: { prod: true } },
};

describe('a deletion that a review asks about', () => {
  it.each<[string, PolicyChange, Ask]>([
    ['hard, unknown is a violation', STRICT, {}],
    ['hard, unknown asks somebody', {}, {}],
    ['soft, unknown asks somebody', { mode: 'soft' }, {}],
    ['soft, unknown is a violation', { ...STRICT, mode: 'soft' }, {}],
    ['a part of the saving is unknown', STRICT, { evidence: pricedAt('-5', { completeness: 'partial', unpriced: 1 }) }],
    ['there is no evidence at all', STRICT, { evidence: null }],
    ['nothing passes the ceilings', { entitlements: { plan_ceiling_monthly_usd: '0.0000' } }, {}],
    ['an amount that is none stands beside it', {}, { isClaimInvalid: true }],
  ])('is not refused for money, and its saving stays unknown: %s', (_, policy, more) => {
    const evidence = more.evidence === undefined ? UNKNOWN : more.evidence;
    const recorded = ask(tenant(policy), { ...more, evidence });
    expect(recorded).toMatchObject({
      decision: 'ALLOW',
      finding: 'clean',
      approval: null,
      hold: { total_usd: '0.0000' },
    });
    expect(recorded.cost).toMatchObject({ removal: true });
    expect(recorded.cost.completeness).toBe(evidence === UNKNOWN || evidence === null ? 'unknown' : 'partial');
    expect(recorded.reason_codes).not.toContain('no_cost_change');
  });

  it('does not wait for the approval that a class asks for: a saving adds nothing, whatever was approved of itself before', () => {
    const world = tenant({
      approval: { required: { prod: true } },
      entitlements: { auto_approve: { below_monthly_usd: '50.0000', cumulative_monthly_usd: '40.0000' } },
    });
    expect(world.ask('30').auto_approved_usd).toBe('30.0000');
    world.publish(
      policyWith({
        approval: { required: { prod: true } },
        entitlements: { auto_approve: { below_monthly_usd: '0.0000', cumulative_monthly_usd: '10.0000' } },
      }),
    );
    for (const evidence of [UNKNOWN, pricedAt('-20')]) {
      expect(ask(world, { evidence, resource: `pods/shop/${String(evidence === UNKNOWN)}` })).toMatchObject({
        decision: 'ALLOW',
        auto_approved_usd: '0.0000',
        reason_codes: expect.arrayContaining(['auto_approved_below_threshold']),
      });
    }
  });

  it('adds 0 to what a condition compares with money; a rule that means deletions, or what is unknown, still refuses', () => {
    const denied = (condition: string) => ask(tenant({ rules: [rule(condition)] }), { evidence: UNKNOWN });
    expect(denied('cost.monthly > usd("5") || cost.hourly > usd("1")')).toMatchObject({
      decision: 'ALLOW',
      rules_matched: [],
    });
    expect(denied('request.action == "admission.delete"')).toMatchObject({ decision: 'DENY', rules_matched: ['r'] });
    expect(denied('cost.completeness != "complete"')).toMatchObject({ decision: 'DENY', rules_matched: ['r'] });
  });

  it('is told by the review, not by the name that a caller gives to his action', () => {
    const world = tenant(STRICT);
    expect(ask(world, { evidence: UNKNOWN, isRemoval: false, key: 'mine', review: undefined as never })).toMatchObject({
      decision: 'DENY',
      reason_codes: ['cost_unknown', 'hard_mode_denied'],
    });
  });
});

describe('a deletion that was recorded (G7)', () => {
  /** Decided again on the state it was made on. */
  const again = (before: DomainWorld['gate'], recorded: DecisionRecorded): DecisionRecorded => {
    const question = recordedQuestion(recorded, 'acme', createCelRules());
    if (question === undefined) throw new Error('the entry does not hold its question');
    const result = decideChange(question, before, (state) => state);
    const last = result.kind === 'accepted' ? result.entries.at(-1) : undefined;
    if (last?.type !== 'decision_recorded') throw new Error(result.kind);
    return last.payload;
  };

  it('before money could not refuse it does not say that it is one, and derives as it was: refused', () => {
    const world = tenant(STRICT);
    const before = world.gate;
    const older = ask(world, { evidence: UNKNOWN, isRemoval: false });
    expect(older.cost).not.toHaveProperty('removal');
    expect(older).toMatchObject({ decision: 'DENY', reason_codes: ['cost_unknown', 'hard_mode_denied'] });
    expect(again(before, older)).toEqual(older);
    const newer = ask(world, { evidence: UNKNOWN, resource: 'pods/shop/other' });
    expect(again(before, newer)).toEqual(newer);
    expect(newer.decision).toBe('ALLOW');
  });

  it('says so only of the review of a deletion: said of anything else, it is not derived', () => {
    const world = tenant(STRICT);
    const before = world.gate;
    for (const more of [{ action: 'admission.create' }, { key: 'mine', review: undefined as never }]) {
      const recorded = ask(world, { evidence: UNKNOWN, isRemoval: false, ...more });
      const forged = { ...recorded, cost: { ...recorded.cost, removal: true as const } };
      expect(again(before, forged)).toMatchObject({ decision: 'DENY' });
      expect(again(before, forged).cost).not.toHaveProperty('removal');
    }
  });
});
