import type { Instant } from '../shared/brand.js';
import { type MicroUsd, microUsd, NOTHING, roundHalfEven, roundTo4, sum } from '../shared/money.js';
import { type Day, dayOf, dayOfMonth, daysBetween, monthOf, plusDays } from './calendar.js';
import { COST_DAYS_KEPT, type CostDays, type CostSums, dayCost } from './cost-days.js';

export type DataSourceMode = 'final' | 'mixed' | 'preliminary' | 'none' | 'unavailable';
export type Anomaly = 'spike' | 'new_spend' | 'insufficient_data' | 'none';

/** What actual cost says of a month. Money is micro-USD, rounded half-even to the 4 places that are recorded. */
export interface ComputedContext {
  readonly monthStart: Day;
  /** The last day of the month. */
  readonly monthEnd: Day;
  /** Days of the month that have begun, today included. */
  readonly elapsedDays: number;
  readonly totalDays: number;
  /** Days of the month that rows speak of. */
  readonly observedCostDays: number;
  readonly latestCostDate: Day | null;
  readonly dataSourceMode: DataSourceMode;
  readonly stale: boolean;
  readonly mtd: MicroUsd;
  readonly burnDaily: MicroUsd;
  readonly forecastEom: MicroUsd;
  readonly anomaly: Anomaly;
}

/** Whose cost: of the tenant, of a project, or of those environments of a project whose labels a class takes in. */
export type ContextScope =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'project'; readonly projectId: string }
  | {
      readonly kind: 'environments';
      readonly projectId: string;
      readonly includes: (environmentLabel: string) => boolean;
    };

/** `context` of the policy in force. */
export interface ContextSettings {
  readonly spikeAbsolute: MicroUsd;
  readonly spikePercent: number;
  readonly maxDataAgeDays: number;
}

export interface AskForContext {
  readonly scope: ContextScope;
  readonly now: Instant;
  readonly settings: ContextSettings;
}

/** A covered day: one that rows speak of. */
interface CoveredDay {
  readonly day: Day;
  readonly cost: MicroUsd;
  readonly hasFinal: boolean;
  readonly hasPreliminary: boolean;
}

/** Without a row in so many days there is no data. */
const NO_DATA_DAYS = 35;
const BASELINE_DAYS = 7;

const coveredBy = (day: Day, sums: CostSums): readonly CoveredDay[] => {
  const known = dayCost(sums);
  if (known === undefined) return [];
  const { cost, status } = known;
  return [{ day, cost, hasFinal: status === 'final', hasPreliminary: status === 'preliminary' }];
};

const sumsOf = (parts: readonly CostSums[]): CostSums => {
  const total = (status: keyof CostSums): MicroUsd | null => {
    const amounts = parts.flatMap((part) => part[status] ?? []);
    return amounts.length === 0 ? null : sum(amounts);
  };
  return { final: total('final'), preliminary: total('preliminary') };
};

const daysOf = (state: CostDays, scope: ContextScope): readonly CoveredDay[] => {
  if (scope.kind === 'tenant')
    return state.tenant.map(({ day, cost, finalProjects, preliminaryProjects }) => ({
      day,
      cost,
      hasFinal: finalProjects > 0,
      hasPreliminary: preliminaryProjects > 0,
    }));
  const days = state.projects.get(scope.projectId) ?? [];
  return days.flatMap(({ day, sums, environments }) =>
    scope.kind === 'project'
      ? coveredBy(day, sums)
      : coveredBy(day, sumsOf(environments.filter(({ environment }) => scope.includes(environment)))),
  );
};

const modeOf = (used: readonly CoveredDay[]): DataSourceMode => {
  const hasFinal = used.some((day) => day.hasFinal);
  const hasPreliminary = used.some((day) => day.hasPreliminary);
  if (hasFinal && hasPreliminary) return 'mixed';
  return hasFinal ? 'final' : 'preliminary';
};

const total = (days: readonly CoveredDay[]): MicroUsd => sum(days.map(({ cost }) => cost));

/** The latest covered day against the mean of the 7 before. Compared in whole weeks, so that nothing is rounded. */
const anomalyOf = (days: readonly CoveredDay[], { spikeAbsolute, spikePercent }: ContextSettings): Anomaly => {
  const latest = days.at(-1);
  if (latest === undefined || days.length <= BASELINE_DAYS) return 'insufficient_data';
  const week = total(days.slice(-1 - BASELINE_DAYS, -1));
  if (week <= NOTHING) return latest.cost >= spikeAbsolute ? 'new_spend' : 'none';
  const count = BigInt(BASELINE_DAYS);
  const rise = count * latest.cost - week;
  const isSpike = rise >= count * spikeAbsolute && 100n * rise >= BigInt(spikePercent) * week;
  return isSpike ? 'spike' : 'none';
};

const withoutData = (today: Day, dataSourceMode: 'none' | 'unavailable'): ComputedContext => {
  const { start, end } = monthOf(today);
  return {
    monthStart: start,
    monthEnd: end,
    elapsedDays: dayOfMonth(today),
    totalDays: dayOfMonth(end),
    observedCostDays: 0,
    latestCostDate: null,
    dataSourceMode,
    stale: false,
    mtd: NOTHING,
    burnDaily: NOTHING,
    forecastEom: NOTHING,
    anomaly: 'insufficient_data',
  };
};

/** What there is to say when the cost could not be read in time. */
export const unavailableContext = (now: Instant): ComputedContext => withoutData(dayOf(now), 'unavailable');

/**
 * Month to date, burn rate, forecast and anomaly of a scope, from imported actual cost.
 * A day that no row speaks of is not covered: it is extrapolated like the days to come, not taken for a day without cost.
 * Rows of days after `now` are left aside.
 *
 * @returns mode `none` when no row speaks of the last 35 days.
 * @source contract section 10
 */
export const computeContext = (state: CostDays, { scope, now, settings }: AskForContext): ComputedContext => {
  const today = dayOf(now);
  const base = withoutData(today, 'none');
  const known = daysOf(state, scope);
  if (known.length === 0) return base; // Most projects of most tenants: nothing was imported.
  const oldest = plusDays(today, 1 - COST_DAYS_KEPT);
  const days = known.filter(({ day }) => day >= oldest && day <= today);
  const latest = days.at(-1)?.day;
  if (latest === undefined || daysBetween(latest, today) >= NO_DATA_DAYS) return base;
  const month = days.filter(({ day }) => day >= base.monthStart);
  const used = month.length > 0 ? month : days.slice(-BASELINE_DAYS);
  const mtd = total(month);
  const burn = microUsd(roundHalfEven(total(used), BigInt(used.length)));
  return {
    ...base,
    observedCostDays: month.length,
    latestCostDate: latest,
    dataSourceMode: modeOf(used),
    stale: daysBetween(latest, today) > settings.maxDataAgeDays,
    mtd: roundTo4(mtd),
    burnDaily: roundTo4(burn),
    forecastEom: roundTo4(microUsd(mtd + burn * BigInt(base.totalDays - month.length))),
    anomaly: anomalyOf(days, settings),
  };
};

/** Whether a budget may be judged by it: no, stale or unreadable data are none. @source contract section 10 */
export const hasCostData = ({ dataSourceMode, stale }: ComputedContext): boolean =>
  dataSourceMode !== 'none' && dataSourceMode !== 'unavailable' && !stale;
