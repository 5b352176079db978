import { createCelRules } from '@verdict/adapter-cel';
import { MemoryJournals } from '@verdict/adapter-memory';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createWhatIf, reviewPolicy, supposed, type WhatIf, type WhatIfReport } from '@verdict/application';
import { completePolicy } from '@verdict/contracts';
import { hardened, plusSeconds, readPriceBook } from '@verdict/domain';
import { readFixture } from '../fixtures/terraform-fixtures.js';
import { sourceOf } from '../support/replay-journals.js';
import { MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

type Document = Parameters<typeof completePolicy>[0];

let world: ServiceWorld;
beforeEach(async () => {
  world = await new ServiceWorld().start();
  await world.policy(MONEY_ONLY);
});
afterEach(() => world.stop());

const source = () => sourceOf(new MemoryJournals({ store: world.journals.store }), 'acme');
const whatIf = (document: Document, more: Partial<WhatIf> = {}): Promise<WhatIfReport> => {
  const policy = supposed(completePolicy(document));
  return createWhatIf({ rules: createCelRules() })({ source: source(), policyFor: () => policy, ...more });
};
const denyAbove = (amount: string): Document => ({
  ...MONEY_ONLY,
  entitlements: { ...MONEY_ONLY.entitlements, hard_deny_above_monthly_usd: usd(amount) },
});
const idOf = async (asked: ReturnType<ServiceWorld['ask']>): Promise<string> =>
  valueOf(await asked).recorded.decision_id;

describe('recorded decisions under another policy', () => {
  it('come out as they did under the policy that decided them', async () => {
    await world.budget('1000');
    for (const amount of ['400', '700', '-10']) valueOf(await world.ask(amount));
    expect(await whatIf(MONEY_ONLY)).toMatchObject({
      ...{ decisions: 3, unchanged: 3, changed: 0, hidden: 0, flips: [], isCut: false },
      outcomes: [
        { from: 'ALLOW', to: 'ALLOW', count: 2 },
        { from: 'DENY', to: 'DENY', count: 1 },
      ],
    });
  });

  it('are counted from outcome to outcome, and named where they differ, with the reasons', async () => {
    valueOf(await world.ask('10'));
    const large = await idOf(world.ask('600'));
    const report = await whatIf(denyAbove('500'));
    expect(report.outcomes).toEqual([
      { from: 'ALLOW', to: 'ALLOW', count: 1 },
      { from: 'ALLOW', to: 'DENY', count: 1 },
    ]);
    expect(report).toMatchObject({
      ...{ unchanged: 1, changed: 1 },
      flips: [{ decisionId: large, from: 'ALLOW', to: 'DENY' }],
    });
    expect(report.flips[0]?.reasonCodes).toContain('hard_deny_threshold_exceeded');
  });

  it('find what others held as it was recorded: nothing follows from a flip', async () => {
    await world.budget('1000');
    valueOf(await world.ask('900'));
    const second = await idOf(world.ask('200'));
    // Under the other policy the first would have held nothing, and the second would have fitted.
    const report = await whatIf(denyAbove('500'));
    expect(report.flips.map(({ decisionId }) => decisionId)).not.toContain(second);
    expect(report.outcomes).toContainEqual({ from: 'DENY', to: 'DENY', count: 1 });
  });

  it('keep the price that they were given, whatever book the other policy names', async () => {
    const book = readPriceBook(readFixture('priced-aws-basic', 'price-book.v1.json'));
    if (book.kind !== 'book') throw new Error('the price book of the fixture is not one');
    valueOf(await world.admin.publishPriceBook(book.book, world.meta('admin-1')));
    const claim = { method: 'declared', monthly: null, hourly: null, isInvalid: false } as const;
    const documents = { plan: readFixture('priced-aws-basic', 'plan.json') };
    const { recorded } = valueOf(await world.ask('1', { claim, documents }));
    expect(recorded.decision).toBe('ALLOW');
    expect(await whatIf({ ...MONEY_ONLY, pricing: { ...MONEY_ONLY.pricing, price_book: 'another' } })).toMatchObject({
      changed: 0,
      hidden: 0,
    });
  });

  it('count by their own outcome where their batch took them with it', async () => {
    await world.budget('1000');
    valueOf(await world.askMany(['400', '700']));
    expect(await whatIf(MONEY_ONLY)).toMatchObject({ changed: 0, unchanged: 2 });
    expect((await whatIf(denyAbove('300'))).outcomes).toEqual([
      { from: 'ALLOW', to: 'DENY', count: 1 },
      { from: 'DENY', to: 'DENY', count: 1 },
    ]);
  });

  it('may be a range, or those that are meant', async () => {
    for (const amount of ['600', '700', '800']) valueOf(await world.ask(amount));
    valueOf(await world.ask('900', { isDryRun: true }));
    const denied = denyAbove('500');
    expect(await whatIf(denied)).toMatchObject({ decisions: 4, changed: 4 });
    expect(await whatIf(denied, { range: { from: 1n, to: 2n } })).toMatchObject({ decisions: 2, changed: 2 });
    expect(await whatIf(denied, { isMeant: ({ dry_run: isDry }) => !isDry })).toMatchObject({ decisions: 3 });
    expect(await whatIf(denied, { isListed: () => false })).toMatchObject({ changed: 4, flips: [], isCut: false });
  });

  it('give the same report for the same input', async () => {
    await world.budget('1000');
    for (const amount of ['400', '700']) valueOf(await world.ask(amount));
    expect(await whatIf(denyAbove('300'))).toEqual(await whatIf(denyAbove('300')));
  });

  it('under hard modes show what softness let pass', async () => {
    const soft: Document = { ...denyAbove('500'), mode_matrix: { terraform: { default: 'shadow' } } };
    await world.policy(soft);
    valueOf(await world.ask('600'));
    expect(await whatIf(soft)).toMatchObject({ changed: 0 });
    const policy = supposed(hardened(completePolicy(soft)));
    expect((await whatIf(soft, { policyFor: () => policy })).outcomes).toEqual([
      { from: 'ALLOW', to: 'DENY', count: 1 },
    ]);
  });
});

describe('a review of the policy', () => {
  const RULE = { enabled: true, effect: 'warn', message: 'look', cost_budget: 1000 } as const;
  const rule = (id: string, condition: string) => ({ ...RULE, id, condition });
  const LARGE = rule('large', 'cost.monthly > usd("500")');
  const HUGE = rule('huge', 'cost.monthly > usd("50000")');
  const OFF = { ...rule('off', 'true'), enabled: false };
  const DAY = 86_400;

  const reviewed = (sinceSeconds = -DAY) => {
    const now = world.clock.now();
    return reviewPolicy(source(), {
      now,
      since: plusSeconds(now, sinceSeconds),
      until: plusSeconds(now, 14 * DAY),
    });
  };

  it('counts the matches of each enabled rule, and names those that are off', async () => {
    await world.policy({ ...MONEY_ONLY, rules: [LARGE, HUGE, OFF] });
    for (const amount of ['600', '700', '10']) valueOf(await world.ask(amount));
    expect(await reviewed()).toMatchObject({
      ...{ version: 3, decisions: 3, disabled: [{ kind: 'rule', id: 'off' }], upcoming: [] },
      rules: [
        { id: 'large', evaluated: 3, matched: 2 },
        { id: 'huge', evaluated: 3, matched: 0 },
      ],
    });
  });

  it('counts a match of an earlier version for the same condition, and for no other', async () => {
    await world.policy({ ...MONEY_ONLY, rules: [LARGE, { ...HUGE, condition: 'true' }] });
    valueOf(await world.ask('600'));
    await world.policy({ ...MONEY_ONLY, rules: [{ ...LARGE, message: 'look twice' }, HUGE] });
    expect((await reviewed()).rules).toEqual([
      { id: 'large', evaluated: 1, matched: 1 },
      { id: 'huge', evaluated: 0, matched: 0 },
    ]);
  });

  it('looks at the decisions of the period only', async () => {
    await world.policy({ ...MONEY_ONLY, rules: [LARGE] });
    valueOf(await world.ask('600'));
    world.clock.advance(2 * DAY * 1000);
    valueOf(await world.ask('10'));
    expect(await reviewed()).toMatchObject({ decisions: 1, rules: [{ evaluated: 1, matched: 0 }] });
    expect(await reviewed(-3 * DAY)).toMatchObject({ decisions: 2, rules: [{ evaluated: 2, matched: 1 }] });
  });

  it('tells what ends and what begins until then, by time', async () => {
    const at = (days: number) => plusSeconds(world.clock.now(), days * DAY);
    const version = async (days: number, message: string): Promise<void> => {
      const expectedVersion = await world.policyTag();
      const input = { message, effectiveFrom: at(days), expectedVersion, rollout: null, role: 'active' as const };
      valueOf(
        await world.admin.publishPolicy(
          { ...input, document: completePolicy({}) },
          world.meta('admin-1', world.uuid()),
        ),
      );
    };
    await version(13, 'soon');
    await version(15, 'later');
    expect((await reviewed()).upcoming).toEqual([{ kind: 'version', id: '3', at: at(13), about: 'soon' }]);
  });
});
