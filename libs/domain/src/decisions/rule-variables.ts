import type { BalanceOf } from '../accounts/accounts.js';
import { isDestructive } from '../context/risk.js';
import { type Budget, budgetAccount } from '../policy/policy.state.js';
import type { RuleBudget, RuleVariables } from '../rules/rules.js';
import { max, microUsd, NOTHING } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { AssessedCost } from './cost.js';
import type { GateState } from './decisions.state.js';
import type { Place } from './place.js';
import { poolAvailable, type Waterfall } from './waterfall.js';

const ruleBudget = (budget: Budget, balance: BalanceOf): RuleBudget => {
  const { spent, held, headroom } = balance(budgetAccount(budget.terms.budget_id));
  const { scope, period } = budget.terms;
  return { scope, period, limit: budget.limit, spent, held, headroom: headroom ?? NOTHING };
};

export interface Seen {
  readonly place: Place;
  readonly cost: AssessedCost;
  readonly waterfall: Waterfall;
  readonly balance: BalanceOf;
  readonly risk: RuleVariables['risk'];
  readonly context: () => RuleVariables['context'];
}

/** Each part is made when a condition asks for it: balances and cost context are no small work, and few rules see all. */
class VariablesOfChange implements RuleVariables {
  constructor(
    private readonly command: AskForChange,
    private readonly state: GateState,
    private readonly seen: Seen,
  ) {}

  get request(): RuleVariables['request'] {
    const { request, isDryRun } = this.command;
    return {
      source: request.source,
      action: request.action,
      project_id: request.project_id,
      environment: request.environment_label,
      environment_class: this.seen.place.environmentClass,
      resource_reference: request.resource_reference,
      resource_types: this.seen.cost.change.resource_types,
      metadata: request.metadata,
      dry_run: isDryRun,
    };
  }

  get actor(): RuleVariables['actor'] {
    return this.command.requester;
  }

  get cost(): RuleVariables['cost'] {
    const { monthly, hourly, evidence } = this.seen.cost;
    // A removal adds 0, whatever it saves: a condition over money that cannot be evaluated would refuse it for money.
    const isKnown = evidence.monthly_delta_usd !== null || this.command.isRemoval;
    return {
      monthly: isKnown ? monthly : null,
      hourly: isKnown ? hourly : null,
      method: evidence.method,
      completeness: evidence.completeness,
      priced: evidence.priced,
      unpriced: evidence.unpriced,
    };
  }

  get change(): RuleVariables['change'] {
    const { change } = this.seen.cost;
    return {
      creates: change.creates,
      updates: change.updates,
      deletes: change.deletes,
      replaces: change.replaces,
      destructive: isDestructive(this.command.request.action, change),
    };
  }

  get budget(): RuleVariables['budget'] {
    const { place, waterfall, balance } = this.seen;
    return {
      matched: place.budgets.map((budget) => ruleBudget(budget, balance)),
      fundable: waterfall.funded,
      unfunded: max(NOTHING, microUsd(waterfall.unfunded)),
    };
  }

  get credits(): RuleVariables['credits'] {
    const { policy, accounts } = this.state;
    const pools = { credits: policy.credits, projectId: this.command.request.project_id, now: this.now };
    return {
      reserved: poolAvailable('reserved', pools, accounts),
      emergency: poolAvailable('emergency', pools, accounts),
    };
  }

  get context(): RuleVariables['context'] {
    return this.seen.context();
  }

  get risk(): RuleVariables['risk'] {
    return this.seen.risk;
  }

  get now(): RuleVariables['now'] {
    return this.command.now;
  }
}

/**
 * What the conditions of rules may look at: the change and the state before it.
 *
 * @source contract section 8.4
 */
export const ruleVariables = (command: AskForChange, state: GateState, seen: Seen): RuleVariables =>
  new VariablesOfChange(command, state, seen);
