/** `verdict.price-book.v1`, normalised: numbers as text, so that equal books are equal bytes. protocols section 3.2. */
export interface PriceBook {
  readonly format: 'verdict.price-book.v1';
  readonly version: string;
  readonly currency: 'USD';
  readonly hours_per_month: 730;
  readonly defaults: { readonly [provider: string]: { readonly region: string } };
  readonly free: readonly string[];
  readonly entries: readonly PriceBookEntry[];
}
export interface PriceBookEntry {
  readonly id: string;
  /** Exact, or with one trailing `*`. */
  readonly resource_type: string;
  readonly match: { readonly [path: string]: Matcher };
  readonly components: readonly PriceComponent[];
  /** What a Kubernetes object cannot say itself: hours a month of a Job, nodes of a DaemonSet. protocols section 1.4. */
  readonly assume?: Assumption;
}
export interface Assumption {
  readonly hours?: string;
  readonly nodes?: string;
}
export type Matcher =
  | string
  | readonly string[]
  | { readonly prefix: string }
  | { readonly absent: true }
  | { readonly absent_or: readonly string[] };
export interface PriceComponent {
  readonly name: string;
  readonly unit: 'hour' | 'month';
  /** Decimal text, up to 12 places. */
  readonly unit_price: string;
  readonly quantity: Quantity;
}
export type Quantity = string | MeasuredQuantity | { readonly usage: string };
/** `from` an attribute, times `multiply`, then up to the next multiple of `round_up_to`. */
export interface MeasuredQuantity {
  readonly from: readonly (string | number)[];
  readonly default?: string;
  readonly multiply?: string;
  readonly round_up_to?: string;
}

/** A book without any price: tells what a change is where no book is published, and costs only what is free by itself. */
export const NO_BOOK: PriceBook = {
  format: 'verdict.price-book.v1',
  version: 'none',
  currency: 'USD',
  hours_per_month: 730,
  defaults: {},
  free: [],
  entries: [],
};
