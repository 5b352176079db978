import type { CostRowInput } from '../context/cost-row.js';
import type { HourlyUsdText, Instant } from '../shared/brand.js';
import { accepted, type Keyed, refused } from '../shared/entry.js';
import type { LookedUpAnswer } from '../shared/key-answers.js';
import { formatUsd6 } from '../shared/money.js';
import { type CostRows, costRowKey, foldCostRows } from './cost-rows.js';
import type { ImportedCost, ReservationsEntry } from './reservations.entries.js';
import { earlierSettlement, type ReconcileResult } from './reservations.js';
import type { ReservationsState } from './reservations.state.js';

/** Takes rows of actual cost, all or none. */
export interface ImportCosts {
  readonly kind: 'import_costs';
  readonly importId: string;
  /** At most COST_ROWS_MAX. */
  readonly rows: readonly CostRowInput[];
  readonly by: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}

export const COST_ROWS_MAX = 1000;
/** Rows of an entry, which has a size limit. */
const ROWS_PER_ENTRY = 100;
/** Rows a tenant's state remembers, so that a later one replaces them: those of COST_DAYS_KEPT days. */
export const COST_ROWS_KEPT_MAX = 100_000;

const recordedRow = (row: CostRowInput, replaces: HourlyUsdText | null): ImportedCost => ({
  day: row.day,
  project_id: row.projectId,
  environment: row.environment,
  service: row.service,
  resource: row.resource,
  status: row.status,
  cost_usd: formatUsd6(row.cost),
  replaces_usd: replaces,
});

/** Rows as they are recorded: each with what the one of its identity said before, be it in this import. */
const recordedRows = (
  known: CostRows,
  rows: readonly CostRowInput[],
  now: Instant,
): { readonly rows: readonly ImportedCost[]; readonly left: CostRows } =>
  rows.reduce<{ readonly rows: readonly ImportedCost[]; readonly left: CostRows }>(
    (done, row) => {
      const bare = recordedRow(row, null);
      const recorded = recordedRow(row, done.left.byDay.get(row.day)?.get(costRowKey(bare)) ?? null);
      return { rows: [...done.rows, recorded], left: foldCostRows(done.left, [recorded], now) };
    },
    { rows: [], left: known },
  );

/**
 * Records rows of actual cost. A row of the same day, project, environment, service, resource and status replaces the
 * earlier one, by an entry that says what it replaces.
 * @source contract section 13.5
 */
export const decideImport = (command: ImportCosts, state: ReservationsState): ReconcileResult => {
  const earlier = earlierSettlement('import', command, state);
  if (earlier !== undefined) return earlier;
  const { rows, left } = recordedRows(state.costRows, command.rows, command.now);
  if (left.count > COST_ROWS_KEPT_MAX) return refused({ code: 'quota_exceeded' });
  const parts = Math.ceil(rows.length / ROWS_PER_ENTRY);
  const entries = Array.from({ length: parts }, (_, index): ReservationsEntry => ({
    type: 'actual_costs_imported',
    payload: {
      import_id: command.importId,
      part: index + 1,
      parts,
      rows: rows.slice(index * ROWS_PER_ENTRY, (index + 1) * ROWS_PER_ENTRY),
      idempotency: command.idempotency,
      imported_by: command.by,
      imported_at: command.now,
    },
  }));
  return accepted(...entries);
};
