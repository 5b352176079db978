import type { HourlyUsdText, Instant } from '../shared/brand.js';
import { type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import { type Day, dayOf, plusDays } from './calendar.js';

export type CostStatus = 'final' | 'preliminary';

/** What a row of imported cost says of one day. A row with the same identity replaces it. */
export interface CostRow {
  readonly day: Day;
  readonly project_id: string;
  /** Label of the environment. */
  readonly environment: string;
  readonly status: CostStatus;
  /** 6 places: what is imported is exact. */
  readonly cost_usd: HourlyUsdText;
  /** What the row of the same identity said before; null: there was none. */
  readonly replaces_usd: HourlyUsdText | null;
}

/** Cost of a day by the status of its rows; null where there is no such row. */
export interface CostSums {
  readonly final: MicroUsd | null;
  readonly preliminary: MicroUsd | null;
}

export interface ProjectDay {
  readonly day: Day;
  readonly sums: CostSums;
  /** The same by environment, sorted by its label. */
  readonly environments: readonly (CostSums & { readonly environment: string })[];
}

/** The day cost of all projects: of each its final rows if it has any, else its preliminary ones. */
export interface TenantDay {
  readonly day: Day;
  readonly cost: MicroUsd;
  readonly finalProjects: number;
  readonly preliminaryProjects: number;
}

/** Imported cost of a tenant: COST_DAYS_KEPT days up to the newest import, oldest first. */
export interface CostDays {
  readonly projects: PersistentMap<readonly ProjectDay[]>;
  readonly tenant: readonly TenantDay[];
  /** Days before it have left. */
  readonly since: Day;
}

/** More than two months, so that the month before is whole however long it is. */
export const COST_DAYS_KEPT = 70;

export const noCostDays: CostDays = { projects: PersistentMap.empty, tenant: [], since: '' };

/** What a day is judged by: its final rows if any, else the preliminary; undefined without rows. */
export const dayCost = ({
  final,
  preliminary,
}: CostSums): { readonly cost: MicroUsd; readonly status: CostStatus } | undefined => {
  if (final !== null) return { cost: final, status: 'final' };
  return preliminary === null ? undefined : { cost: preliminary, status: 'preliminary' };
};

const NO_SUMS: CostSums = { final: null, preliminary: null };

const plusRow = <Sums extends CostSums>(sums: Sums, { status, cost_usd, replaces_usd }: CostRow): Sums => {
  const replaced = replaces_usd === null ? NOTHING : usdOf(replaces_usd);
  return { ...sums, [status]: microUsd((sums[status] ?? NOTHING) + usdOf(cost_usd) - replaced) };
};

/** The list with the item of this key changed or, in its place, made. Lists are short: seventy days, a few environments. */
const withItem = <Item>(items: readonly Item[], place: (item: Item) => number, make: (item?: Item) => Item): Item[] => {
  const index = items.findIndex((item) => place(item) >= 0);
  const found = items[index];
  if (found !== undefined && place(found) === 0) return items.map((item, at) => (at === index ? make(item) : item));
  return index < 0 ? [...items, make()] : [...items.slice(0, index), make(), ...items.slice(index)];
};
const placeAmong = (key: string, other: string): number => {
  if (key === other) return 0;
  return key < other ? -1 : 1;
};

const onProjectDay = (row: CostRow, known: ProjectDay | undefined): ProjectDay => ({
  day: row.day,
  sums: plusRow(known?.sums ?? NO_SUMS, row),
  environments: withItem(
    known?.environments ?? [],
    ({ environment }) => placeAmong(environment, row.environment),
    (sums) => plusRow(sums ?? { environment: row.environment, ...NO_SUMS }, row),
  ),
});

const counted = (day: TenantDay, sums: CostSums, sign: 1 | -1): TenantDay => {
  const known = dayCost(sums);
  if (known === undefined) return day;
  const member = known.status === 'final' ? 'finalProjects' : 'preliminaryProjects';
  return { ...day, cost: microUsd(day.cost + BigInt(sign) * known.cost), [member]: day[member] + sign };
};

const foldRow = (state: CostDays, row: CostRow): CostDays => {
  if (row.day < state.since) return state;
  const days = state.projects.get(row.project_id) ?? [];
  const before = days.find(({ day }) => day === row.day);
  const after = onProjectDay(row, before);
  const empty: TenantDay = { day: row.day, cost: NOTHING, finalProjects: 0, preliminaryProjects: 0 };
  return {
    ...state,
    projects: state.projects.set(
      row.project_id,
      withItem(
        days,
        ({ day }) => placeAmong(day, row.day),
        () => after,
      ),
    ),
    tenant: withItem(
      state.tenant,
      ({ day }) => placeAmong(day, row.day),
      (day) => counted(counted(day ?? empty, before?.sums ?? NO_SUMS, -1), after.sums, 1),
    ),
  };
};

/** Drops what is older than COST_DAYS_KEPT days, and projects of which nothing is left: once a day of imports. */
const forgetBefore = (state: CostDays, since: Day): CostDays => {
  if (since <= state.since) return state;
  const projects = [...state.projects].flatMap(([id, days]) => {
    const kept = days.filter(({ day }) => day >= since);
    return kept.length === 0 ? [] : [[id, kept] as const];
  });
  return {
    projects: PersistentMap.from(projects),
    tenant: state.tenant.filter(({ day }) => day >= since),
    since,
  };
};

/**
 * Folds rows of imported cost, in the order of their journal. Rows of different identities may come in any order; a row
 * that replaces another counts instead of it.
 * @source contract sections 10 and 13.5
 */
export const foldCosts = (state: CostDays, rows: readonly CostRow[], importedAt: Instant): CostDays =>
  rows.reduce(foldRow, forgetBefore(state, plusDays(dayOf(importedAt), 1 - COST_DAYS_KEPT)));
