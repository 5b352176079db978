import type { UsdText } from '../shared/brand.js';
import { formatUsd4 } from '../shared/money.js';
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
