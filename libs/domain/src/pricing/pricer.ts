import type { Completeness } from '../decisions/decisions.entries.js';
import type { MicroUsd } from '../shared/money.js';
import type { Facts, MaskedState } from './attributes.js';
import {
  addExact,
  EXACT_ZERO,
  monthlyCost,
  quantityOf,
  subtractExact,
  toHourly,
  toMonthly,
  withinRange,
  type ExactQuantity,
  type ExactUsd,
} from './exact.js';
import { recordedLines, type ExactLine } from './lines.js';
import type { Plan, PlanAction, PlannedChange } from './plan.js';
import type { MeasuredQuantity, PriceBook, PriceBookEntry, Quantity } from './price-book.js';
import { createPriceIndex, type Selection } from './price-index.js';
import type { PricedLine, UnpricedReason } from './priced-line.js';
import { factsOf } from './region.js';

/** Figures that no plan holds, such as requests a month: decimal text by the name that the book's entries use. */
export type UsageFigures = Readonly<Record<string, string>>;

export interface ChangeCounts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly replace: number;
  readonly no_op: number;
  readonly read: number;
  /** Left running but no longer managed, also where another is made in its place: worth a warning. */
  readonly forget: number;
  /** Action lists that nobody knows. */
  readonly other: number;
}

export interface PricedPlan {
  /** The known part, half-even to 4 places; null when nothing is known. */
  readonly monthlyDelta: MicroUsd | null;
  /** The exact monthly part / 730, half-even to 6 places. */
  readonly hourlyDelta: MicroUsd | null;
  readonly completeness: Completeness;
  readonly priced: number;
  readonly unpriced: number;
  readonly lines: readonly PricedLine[];
  /** Types of what changes, sorted. */
  readonly resourceTypes: readonly string[];
  /** Whether anything is deleted or replaced. */
  readonly isDestructive: boolean;
  readonly counts: ChangeCounts;
}

/** Monthly cost of one state of a resource. */
export type StateCost =
  | { readonly kind: 'known'; readonly cost: ExactUsd; readonly entryId: string | null; readonly isFree: boolean }
  | { readonly kind: 'unknown'; readonly reason: UnpricedReason };

/** Narrows what `componentQuantity` answered. */
export const isUnpriced = (value: ExactQuantity | UnpricedReason): value is UnpricedReason => typeof value === 'string';

/** `default` stands for what is absent, never for what is unknown. */
const measured = (quantity: MeasuredQuantity, facts: Facts): ExactQuantity | UnpricedReason => {
  const attribute = facts(quantity.from);
  if (attribute.kind === 'sensitive') return 'attribute_sensitive';
  const text = attribute.kind === 'value' ? attribute.text : attribute.kind === 'absent' ? quantity.default : undefined;
  if (text === undefined) return 'attribute_unknown';
  return quantityOf(text, quantity.multiply, quantity.round_up_to) ?? 'attribute_unknown';
};

/** How much of a component a resource takes, or why that is not known. @source protocols section 3.2, "Quantity" */
export const componentQuantity = (
  quantity: Quantity,
  facts: Facts,
  usage: UsageFigures,
): ExactQuantity | UnpricedReason => {
  if (typeof quantity === 'string') return quantityOf(quantity) ?? 'attribute_unknown';
  if ('from' in quantity) return measured(quantity, facts);
  const figure = Object.hasOwn(usage, quantity.usage) ? usage[quantity.usage] : undefined;
  return (figure === undefined ? undefined : quantityOf(figure)) ?? 'usage_missing';
};

const costByEntry = (entry: PriceBookEntry, facts: Facts, usage: UsageFigures): StateCost => {
  let cost = EXACT_ZERO;
  for (const component of entry.components) {
    const quantity = componentQuantity(component.quantity, facts, usage);
    if (isUnpriced(quantity)) return { kind: 'unknown', reason: quantity };
    cost = addExact(cost, monthlyCost(component.unit_price, component.unit, quantity));
  }
  return { kind: 'known', cost, entryId: entry.id, isFree: false };
};

const NO_COST: StateCost = { kind: 'known', cost: EXACT_ZERO, entryId: null, isFree: false };
const FREE: StateCost = { kind: 'known', cost: EXACT_ZERO, entryId: null, isFree: true };

/** Cost of a state by what selection found. @source protocols section 3.2, "Quantity", "Arithmetic" */
export const costOf = (selection: Selection, facts: Facts, usage: UsageFigures): StateCost => {
  if (selection.kind === 'free') return FREE;
  if (selection.kind === 'none') return { kind: 'unknown', reason: selection.reason };
  return costByEntry(selection.entry, facts, usage);
};

type PriceState = (change: PlannedChange, state: MaskedState) => StateCost;

const createPriceState = (book: PriceBook, usage: UsageFigures): PriceState => {
  const select = priceIndexFor(book);
  return (change, state) => {
    const location = { provider: change.provider, resourceType: change.type, providerRegion: change.providerRegion };
    const facts = factsOf(state, location, book);
    return costOf(select(change.type, facts), facts, usage);
  };
};

// An index follows from its book alone and goes when the book goes.
const indexes = new WeakMap<PriceBook, ReturnType<typeof createPriceIndex>>();
/** The index of a book, made once. */
export const priceIndexFor = (book: PriceBook): ReturnType<typeof createPriceIndex> => {
  const index = indexes.get(book) ?? createPriceIndex(book);
  indexes.set(book, index);
  return index;
};

const unpricedLine = (change: PlannedChange, reason: UnpricedReason): ExactLine => ({
  identity: change.identity,
  type: change.type,
  action: change.action,
  entryId: null,
  status: 'unpriced',
  reason,
  before: null,
  after: null,
  delta: null,
});

const knownCost = (state: StateCost): ExactUsd | null => (state.kind === 'known' ? state.cost : null);
const entryIdOf = (state: StateCost): string | null => (state.kind === 'known' ? state.entryId : null);

/** A line is known when both of its states are. An unknown saving is not a saving. */
const comparedLine = (change: PlannedChange, before: StateCost, after: StateCost): ExactLine => {
  const line = { ...unpricedLine(change, 'no_entry'), before: knownCost(before), after: knownCost(after) };
  const entryId = entryIdOf(after) ?? entryIdOf(before);
  if (after.kind === 'unknown') return { ...line, entryId, reason: after.reason };
  if (before.kind === 'unknown') return { ...line, entryId, reason: before.reason };
  const status = entryId === null && (before.isFree || after.isFree) ? 'free' : 'priced';
  return { ...line, entryId, status, reason: null, delta: subtractExact(after.cost, before.cost) };
};

const HAS_BEFORE: ReadonlySet<PlanAction> = new Set(['update', 'delete', 'replace']);
const HAS_AFTER: ReadonlySet<PlanAction> = new Set(['create', 'update', 'replace']);

const lineOf = (change: PlannedChange, priceState: PriceState): ExactLine => {
  if (change.action === 'unknown') return unpricedLine(change, 'action_unknown');
  // It runs on, out of sight: nothing is saved and nothing is added.
  if (change.action === 'forget')
    return { ...unpricedLine(change, 'no_entry'), status: 'free', reason: null, delta: EXACT_ZERO };
  const before = HAS_BEFORE.has(change.action) ? priceState(change, change.before) : NO_COST;
  const after = HAS_AFTER.has(change.action) ? priceState(change, change.after) : NO_COST;
  return comparedLine(change, before, after);
};

/** What may cost: managed, and not left as it is. */
const isChange = ({ isManaged, action }: PlannedChange): boolean =>
  isManaged && action !== 'no-op' && action !== 'read';

const countsOf = (changes: readonly PlannedChange[]): ChangeCounts => {
  const count = (action: PlanAction): number => changes.filter((change) => change.action === action).length;
  return {
    create: count('create'),
    update: count('update'),
    delete: count('delete'),
    replace: count('replace'),
    no_op: count('no-op'),
    read: count('read'),
    forget: changes.filter(({ isManaged, isForgotten }) => isManaged && isForgotten).length,
    other: count('unknown'),
  };
};

interface Reached {
  readonly priced: number;
  readonly unpriced: number;
  /** False where the sum is more than an amount may be. */
  readonly isWhole: boolean;
}
const completenessOf = (plan: Plan, { priced, unpriced, isWhole }: Reached): Completeness => {
  if (plan.isErrored || (unpriced > 0 && priced === 0)) return 'unknown';
  return unpriced === 0 && plan.isComplete && isWhole ? 'complete' : 'partial';
};

/**
 * Prices a plan by a book. The same plan and book give the same result on every platform.
 *
 * @param options.usage figures for quantities that no plan holds.
 * @returns the known delta with its lines; `unknown` when the plan errored or no line at all could be priced; within
 *   +-10^12 USD, and `partial` beyond. Nothing of it holds an attribute or an address.
 * @source protocols sections 3.1 and 3.2; contract section 3; unknown is never zero
 */
export const pricePlan = (plan: Plan, book: PriceBook, options: { readonly usage?: UsageFigures } = {}): PricedPlan => {
  const priceState = createPriceState(book, options.usage ?? {});
  const changes = plan.changes.filter(isChange);
  const lines = [
    ...changes.map((change) => lineOf(change, priceState)),
    ...plan.deferred.map((change) => unpricedLine(change, 'deferred')),
  ];
  const priced = lines.filter(({ status }) => status === 'priced').length;
  const unpriced = lines.filter(({ status }) => status === 'unpriced').length;
  const sum = lines.reduce((sofar, { delta }) => addExact(sofar, delta ?? EXACT_ZERO), EXACT_ZERO);
  // Sizes are the caller's: what no amount can say counts as the most that one can, and says that there is more.
  const total = withinRange(sum);
  const completeness = completenessOf(plan, { priced, unpriced, isWhole: total === sum });
  return {
    monthlyDelta: completeness === 'unknown' ? null : toMonthly(total),
    hourlyDelta: completeness === 'unknown' ? null : toHourly(total),
    completeness,
    priced,
    unpriced,
    lines: recordedLines(lines),
    resourceTypes: [...new Set([...changes, ...plan.deferred].map(({ type }) => type))].sort(),
    isDestructive: changes.some(({ action }) => action === 'delete' || action === 'replace'),
    counts: countsOf(plan.changes),
  };
};
