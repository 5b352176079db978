import type { MicroUsd } from '../shared/money.js';
import type { Anomaly } from './computed-context.js';

export type RiskClass = 'low' | 'medium' | 'high';

export interface RiskFacts {
  /** What the environment's class behaves as. */
  readonly behaves: 'prod' | 'nonprod';
  readonly destructive: boolean;
  readonly criticality: RiskClass;
  /** Whether a resource type of the change is one the policy calls high-impact. */
  readonly highImpact: boolean;
  /** R, micro-USD a month; 0 where it is not known. */
  readonly monthly: MicroUsd;
  readonly anomaly: Anomaly;
  /** The cost is unverified, partial or unknown. */
  readonly costUncertain: boolean;
  /** `metadata.risk_level` of the caller; null where there is none that is one. */
  readonly callerLevel: RiskClass | null;
}

export interface Risk {
  readonly score: number;
  readonly riskClass: RiskClass;
  /** The caller says it is riskier than the score does: `risk_raised_by_caller`. */
  readonly raisedByCaller: boolean;
}

const LEVELS = ['low', 'medium', 'high'] as const satisfies readonly RiskClass[];
const CRITICALITY = { low: 0, medium: 1, high: 2 } as const satisfies Record<RiskClass, number>;
const USD = 1_000_000n;

const amountScore = (monthly: MicroUsd): number => {
  if (monthly >= 5000n * USD) return 2;
  return monthly >= 1000n * USD ? 1 : 0;
};

const scoreOf = (facts: RiskFacts): number =>
  (facts.behaves === 'prod' ? 3 : 0) +
  (facts.destructive ? 2 : 0) +
  CRITICALITY[facts.criticality] +
  (facts.highImpact ? 1 : 0) +
  amountScore(facts.monthly) +
  (facts.anomaly === 'spike' || facts.anomaly === 'new_spend' ? 1 : 0) +
  (facts.costUncertain ? 1 : 0);

const classOf = (score: number): RiskClass => {
  if (score >= 6) return 'high';
  return score >= 3 ? 'medium' : 'low';
};

/**
 * Score and class of a change's risk. A caller may raise the class, never lower it; the score stays what it is.
 * @source contract section 10
 */
export const riskOf = (facts: RiskFacts): Risk => {
  const score = scoreOf(facts);
  const own = classOf(score);
  const { callerLevel } = facts;
  const raisedByCaller = callerLevel !== null && LEVELS.indexOf(callerLevel) > LEVELS.indexOf(own);
  return { score, riskClass: raisedByCaller ? callerLevel : own, raisedByCaller };
};

const DESTROYING = /destroy|delete|terminate|drop/;

/** Whether a change takes something away: by its evidence, a delete or a replacement, or by the name of its action. */
export const isDestructive = (
  action: string,
  changes: { readonly deletes: number; readonly replaces: number } | null,
): boolean => DESTROYING.test(action.toLowerCase()) || (changes !== null && changes.deletes + changes.replaces > 0);

/** The caller's own `metadata.risk_level`; null for what names no level. */
export const callerRiskLevel = (value: unknown): RiskClass | null =>
  LEVELS.find((level) => typeof value === 'string' && value.toLowerCase() === level) ?? null;
