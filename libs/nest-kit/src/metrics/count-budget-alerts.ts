import { BUDGET_THRESHOLDS } from './labels.js';
import type { Metrics } from './metrics.js';

/** Counts percentages that budgets have reached; those that only some budget names share one label. */
export const countBudgetAlerts = (metrics: Pick<Metrics, 'budgetAlerts'>, percents: readonly number[]): void => {
  for (const percent of percents)
    metrics.budgetAlerts.inc(BUDGET_THRESHOLDS.find((each) => each === String(percent)) ?? 'other');
};
