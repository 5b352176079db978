import { dayOf, plusDays } from '../context/calendar.js';
import { COST_DAYS_KEPT } from '../context/cost-days.js';
import type { HourlyUsdText, Instant } from '../shared/brand.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { ImportedCost } from './reservations.entries.js';

/** What each imported row says, by day and identity: for COST_DAYS_KEPT days up to the newest import. */
export interface CostRows {
  readonly byDay: PersistentMap<PersistentMap<HourlyUsdText>>;
  readonly count: number;
}

export const noCostRows: CostRows = { byDay: PersistentMap.empty, count: 0 };

/** The identity of a row within its day. Names hold no line break. */
export const costRowKey = ({ project_id, environment, service, resource, status }: ImportedCost): string =>
  [project_id, environment, service, resource, status].join('\n');

const forgetBefore = (rows: CostRows, since: string): CostRows =>
  [...rows.byDay].reduce<CostRows>(
    (left, [day, known]) => (day >= since ? left : { byDay: left.byDay.delete(day), count: left.count - known.size }),
    rows,
  );

/** Folds imported rows; those of days that are no longer kept are recorded and not remembered. */
export const foldCostRows = (rows: CostRows, imported: readonly ImportedCost[], at: Instant): CostRows => {
  const since = plusDays(dayOf(at), 1 - COST_DAYS_KEPT);
  return imported.reduce<CostRows>(
    (left, row) => {
      if (row.day < since) return left;
      const known = left.byDay.get(row.day) ?? PersistentMap.empty;
      const next = known.set(costRowKey(row), row.cost_usd);
      return { byDay: left.byDay.set(row.day, next), count: left.count + next.size - known.size };
    },
    forgetBefore(rows, since),
  );
};
