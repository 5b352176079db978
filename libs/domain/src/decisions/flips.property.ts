import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Ask, DomainWorld, keyed, type PolicyChange, policyWith } from '../../../../test/support/domain-world.js';
import type { PolicyEntry } from '../policy/policy.entries.js';
import { isBudgetAccount } from '../policy/policy.state.js';
import { WAIVABLE_CODES } from '../policy/waivers.js';
import { formatUsd4, microUsd, usdOf } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { DecisionRecorded } from './decisions.entries.js';
import { evolveGate, type GateState } from './decisions.state.js';
import { evaluate, isPermitted } from './evaluate.js';
import { type Flip, flipsOf } from './flips.js';

/** Money so small that every amount can be tried: steps of 0.0001 USD. */
const steps = (count: number | bigint) => formatUsd4(microUsd(BigInt(count) * 100n));
const countOf = (text: string): number => Number(usdOf(text as never) / 100n);
/** More than any change of these worlds needs. */
const MOST = 110;

const bool = fc.boolean();
const rarely = fc.constantFrom(false, false, false, true);
const small = (max: number) => fc.nat({ max });
const route = fc.record({
  effect: fc.constantFrom('require', 'waive'),
  min: fc.option(small(20)),
  max: fc.option(small(20)),
});
const rule = fc.record({
  effect: fc.constantFrom('deny', 'require_approval', 'warn'),
  condition: fc.constantFrom(
    'cost.monthly > usd("0.0012")',
    'cost.monthly >= usd("0.0005") && cost.monthly < usd("0.0010")',
    'cost.monthly > 700 && cost.monthly <= 1200',
    'cost.monthly >= usd("0.000350") && cost.monthly < usd("0.000850")',
    'budget.unfunded > 0',
    'credits.reserved < usd("0.0003")',
    'request.project_id == "web"',
  ),
});
const setting = fc.record({
  asked: fc.integer({ min: 1, max: 20 }),
  mode: fc.constantFrom('soft', 'hard', 'hard', 'hard'),
  required: rarely,
  below: small(8),
  hardDeny: fc.option(small(20), { freq: 1 }),
  plan: fc.option(small(40), { freq: 1 }),
  enterprise: fc.option(small(40), { freq: 1 }),
  routes: fc.array(route, { maxLength: 2 }),
  rules: fc.array(rule, { maxLength: 2 }),
  budgets: fc.array(
    fc.record({
      limit: small(20),
      months: fc.integer({ min: 1, max: 2 }),
      lowered: fc.option(small(10)),
      isForecast: bool,
    }),
    { maxLength: 2 },
  ),
  credit: fc.option(fc.integer({ min: 1, max: 10 })),
  before: small(20),
  spent: bool,
  isWaived: rarely,
  isDryRun: rarely,
});
type Setting = typeof setting extends fc.Arbitrary<infer Value> ? Value : never;

const policyOf = (given: Setting): PolicyChange => ({
  mode: given.mode,
  approval: {
    required: { prod: given.required },
    routing: given.routes.map(({ effect, min, max }, index) => ({
      ...{ id: `route-${String(index)}`, enabled: true, overrides: {}, effect },
      match: {
        monthly_delta_usd: { min: min === null ? null : steps(min), max: max === null ? null : steps(max) },
      },
      require:
        effect === 'waive'
          ? null
          : { id: 's', quorum: 1, roles: ['approver'], groups: [], subjects: [], deny_quorum: 1 },
    })) as never,
  },
  entitlements: {
    plan_ceiling_monthly_usd: given.plan === null ? null : steps(given.plan),
    enterprise_ceiling_monthly_usd: given.enterprise === null ? null : steps(given.enterprise),
    hard_deny_above_monthly_usd: given.hardDeny === null ? '1000000.0000' : steps(given.hardDeny + given.below),
    auto_approve: { below_monthly_usd: steps(given.below), cumulative_monthly_usd: '100.0000' },
  },
  rules: given.rules.map(({ effect, condition }, index) => ({
    ...{ id: `rule-${String(index)}`, enabled: true, message: '', obligation: null, cost_budget: 1000 },
    ...{ effect, condition },
  })),
});

interface Asked {
  readonly world: DomainWorld;
  readonly state: GateState;
  readonly command: AskForChange;
  readonly recorded: DecisionRecorded;
  readonly more: Ask;
}
const evaluated = (command: AskForChange, state: GateState): DecisionRecorded => {
  const recorded = evaluate(command, state, 1);
  if (recorded === undefined) throw new Error('there is a policy');
  return recorded;
};
const passes = (command: AskForChange, state: GateState): boolean => isPermitted(evaluated(command, state).decision);

const askedIn = (given: Setting): Asked => {
  const world = new DomainWorld(policyWith());
  const budgets = given.budgets.map(({ months, isForecast }) =>
    world.setBudget('1', { monthsCharged: months, basis: isForecast ? 'forecast' : 'allocation' }),
  );
  if (given.budgets.some(({ isForecast }) => isForecast)) world.importCosts({ '2026-11-09': '0.0001' });
  const earlier = world.ask(steps(given.before), { key: 'earlier' });
  if (given.spent && given.before > 0) world.spend(earlier.decision_id, steps(given.before));
  given.budgets.forEach(({ limit, lowered }, index) => {
    const id = budgets[index]?.budgetId;
    if (id !== undefined) world.changeBudget(id, steps(lowered ?? limit + given.before), { whenCommitted: 'ratchet' });
  });
  if (given.credit !== null) world.grantCredit(steps(given.credit));
  if (given.isWaived) world.grantWaiver(['approval_required', 'rule-0'], { max_monthly_delta_usd: '0.0015' as never });
  world.publish(policyWith(policyOf(given)));
  const more: Ask = { key: 'asked', isDryRun: given.isDryRun };
  const command = world.question(steps(given.asked), more);
  return { world, state: world.gate, command, more, recorded: evaluated(command, world.gate) };
};

const firstOf = (holds: (count: number) => boolean, most = MOST): number | undefined => {
  for (let count = 1; count <= most; count += 1) if (holds(count)) return count;
  return undefined;
};
const afterPolicy = (state: GateState, entry: PolicyEntry): GateState =>
  evolveGate(state, { journal: 'policy', entry, revision: 999n });

/** The least, by trying every one. */
const byTrying = ({ world, state, command, recorded, more }: Asked): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  const asked = countOf(recorded.cost.monthly_delta_usd ?? '0');
  const less = firstOf((count) => passes(world.question(steps(asked - count), more), state), asked);
  if (less !== undefined) found.set('delta', steps(asked - less));
  for (const { account } of recorded.balances_after.filter((each) => isBudgetAccount(each.account))) {
    const budget = state.policy.budgets.get(account.slice('budget:'.length));
    if (budget === undefined) throw new Error('a budget that was charged is there');
    const { terms, setBy, setAt } = budget;
    const raisedBy = (count: number): GateState =>
      afterPolicy(state, {
        type: 'budget_set',
        payload: {
          ...terms,
          limit_usd: steps(countOf(terms.limit_usd) + count),
          ...{ set_by: setBy, set_at: setAt, idempotency: keyed(null) },
        },
      });
    const more_ = firstOf((count) => passes(command, raisedBy(count)));
    if (more_ !== undefined) found.set(account, steps(countOf(terms.limit_usd) + more_));
  }
  const granted = (count: number): GateState =>
    afterPolicy(state, {
      type: 'credit_granted',
      payload: {
        ...{ credit_id: 'c', pool: 'reserved', scope: 'project:web', total_amount_usd: steps(count), priority: 1000 },
        ...{ expires_at: null, reason: '', owner: null, granted_by: '', granted_at: command.now },
        idempotency: keyed(null),
      },
    });
  const credit = firstOf((count) => passes(command, granted(count)));
  if (credit !== undefined) found.set('credit', `+${steps(credit)}`);
  return found;
};

/** How many names a waiver needs at least; undefined: none is enough. */
const fewestNames = ({ state, command, recorded }: Asked): number | undefined => {
  const names = [
    ...recorded.reason_codes.filter((code) => (WAIVABLE_CODES as readonly string[]).includes(code)),
    ...(recorded.rules_matched ?? []),
  ];
  const waived = (chosen: readonly string[]): GateState =>
    afterPolicy(state, {
      type: 'waiver_granted',
      payload: {
        exception_id: 'w',
        scope: { project: null, environment_class: null, source: null, resource_prefix: null },
        ...{ waives: chosen, max_monthly_delta_usd: null, max_uses: null, owner: '', reason: '', ticket: '' },
        ...{ expires_at: '2026-12-01T00:00:00.000Z' as never, granted_by: '', granted_at: command.now },
        idempotency: keyed(null),
      },
    });
  const enough = Array.from({ length: 2 ** names.length }, (_, bits) =>
    names.filter((_name, index) => (bits >> index) % 2 === 1),
  ).filter((chosen) => chosen.length > 0 && passes(command, waived(chosen)));
  return enough.length === 0 ? undefined : Math.min(...enough.map(({ length }) => length));
};

const byVariable = (flips: readonly Flip[]): ReadonlyMap<string, string> =>
  new Map(
    flips
      .filter(({ variable }) => variable !== 'waiver' && variable !== 'approval')
      .map(({ variable, to }) => [variable, to]),
  );

describe('the smallest change that flips an outcome', () => {
  it('is the one that is found by trying every amount, and of a waiver the fewest names', () => {
    const met = { delta: 0, budget: 0, credit: 0, waiver: 0, approval: 0, lowered: 0, forecast: 0 };
    fc.assert(
      fc.property(setting, (given) => {
        const asked = askedIn(given);
        const { command, state, recorded } = asked;
        const flips = flipsOf({ command, state, recorded });
        if (isPermitted(recorded.decision)) {
          expect(flips).toEqual([]);
          return;
        }
        expect(byVariable(flips)).toEqual(byTrying(asked));
        const waiver = flips.find(({ variable }) => variable === 'waiver');
        expect(waiver?.to.split(' ').length).toBe(fewestNames(asked));
        for (const { variable } of flips) met[(variable.split(':')[0] ?? '') as 'delta'] += 1;
        const isRaised = flips.some(({ variable }) => isBudgetAccount(variable));
        met.lowered += isRaised && given.budgets.some(({ lowered }) => lowered !== null) ? 1 : 0;
        met.forecast += isRaised && given.budgets.some(({ isForecast }) => isForecast) ? 1 : 0;
      }),
      { numRuns: 120 },
    );
    for (const [name, count] of Object.entries(met)) expect([name, count > 3]).toEqual([name, true]);
  });
});
