import type { Sha256Hex, UsdText } from '../shared/brand.js';
import { jcsText } from '../shared/jcs.js';
import { formatUsd4 } from '../shared/money.js';
import { sha256Hex } from '../shared/sha256.js';
import type { Day } from './calendar.js';
import type { Anomaly, ComputedContext, DataSourceMode } from './computed-context.js';
import type { Risk, RiskClass } from './risk.js';

/** `computed_context` of a decision, as it is recorded and hashed. */
export interface RecordedContext {
  readonly version: 'verdict.computed_context.v1';
  readonly month_start: Day;
  readonly month_end: Day;
  readonly elapsed_days: number;
  readonly total_days: number;
  readonly observed_cost_days: number;
  readonly latest_cost_date: Day | null;
  readonly data_source_mode: DataSourceMode;
  readonly stale: boolean;
  readonly mtd_spend_usd: UsdText;
  readonly burn_rate_daily_usd: UsdText;
  readonly forecast_eom_usd: UsdText;
  readonly anomaly: Anomaly;
  readonly risk_score: number;
  readonly risk_class: RiskClass;
}

/** The members of contract section 10, of one context and the risk of one change. */
export const recordedContext = (context: ComputedContext, { score, riskClass }: Risk): RecordedContext => ({
  // Members in canonical order, so that sealing has nothing to sort.
  anomaly: context.anomaly,
  burn_rate_daily_usd: formatUsd4(context.burnDaily),
  data_source_mode: context.dataSourceMode,
  elapsed_days: context.elapsedDays,
  forecast_eom_usd: formatUsd4(context.forecastEom),
  latest_cost_date: context.latestCostDate,
  month_end: context.monthEnd,
  month_start: context.monthStart,
  mtd_spend_usd: formatUsd4(context.mtd),
  observed_cost_days: context.observedCostDays,
  risk_class: riskClass,
  risk_score: score,
  stale: context.stale,
  total_days: context.totalDays,
  version: 'verdict.computed_context.v1',
});

/** A context as it is recorded, and the SHA-256 of its canonical text. */
export interface HashedContext {
  readonly recorded: RecordedContext;
  readonly sha256: Sha256Hex;
}
/** By score and class of the risk, which are few. */
const hashed = new WeakMap<ComputedContext, Map<string, HashedContext>>();

/** {@link recordedContext} and its hash, made once: contexts and risks repeat from decision to decision. */
export const hashedContext = (context: ComputedContext, risk: Risk): HashedContext => {
  const byRisk = hashed.get(context) ?? new Map<string, HashedContext>();
  const key = `${String(risk.score)} ${risk.riskClass}`;
  const known = byRisk.get(key);
  if (known !== undefined) return known;
  const recorded = recordedContext(context, risk);
  const made = { recorded, sha256: sha256Hex(jcsText(recorded)) };
  hashed.set(context, byRisk.set(key, made));
  return made;
};
