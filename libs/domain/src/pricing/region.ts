import { readAttribute, type Attribute, type Facts, type MaskedState } from './attributes.js';
import type { PriceBook } from './price-book.js';

/** How a provider's zone names its region. @source protocols section 3.1 */
const ZONES: Readonly<Record<string, { readonly attribute: string; readonly region: RegExp }>> = {
  aws: { attribute: 'availability_zone', region: /^(.+)[a-z]$/ },
  google: { attribute: 'zone', region: /^(.+)-[^-]+$/ },
};

export interface Location {
  /** Last part of the provider's name: `aws` of `registry.terraform.io/hashicorp/aws`. */
  readonly provider: string;
  readonly resourceType: string;
  /** What the provider block says, as far as the plan shows it. */
  readonly providerRegion: string | null;
}

/** `google_compute_instance` belongs to `google`, whichever provider build (`google-beta`) plans it. */
const familyOf = (resourceType: string): string => resourceType.split('_', 1)[0] ?? '';

const zoneRegion = (state: MaskedState, { resourceType }: Location): Attribute => {
  const family = familyOf(resourceType);
  const zone = Object.hasOwn(ZONES, family) ? ZONES[family] : undefined;
  if (zone === undefined) return { kind: 'absent' };
  const attribute = readAttribute(state, [zone.attribute]);
  if (attribute.kind !== 'value') return attribute;
  const text = zone.region.exec(attribute.text)?.[1];
  return text === undefined ? { kind: 'absent' } : { kind: 'value', text };
};

const defaultRegion = (book: PriceBook, { provider, resourceType }: Location): string | undefined =>
  [provider, familyOf(resourceType)]
    .filter((name) => Object.hasOwn(book.defaults, name))
    .map((name) => book.defaults[name]?.region)[0];

/**
 * The region that prices a resource: its own, else its zone's, else the provider block's, else the book's default. What
 * is known only after apply goes on to the next step; what is masked stops, since a default would be a guess.
 *
 * @source protocols section 3.1
 */
export const resolveRegion = (state: MaskedState, location: Location, book: PriceBook): Attribute => {
  for (const attribute of [readAttribute(state, ['region']), zoneRegion(state, location)])
    if (attribute.kind === 'value' || attribute.kind === 'sensitive') return attribute;
  const text = location.providerRegion ?? defaultRegion(book, location);
  return text === undefined ? { kind: 'region_unknown' } : { kind: 'value', text };
};

/** Attributes of one state of a resource, with `region` resolved. */
export const factsOf =
  (state: MaskedState, location: Location, book: PriceBook): Facts =>
  (path) =>
    path.length === 1 && path[0] === 'region' ? resolveRegion(state, location, book) : readAttribute(state, path);
