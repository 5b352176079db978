import { msOf, type RuleBudget, type RuleContext, type RuleVariables } from '@verdict/domain';
import { Moment, Struct, type Value } from './evaluation/values.js';

/** JSON as conditions see it: numbers that are safe integers are int, others double. */
const fromJson = (json: unknown): Value => {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
  if (typeof json === 'string' || typeof json === 'boolean') return json;
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== 'object' || json === null) return null;
  return new Map(Object.entries(json).map(([name, member]) => [name, fromJson(member)]));
};

const contextOf = (context: RuleContext): Readonly<Record<string, Value>> => ({
  mtd: context.mtd,
  burn_daily: context.burn_daily,
  forecast_eom: context.forecast_eom,
  anomaly: context.anomaly,
  observed_days: BigInt(context.observed_days),
  data_source_mode: context.data_source_mode,
  stale: context.stale,
});

const budgetOf = ({ scope, period, limit, spent, held, headroom }: RuleBudget): Struct =>
  new Struct({ scope, period, limit, spent, held, headroom });

const countsOf = ({ creates, updates, deletes, replaces, destructive }: RuleVariables['change']): Struct =>
  new Struct({
    creates: BigInt(creates),
    updates: BigInt(updates),
    deletes: BigInt(deletes),
    replaces: BigInt(replaces),
    destructive,
  });

const contextValue = (context: RuleVariables['context']): Value => {
  if (context === null) return null;
  const project = context.project === null ? null : new Struct(contextOf(context.project));
  return new Struct({ ...contextOf(context), project });
};

/** Variables as values of the language. Made once for all rules of a decision. */
export const valuesOf = (variables: RuleVariables): ReadonlyMap<string, Value> => {
  const { request, actor, cost, change, budget, credits, context, risk, now } = variables;
  return new Map<string, Value>([
    ['request', new Struct({ ...request, metadata: fromJson(JSON.parse(request.metadata)) })],
    // Nobody is nobody by name, so that a comparison with a name is false and not an error.
    ['actor', new Struct({ ...actor, on_behalf_of: actor.on_behalf_of ?? '' })],
    ['cost', new Struct({ ...cost, priced: BigInt(cost.priced), unpriced: BigInt(cost.unpriced) })],
    ['change', countsOf(change)],
    ['budget', new Struct({ ...budget, matched: budget.matched.map(budgetOf) })],
    ['credits', new Struct({ ...credits })],
    ['context', contextValue(context)],
    ['risk', new Struct({ score: BigInt(risk.score), class: risk.class })],
    ['now', new Moment(BigInt(msOf(now)) * 1_000_000n)],
  ]);
};
