import type { Day } from './calendar.js';
import type { ComputedContext } from './computed-context.js';
import type { CostDays } from './cost-days.js';

/** Scopes that are remembered of a day, for each policy; the one that was computed first is forgotten first. */
export const CONTEXTS_KEPT = 500;

/** Of what a context is: the cost, whose settings and classes, the UTC day of `now`, and the scope by a name of its own. */
export interface ContextKey {
  readonly days: CostDays;
  /** The policy document; only its identity counts. */
  readonly policy: object;
  readonly day: Day;
  readonly scope: string;
}

interface OfDay {
  readonly day: Day;
  readonly byScope: Map<string, ComputedContext>;
}
/** Cost and policy are never changed, only replaced: what belongs to the earlier ones goes with them. */
const known = new WeakMap<CostDays, WeakMap<object, OfDay>>();

const ofDay = ({ days, policy, day }: ContextKey): OfDay => {
  const byPolicy = known.get(days) ?? new WeakMap<object, OfDay>();
  const found = byPolicy.get(policy);
  if (found?.day === day) return found;
  const made: OfDay = { day, byScope: new Map() };
  known.set(days, byPolicy.set(policy, made));
  return made;
};

/**
 * A context, computed once: cost is imported some times a day, and every decision asks.
 *
 * @param compute what the key stands for; equal keys have equal contexts.
 */
export const knownContext = (key: ContextKey, compute: () => ComputedContext): ComputedContext => {
  const { byScope } = ofDay(key);
  const found = byScope.get(key.scope);
  if (found !== undefined) return found;
  const context = compute();
  for (const first of byScope.keys()) {
    if (byScope.size < CONTEXTS_KEPT) break;
    byScope.delete(first);
  }
  byScope.set(key.scope, context);
  return context;
};
