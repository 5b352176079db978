import type { BalanceOf } from '../accounts/accounts.js';
import {
  type Anomaly,
  type ComputedContext as CostContext,
  computeContext,
  type ContextScope,
  type ContextSettings,
  hasCostData,
} from '../context/computed-context.js';
import { dayOf } from '../context/calendar.js';
import type { CostDays } from '../context/cost-days.js';
import { knownContext } from '../context/known-contexts.js';
import { hashedContext, type HashedContext } from '../context/recorded-context.js';
import { callerRiskLevel, isDestructive, riskOf, type Risk, type RiskClass } from '../context/risk.js';
import { type Budget, budgetAccount } from '../policy/policy.state.js';
import type { RuleContext, RuleVariables } from '../rules/rules.js';
import { classOf } from '../shared/environment.js';
import { type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { AssessedCost } from './cost.js';
import { type FindingItem, violation } from './findings.js';
import type { Place } from './place.js';
import type { ReasonCode } from './reason-codes.js';

/** What is known of the surroundings of a change: actual cost, forecast, risk. */
export interface ChangeContext {
  /** As it is recorded; a challenger's is not. */
  readonly recorded: () => HashedContext;
  readonly forRules: () => NonNullable<RuleVariables['context']>;
  readonly risk: RuleVariables['risk'];
  readonly notes: readonly ReasonCode[];
  /** `forecast_eom` of a budget's own scope, micro-USD; null: no data, or stale. */
  readonly forecastOf: (budget: Budget) => MicroUsd | null;
}

/** The caller's own word, `metadata.risk_level`; most metadata has none, and is not parsed for it. */
const callerLevelOf = (metadata: string): RiskClass | null => {
  if (!metadata.includes('"risk_level"')) return null;
  const parsed: unknown = JSON.parse(metadata); // RFC 8785 text, checked at the edge.
  return typeof parsed === 'object' && parsed !== null && 'risk_level' in parsed
    ? callerRiskLevel(parsed.risk_level)
    : null;
};

const riskOfChange = (command: AskForChange, place: Place, cost: AssessedCost, anomaly: Anomaly): Risk => {
  const { project_criticality: criticality, high_impact_types: types } = place.document.risk;
  const { completeness, method } = cost.evidence;
  const { project_id: project } = command.request; // May be called `constructor`.
  return riskOf({
    behaves: place.behaves,
    destructive: isDestructive(command.request.action, cost.change),
    criticality: (Object.hasOwn(criticality, project) ? criticality[project] : undefined) ?? 'low',
    highImpact: cost.change.resource_types.some((type) => types.includes(type)),
    monthly: cost.monthly,
    anomaly,
    costUncertain: completeness !== 'complete' || method === 'none' || cost.notes.includes('cost_declared_unverified'),
    callerLevel: callerLevelOf(command.request.metadata),
  });
};

const settingsOf = ({ document: { context } }: Place): ContextSettings => ({
  spikeAbsolute: usdOf(context.spike_absolute_usd),
  spikePercent: context.spike_percent,
  maxDataAgeDays: context.max_data_age_days,
});

const forRules = (context: CostContext, project: RuleContext | null) => ({
  mtd: context.mtd,
  burn_daily: context.burnDaily,
  forecast_eom: context.forecastEom,
  anomaly: context.anomaly,
  observed_days: context.observedCostDays,
  data_source_mode: context.dataSourceMode,
  stale: context.stale,
  project,
});

/** The environments whose labels the policy takes for one class. */
const environmentsOf = ({ document }: Place, projectId: string, environmentClass: string): ContextScope => ({
  kind: 'environments',
  projectId,
  includes: (label) => classOf(label, label, document.environments.classes).environmentClass === environmentClass,
});

/** Names a scope among those of one policy. */
const nameOf = (scope: ContextScope, environmentClass: string): string => {
  if (scope.kind === 'tenant') return scope.kind;
  return scope.kind === 'project' ? `project:${scope.projectId}` : `class:${environmentClass}:${scope.projectId}`;
};

/** Whose cost a budget's forecast is made from: that of its own scope. Contract section 9.1. */
const scopeOfBudget = ({ terms }: Budget, place: Place, projectId: string): ContextScope => {
  if (terms.scope === 'tenant') return { kind: 'tenant' };
  return terms.scope.includes('/env:')
    ? environmentsOf(place, projectId, place.environmentClass)
    : { kind: 'project', projectId };
};

/**
 * Step 7 of contract section 7.1: what surrounds the change, before it is compared with anything. The project's own cost
 * is recorded; rules see the tenant's too; each forecast budget is judged by its own scope's.
 */
export const changeContext = (
  command: AskForChange,
  place: Place,
  cost: AssessedCost,
  days: CostDays,
): ChangeContext => {
  const { now } = command;
  const projectId = command.request.project_id;
  const of = (scope: ContextScope): CostContext =>
    knownContext({ days, policy: place.document, day: dayOf(now), scope: nameOf(scope, place.environmentClass) }, () =>
      computeContext(days, { scope, now, settings: settingsOf(place) }),
    );
  const project = of({ kind: 'project', projectId });
  const risk = riskOfChange(command, place, cost, project.anomaly);
  return {
    recorded: () => hashedContext(project, risk),
    forRules: () => forRules(of({ kind: 'tenant' }), forRules(project, null)),
    risk: { score: risk.score, class: risk.riskClass },
    notes: risk.raisedByCaller ? ['risk_raised_by_caller'] : [],
    forecastOf: (budget) => {
      const context = of(scopeOfBudget(budget, place, projectId));
      return hasCostData(context) ? context.forecastEom : null;
    },
  };
};

const isForecastPassed = (budget: Budget, forecast: MicroUsd, monthly: MicroUsd, held: MicroUsd): boolean =>
  microUsd(forecast + held + monthly * BigInt(budget.terms.months_charged)) > budget.limit;

/**
 * What the forecast of the month says: budgets of basis `forecast` also have to hold `forecast_eom + held + request`.
 * Without usable data they cannot be judged, and that is a violation, never a pass.
 *
 * @source contract section 9.1
 */
export const contextFindings = (
  asked: {
    readonly place: Place;
    readonly cost: AssessedCost;
    readonly context: ChangeContext;
  },
  balance: BalanceOf,
): readonly FindingItem[] => {
  const { place, cost, context } = asked;
  if (cost.monthly <= NOTHING) return [];
  return place.budgets
    .filter(({ terms }) => terms.basis === 'forecast')
    .flatMap((budget) => {
      const forecast = context.forecastOf(budget);
      if (forecast === null) return [violation('computed_context_unavailable')];
      const { held } = balance(budgetAccount(budget.terms.budget_id));
      return isForecastPassed(budget, forecast, cost.monthly, held) ? [violation('forecast_exceeded')] : [];
    });
};
