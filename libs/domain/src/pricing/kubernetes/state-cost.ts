import { HOURS_PER_MONTH } from '../../shared/money.js';
import type { Facts } from '../attributes.js';
import { monthlyCost, QUANTITY_PLACES, scaled } from '../exact.js';
import { componentQuantity, isUnpriced } from '../pricer.js';
import type { PriceBookEntry } from '../price-book.js';
import type { Selection } from '../price-index.js';
import type { UnpricedReason } from '../priced-line.js';
import { exactObjectUsd, MICRO, NO_USD, type ExactObjectUsd } from './exact.js';
import type { ObjectFacts } from './facts.js';

const WHOLE_MONTH = HOURS_PER_MONTH * MICRO;

/** Monthly cost of one state of an object. */
export type ObjectCost =
  | { readonly kind: 'known'; readonly cost: ExactObjectUsd; readonly entryId: string | null }
  | { readonly kind: 'unknown'; readonly reason: UnpricedReason };

const FREE: ObjectCost = { kind: 'known', cost: NO_USD, entryId: null };
const unknown = (reason: UnpricedReason): ObjectCost => ({ kind: 'unknown', reason });

interface Stay {
  /** Hours a month, and how many at once, both in millionths. */
  readonly hours: bigint;
  readonly count: bigint;
}

const assumed = (figure: string | undefined): bigint | undefined =>
  figure === undefined ? undefined : scaled(figure, QUANTITY_PLACES);

/** undefined: nobody knows how long or how often, and the entry assumes nothing. */
const stayOf = (facts: ObjectFacts, { assume }: PriceBookEntry): Stay | undefined => {
  if (facts.kind !== 'pods') return { hours: WHOLE_MONTH, count: MICRO };
  if (facts.run === 'daemon') {
    const nodes = assumed(assume?.nodes);
    return nodes === undefined ? undefined : { hours: WHOLE_MONTH, count: nodes };
  }
  const hours = facts.run === 'job' ? assumed(assume?.hours) : WHOLE_MONTH;
  if (hours === undefined || facts.replicas === null) return undefined;
  return { hours, count: BigInt(facts.replicas) * MICRO };
};

const isNothing = (facts: ObjectFacts): boolean =>
  (facts.kind === 'pods' && facts.replicas === '0') ||
  (facts.kind === 'service' && facts.service_type !== 'LoadBalancer');

/**
 * Monthly cost of one state of an object by what selection found.
 *
 * Quantities are those of one pod or claim, so that `round_up_to` rounds what one of them needs; then times how many
 * there are. None of them, and a Service of another type than LoadBalancer, cost nothing whatever the book says.
 *
 * @source protocols section 1.4 rules 3 and 4, section 3.2 "Arithmetic"
 */
export const objectCost = (facts: ObjectFacts, selection: Selection, attributes: Facts): ObjectCost => {
  if (isNothing(facts) || selection.kind === 'free') return FREE;
  if (selection.kind === 'none') return unknown(selection.reason);
  const { entry } = selection;
  const stay = stayOf(facts, entry);
  if (stay === undefined) return unknown('usage_missing');
  let cost = 0n;
  for (const { quantity, unit, unit_price: price } of entry.components) {
    const found = componentQuantity(quantity, attributes, {});
    if (isUnpriced(found)) return unknown(found);
    cost += monthlyCost(price, 'month', found) * (unit === 'hour' ? stay.hours : MICRO) * stay.count;
  }
  return { kind: 'known', cost: exactObjectUsd(cost), entryId: entry.id };
};
