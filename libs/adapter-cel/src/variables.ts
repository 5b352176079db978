import { msOf, type RuleBudget, type RuleContext, type RuleVariables } from '@verdict/domain';
import type { Variables } from './evaluation/program.js';
import { Moment, Struct, type Value } from './evaluation/values.js';

/** JSON as conditions see it: numbers that are safe integers are int, others double. */
const fromJson = (json: unknown): Value => {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
  if (typeof json === 'string' || typeof json === 'boolean') return json;
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== 'object' || json === null) return null;
  return new Map(Object.entries(json).map(([name, member]) => [name, fromJson(member)]));
};

/** Metadata may be large and few conditions look at it, so it is read when the first one does. */
class RequestStruct extends Struct {
  readonly #text: string;
  #metadata: Value | undefined;

  constructor(request: RuleVariables['request']) {
    super({ ...request });
    this.#text = request.metadata;
  }

  override member(name: string): Value | undefined {
    if (name !== 'metadata') return super.member(name);
    this.#metadata ??= fromJson(JSON.parse(this.#text));
    return this.#metadata;
  }
}

const contextOf = (context: RuleContext, project: Value): Struct =>
  new Struct({
    mtd: context.mtd,
    burn_daily: context.burn_daily,
    forecast_eom: context.forecast_eom,
    anomaly: context.anomaly,
    observed_days: BigInt(context.observed_days),
    data_source_mode: context.data_source_mode,
    stale: context.stale,
    project,
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
  return contextOf(context, context.project === null ? null : contextOf(context.project, null));
};

type Maker = (variables: RuleVariables) => Value;
const MAKERS = {
  request: ({ request }) => new RequestStruct(request),
  // Nobody is nobody by name, so that a comparison with a name is false and not an error.
  actor: ({ actor }) => new Struct({ ...actor, on_behalf_of: actor.on_behalf_of ?? '' }),
  cost: ({ cost }) => new Struct({ ...cost, priced: BigInt(cost.priced), unpriced: BigInt(cost.unpriced) }),
  change: ({ change }) => countsOf(change),
  budget: ({ budget }) => new Struct({ ...budget, matched: budget.matched.map(budgetOf) }),
  credits: ({ credits }) => new Struct({ ...credits }),
  context: ({ context }) => contextValue(context),
  risk: ({ risk }) => new Struct({ score: BigInt(risk.score), class: risk.class }),
  now: ({ now }) => new Moment(BigInt(msOf(now)) * 1_000_000n),
} as const satisfies Record<keyof RuleVariables, Maker>;

const NAMES: readonly string[] = Object.keys(MAKERS);
const IN_PLACE: readonly Maker[] = Object.values(MAKERS);

/** Where a variable is found in {@link variablesOf}; undefined: there is none of that name. */
export const placeOf = (name: string): number | undefined => {
  const place = NAMES.indexOf(name);
  return place < 0 ? undefined : place;
};

class LazyVariables implements Variables {
  readonly #variables: RuleVariables;
  readonly #made: (Value | undefined)[] = IN_PLACE.map(() => undefined);

  constructor(variables: RuleVariables) {
    this.#variables = variables;
  }

  at(place: number): Value {
    return this.#made[place] ?? this.#make(place);
  }

  #make(place: number): Value {
    const value = IN_PLACE[place]?.(this.#variables) ?? null;
    this.#made[place] = value;
    return value;
  }
}

/** Variables as values of the language, for all rules of a decision. Each is made when a condition first asks for it. */
export const variablesOf = (variables: RuleVariables): Variables => new LazyVariables(variables);
