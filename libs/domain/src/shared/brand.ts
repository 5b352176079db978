declare const brand: unique symbol;
/** A primitive that was checked once, at the edge; it cannot be mixed up with its neighbours. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

export type TenantId = Brand<string, 'TenantId'>;
export type DecisionId = Brand<string, 'DecisionId'>;
export type ApprovalId = Brand<string, 'ApprovalId'>;
export type BudgetId = Brand<string, 'BudgetId'>;

/** UTC instant, RFC 3339 with milliseconds: `2026-11-22T02:13:17.000Z`. Such texts sort as the instants do. */
export type Instant = Brand<string, 'Instant'>;
/** Monthly money on the wire and in entries: decimal text with exactly 4 places. */
export type UsdText = Brand<string, 'UsdText'>;
/** Hourly money on the wire and in entries: decimal text with exactly 6 places. */
export type HourlyUsdText = Brand<string, 'HourlyUsdText'>;
/** SHA-256 as 64 lower-case hex characters. */
export type Sha256Hex = Brand<string, 'Sha256Hex'>;
