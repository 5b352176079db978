import type { Completeness, CostMethod, Source } from '../decisions/decisions.entries.js';
import type { EnvironmentClass } from '../policy/policy.document.js';
import type { Actor } from '../shared/entry.js';
import type { Instant } from '../shared/brand.js';
import type { MicroUsd } from '../shared/money.js';
import type { PolicyRule } from './policy-rule.js';
import type { RuleTrace } from './rule-trace.js';

/** Actual cost and forecast of a tenant or a project, contract section 10. Amounts in micro-USD. */
export interface RuleContext {
  readonly mtd: MicroUsd;
  readonly burn_daily: MicroUsd;
  readonly forecast_eom: MicroUsd;
  readonly anomaly: 'spike' | 'new_spend' | 'insufficient_data' | 'none';
  readonly observed_days: number;
  readonly data_source_mode: 'final' | 'mixed' | 'preliminary' | 'none' | 'unavailable';
  readonly stale: boolean;
}

/**
 * What conditions may look at; the members are the names of the language. Money is int micro-USD, counts are int,
 * `now` is a timestamp. A null stands for what is not known: comparing it with a number is an evaluation error, so
 * that an unknown amount never passes as a small one.
 *
 * @source contract section 8.4
 */
export interface RuleVariables {
  readonly request: {
    readonly source: Source;
    readonly action: string;
    readonly project_id: string;
    /** The label, as in the fingerprint: `prod` for `Production`. */
    readonly environment: string;
    readonly environment_class: EnvironmentClass;
    readonly resource_reference: string;
    readonly resource_types: readonly string[];
    /** RFC 8785 text of the caller's metadata; conditions see the object. Its integers are int, other numbers double. */
    readonly metadata: string;
    readonly dry_run: boolean;
  };
  readonly actor: {
    readonly subject: string;
    readonly kind: Actor['kind'];
    readonly roles: readonly string[];
    readonly groups: readonly string[];
    readonly on_behalf_of: string | null;
  };
  readonly cost: {
    /** The amount that the decision uses; null when nothing at all is known. */
    readonly monthly: MicroUsd | null;
    readonly hourly: MicroUsd | null;
    readonly method: CostMethod;
    readonly completeness: Completeness;
    readonly priced: number;
    readonly unpriced: number;
  };
  readonly change: {
    readonly creates: number;
    readonly updates: number;
    readonly deletes: number;
    readonly replaces: number;
    readonly destructive: boolean;
  };
  readonly budget: {
    readonly matched: readonly RuleBudget[];
    readonly fundable: MicroUsd;
    readonly unfunded: MicroUsd;
  };
  /** What the pools could still give to this project. */
  readonly credits: { readonly reserved: MicroUsd; readonly emergency: MicroUsd };
  /** The tenant's own, and the project's; null where there is none. */
  readonly context: (RuleContext & { readonly project: RuleContext | null }) | null;
  readonly risk: { readonly score: number; readonly class: 'low' | 'medium' | 'high' };
  readonly now: Instant;
}

/** A budget that the change is charged to, before the change. Amounts in micro-USD. */
export interface RuleBudget {
  readonly scope: string;
  readonly period: string;
  readonly limit: MicroUsd;
  readonly spent: MicroUsd;
  readonly held: MicroUsd;
  readonly headroom: MicroUsd;
}

/**
 * Evaluates the conditions of rules. Pure: no clock, no chance, no input or output; equal arguments give equal traces
 * on every platform, costs included.
 *
 * @source contract section 8.4
 */
export interface RuleEngine {
  /** The defect of a condition with its position, or null: syntax, unknown names, types, a result that is no bool. */
  check(condition: string): string | null;
  /**
   * One trace per enabled rule, in the order of the rules. An evaluation stops as soon as it has used its own budget
   * or what is left of `totalBudget`, and is then an error. A unit is one node that was evaluated, one iteration of a
   * macro, one pair of values compared, or 32 characters read or written.
   */
  evaluate(rules: readonly PolicyRule[], variables: RuleVariables, totalBudget: number): readonly RuleTrace[];
}
