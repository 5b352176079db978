import { type Accounts, balanceOf } from '../accounts/accounts.js';
import { isDestructive } from '../context/risk.js';
import { type Budget, budgetAccount } from '../policy/policy.state.js';
import type { RuleBudget, RuleVariables } from '../rules/rules.js';
import { max, microUsd, NOTHING } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { AssessedCost } from './cost.js';
import type { GateState } from './decisions.state.js';
import type { Place } from './place.js';
import { poolAvailable, type Waterfall } from './waterfall.js';

const ruleBudget = (budget: Budget, accounts: Accounts, { terms }: Place, now: AskForChange['now']): RuleBudget => {
  const account = budgetAccount(budget.terms.budget_id);
  const { spent, held, headroom } = balanceOf(accounts, account, terms(account, now), now);
  const { scope, period } = budget.terms;
  return { scope, period, limit: budget.limit, spent, held, headroom: headroom ?? NOTHING };
};

export interface Seen {
  readonly place: Place;
  readonly cost: AssessedCost;
  readonly waterfall: Waterfall;
  readonly risk: RuleVariables['risk'];
  readonly context: () => RuleVariables['context'];
}

/**
 * What the conditions of rules may look at: the change and the state before it.
 *
 * @source contract section 8.4
 */
export const ruleVariables = (command: AskForChange, state: GateState, seen: Seen): RuleVariables => {
  const { request, requester, now } = command;
  const { place, cost, waterfall } = seen;
  const { change, evidence } = cost;
  const isKnown = evidence.monthly_delta_usd !== null;
  const pools = { credits: state.policy.credits, projectId: request.project_id, now };
  return {
    request: {
      source: request.source,
      action: request.action,
      project_id: request.project_id,
      environment: request.environment_label,
      environment_class: place.environmentClass,
      resource_reference: request.resource_reference,
      resource_types: change.resource_types,
      metadata: request.metadata,
      dry_run: command.isDryRun,
    },
    actor: requester,
    cost: {
      monthly: isKnown ? cost.monthly : null,
      hourly: isKnown ? cost.hourly : null,
      method: evidence.method,
      completeness: evidence.completeness,
      priced: evidence.priced,
      unpriced: evidence.unpriced,
    },
    change: {
      creates: change.creates,
      updates: change.updates,
      deletes: change.deletes,
      replaces: change.replaces,
      destructive: isDestructive(request.action, change),
    },
    budget: {
      matched: place.budgets.map((budget) => ruleBudget(budget, state.accounts, place, now)),
      fundable: waterfall.funded,
      unfunded: max(NOTHING, microUsd(waterfall.unfunded)),
    },
    credits: {
      reserved: poolAvailable('reserved', pools, state.accounts),
      emergency: poolAvailable('emergency', pools, state.accounts),
    },
    context: seen.context(),
    risk: seen.risk,
    now,
  };
};
