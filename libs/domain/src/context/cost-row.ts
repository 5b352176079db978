import type { Instant } from '../shared/brand.js';
import { labelOf, normaliseEnvironment } from '../shared/environment.js';
import { isMoney, type MicroUsd, parseUsd } from '../shared/money.js';
import { type Day, dayOf, plusDays } from './calendar.js';
import type { CostStatus } from './cost-days.js';

/** A row of imported cost, read. Amounts in micro-USD. */
export interface CostRowInput {
  readonly day: Day;
  readonly projectId: string;
  readonly environment: string;
  readonly service: string;
  readonly resource: string;
  readonly status: CostStatus;
  readonly cost: MicroUsd;
  /** The decision whose hold the row also reconciles, and what that came to a month. */
  readonly settles: { readonly decisionId: string; readonly actual: MicroUsd } | null;
}

export interface CostRowDefect {
  readonly column: string;
  /** A problem code of contract section 17.2. */
  readonly code: string;
  readonly detail: string;
}

/** The cell of a column; an empty cell is one that is not there. */
export type CellOf = (column: string) => string | undefined;

const DAY_START = /^(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?$/;
const PROJECT = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

type Cell<Value> = { readonly value: Value } | CostRowDefect;
const isDefect = (cell: Cell<unknown>): cell is CostRowDefect => 'code' in cell;
const wrong = (column: string, detail: string, code = 'validation_failed'): CostRowDefect => ({ column, code, detail });

const startOf = (cell: CellOf, column: string): Cell<Day> => {
  const [, day] = DAY_START.exec(cell(column) ?? '') ?? [];
  const isDay = day !== undefined && !Number.isNaN(Date.parse(day)) && plusDays(day, 0) === day;
  return isDay ? { value: day } : wrong(column, 'the start of a UTC day, as 2026-11-10T00:00:00Z');
};

/** One day, whole: hours would replace each other, since a row is known by its day. */
const periodOf = (cell: CellOf, now: Instant): Cell<Day> => {
  const start = startOf(cell, 'ChargePeriodStart');
  if (isDefect(start)) return start;
  const end = startOf(cell, 'ChargePeriodEnd');
  if (isDefect(end)) return end;
  if (end.value !== plusDays(start.value, 1)) return wrong('ChargePeriodEnd', 'the start of the day after');
  return start.value > dayOf(now) ? wrong('ChargePeriodStart', 'the day is yet to come') : start;
};

const moneyOf = (cell: CellOf, column: string, places: 4 | 6): Cell<MicroUsd> => {
  const amount = parseUsd(cell(column) ?? '', places);
  return isMoney(amount)
    ? { value: amount }
    : wrong(column, `USD with at most ${String(places)} decimal places`, amount);
};

const costOf = (cell: CellOf): Cell<MicroUsd> => {
  if (cell('BillingCurrency') !== 'USD') return wrong('BillingCurrency', 'costs are in USD', 'currency_unsupported');
  return moneyOf(cell, cell('EffectiveCost') === undefined ? 'BilledCost' : 'EffectiveCost', 6);
};

const nameOf = (
  cell: CellOf,
  column: string,
  { min, max }: { readonly min: number; readonly max: number },
): Cell<string> => {
  const text = cell(column) ?? '';
  const fits = text.length >= min && text.length <= max && !CONTROL.test(text);
  return fits ? { value: text } : wrong(column, `${String(min)} to ${String(max)} characters of one line`);
};

const projectOf = (cell: CellOf): Cell<string> => {
  const text = cell('x_project_id') ?? '';
  return PROJECT.test(text) && !text.includes('/env:') ? { value: text } : wrong('x_project_id', 'the id of a project');
};

const statusOf = (cell: CellOf): Cell<CostStatus> => {
  const status = cell('x_status');
  return status === 'final' || status === 'preliminary' ? { value: status } : wrong('x_status', 'final or preliminary');
};

const settlesOf = (cell: CellOf): Cell<CostRowInput['settles']> => {
  const id = cell('x_decision_id');
  const hasActual = cell('x_actual_monthly_delta_usd') !== undefined;
  if (id === undefined)
    return hasActual ? wrong('x_decision_id', 'an actual needs the decision it is of') : { value: null };
  if (!UUID.test(id)) return wrong('x_decision_id', 'the id of a decision');
  const actual = moneyOf(cell, 'x_actual_monthly_delta_usd', 4);
  return isDefect(actual) ? actual : { value: { decisionId: id, actual: actual.value } };
};

/**
 * Reads a row of cost in the columns of FOCUS, and Verdict's own that begin with `x_`. Other columns are left aside.
 *
 * @returns the row, or all its defects: one per column.
 * @source contract section 13.5
 */
export const readCostRow = (
  cell: CellOf,
  now: Instant,
):
  | { readonly kind: 'row'; readonly row: CostRowInput }
  | { readonly kind: 'defects'; readonly defects: readonly CostRowDefect[] } => {
  const cells = {
    day: periodOf(cell, now),
    cost: costOf(cell),
    service: nameOf(cell, 'ServiceName', { min: 1, max: 128 }),
    resource: nameOf(cell, 'ResourceId', { min: 0, max: 512 }),
    projectId: projectOf(cell),
    environment: nameOf(cell, 'x_environment', { min: 0, max: 32 }),
    status: statusOf(cell),
    settles: settlesOf(cell),
  };
  const { day, cost, service, resource, projectId, environment, status, settles } = cells;
  const defects = Object.values<Cell<unknown>>(cells).filter(isDefect);
  if (isDefect(day) || isDefect(cost) || isDefect(service) || isDefect(resource)) return { kind: 'defects', defects };
  if (isDefect(projectId) || isDefect(environment) || isDefect(status) || isDefect(settles))
    return { kind: 'defects', defects };
  return {
    kind: 'row',
    row: {
      day: day.value,
      cost: cost.value,
      service: service.value,
      resource: resource.value,
      projectId: projectId.value,
      environment: labelOf(normaliseEnvironment(environment.value)),
      status: status.value,
      settles: settles.value,
    },
  };
};
