import type { Sha256Hex, UsdText } from '../shared/brand.js';

export type LineStatus = 'priced' | 'free' | 'unpriced';
export type UnpricedReason =
  | 'no_entry'
  | 'attribute_unknown'
  | 'attribute_sensitive'
  | 'usage_missing'
  | 'region_unknown'
  | 'deferred'
  | 'action_unknown';

/** How one resource was priced. Addresses are hashed: they may hold names that nobody needs in a ledger. */
export interface PricedLine {
  readonly address_sha256: Sha256Hex | null;
  readonly type: string;
  readonly action: 'create' | 'update' | 'delete' | 'replace' | 'no-op' | 'read' | 'forget' | 'unknown';
  readonly entry_id: string | null;
  readonly status: LineStatus;
  readonly reason: UnpricedReason | null;
  /** Monthly, rounded half-even to 4 places for display; totals are rounded once, from the exact sum. null: unknown. */
  readonly before_usd: UsdText | null;
  readonly after_usd: UsdText | null;
  readonly delta_usd: UsdText | null;
  /** More than 1 when equal lines were grouped. */
  readonly count: number;
}
