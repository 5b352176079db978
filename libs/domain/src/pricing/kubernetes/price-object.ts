import type { PricedEvidence } from '../../decisions/ask-for-change.js';
import { jcsText } from '../../shared/jcs.js';
import { formatUsd4, NOTHING, type MicroUsd } from '../../shared/money.js';
import { sha256Hex } from '../../shared/sha256.js';
import { priceIndexFor } from '../pricer.js';
import type { PriceBook } from '../price-book.js';
import type { PricedLine, UnpricedReason } from '../priced-line.js';
import { exactDifference, hourlyOf, monthlyOf, NO_USD, type ExactObjectUsd } from './exact.js';
import type { ObjectFacts, ObjectPlace } from './facts.js';
import { objectAttributes } from './object-attributes.js';
import { resourceTypeOf } from './read-object.js';
import { objectCost, type ObjectCost } from './state-cost.js';

/** What a review changes, as far as money is concerned. */
export interface ObjectChange {
  readonly place: ObjectPlace;
  /** `deployments.apps/shop/api`. */
  readonly reference: string;
  /** null: there is none before a CREATE, and none after a DELETE. */
  readonly before: ObjectFacts | null;
  readonly after: ObjectFacts | null;
  /** CONNECT, work on finalizers, or an object that its owner's price covers: nothing is added or saved. */
  readonly isSettled: boolean;
}

const ABSENT: ObjectCost = { kind: 'known', cost: NO_USD, entryId: null };

const costOf = (facts: ObjectFacts | null, place: ObjectPlace, book: PriceBook): ObjectCost => {
  if (facts === null) return ABSENT;
  const attributes = objectAttributes(facts, place);
  return objectCost(facts, priceIndexFor(book)(resourceTypeOf(facts, place), attributes), attributes);
};

const actionOf = ({ before, after }: ObjectChange): PricedLine['action'] => {
  if (before === null) return after === null ? 'no-op' : 'create';
  return after === null ? 'delete' : 'update';
};

/** Whether both states are the same to a price book. Where neither is there, nobody knows. */
export const hasEqualFacts = ({ before, after }: Pick<ObjectChange, 'before' | 'after'>): boolean =>
  after !== null && jcsText(before) === jcsText(after);

const lineOf = (change: ObjectChange): PricedLine => {
  const facts = change.after ?? change.before;
  return {
    action: actionOf(change),
    address_sha256: sha256Hex(change.reference),
    after_usd: null,
    before_usd: null,
    count: 1,
    delta_usd: null,
    entry_id: null,
    reason: null,
    status: 'free',
    type: facts === null ? 'k8s:none' : resourceTypeOf(facts, change.place),
  };
};

/** One object is one resource. */
const changeOf = (change: ObjectChange, action: PricedLine['action']): PricedEvidence['change'] => ({
  creates: action === 'create' ? 1 : 0,
  deletes: action === 'delete' ? 1 : 0,
  replaces: 0,
  resource_types: action === 'no-op' ? [] : [lineOf(change).type],
  updates: action === 'update' ? 1 : 0,
});

const NO_CHANGE_USD = formatUsd4(NOTHING);
const unchanged = (change: ObjectChange): PricedEvidence => ({
  monthly: NOTHING,
  hourly: NOTHING,
  completeness: 'complete',
  priced: 0,
  unpriced: 0,
  change: changeOf(change, 'no-op'),
  lines: [{ ...lineOf(change), action: 'no-op', delta_usd: NO_CHANGE_USD }],
});

/** What a change costs that no book is needed for: exactly 0. undefined: money may be at stake. */
export const unchangedEvidence = (change: ObjectChange): PricedEvidence | undefined =>
  change.isSettled || hasEqualFacts(change) ? unchanged(change) : undefined;

const usdText = (cost: ObjectCost) => (cost.kind === 'known' ? formatUsd4(monthlyOf(cost.cost)) : null);

const unpriced = (change: ObjectChange, costs: Costs, reason: UnpricedReason): PricedEvidence => ({
  monthly: NOTHING,
  hourly: NOTHING,
  completeness: 'unknown',
  priced: 0,
  unpriced: 1,
  change: changeOf(change, actionOf(change)),
  lines: [
    {
      ...lineOf(change),
      after_usd: usdText(costs.after),
      before_usd: usdText(costs.before),
      reason,
      status: 'unpriced',
    },
  ],
});

interface Costs {
  readonly before: ObjectCost;
  readonly after: ObjectCost;
}

const USD_MAX = 1_000_000_000_000n * 1_000_000n;
/** @source contract section 3: no amount is beyond +-10^12 USD */
const isAmount = (amount: MicroUsd): boolean => amount <= USD_MAX && amount >= -USD_MAX;

const priced = (change: ObjectChange, costs: Costs, delta: ExactObjectUsd): PricedEvidence => {
  const monthly = monthlyOf(delta);
  const entryId = [costs.after, costs.before].map((cost) => (cost.kind === 'known' ? cost.entryId : null));
  const entry = entryId[0] ?? entryId[1] ?? null;
  return {
    monthly,
    hourly: hourlyOf(delta),
    completeness: 'complete',
    priced: entry === null ? 0 : 1,
    unpriced: 0,
    change: changeOf(change, actionOf(change)),
    lines: [
      {
        ...lineOf(change),
        after_usd: usdText(costs.after),
        before_usd: usdText(costs.before),
        delta_usd: formatUsd4(monthly),
        entry_id: entry,
        status: entry === null ? 'free' : 'priced',
      },
    ],
  };
};

/**
 * Prices what a review changes: facts of the new state minus facts of the old one, both by the same book.
 *
 * @returns one line. Equal facts and settled changes cost exactly 0, also where no entry has a price; otherwise a state
 *   that cannot be priced makes the whole unknown, never 0. Amounts beyond +-10^12 USD are unknown, too.
 * @source protocols sections 1.3 ("deltas") and 1.4
 */
export const priceObjectChange = (change: ObjectChange, book: PriceBook): PricedEvidence => {
  const free = unchangedEvidence(change);
  if (free !== undefined) return free;
  if (change.before === null && change.after === null) return unpriced(change, UNREADABLE, 'attribute_unknown');
  const costs = {
    before: costOf(change.before, change.place, book),
    after: costOf(change.after, change.place, book),
  };
  if (costs.after.kind === 'unknown') return unpriced(change, costs, costs.after.reason);
  if (costs.before.kind === 'unknown') return unpriced(change, costs, costs.before.reason);
  const delta = exactDifference(costs.after.cost, costs.before.cost);
  const isUsable = [delta, costs.after.cost, costs.before.cost].every((amount) => isAmount(monthlyOf(amount)));
  return isUsable ? priced(change, costs, delta) : unpriced(change, UNREADABLE, 'attribute_unknown');
};

const BEYOND: ObjectCost = { kind: 'unknown', reason: 'attribute_unknown' };
const UNREADABLE: Costs = { before: BEYOND, after: BEYOND };
