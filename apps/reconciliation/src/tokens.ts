export const PLATFORM = Symbol('reconciliation.platform');
export const RECONCILIATION_HOST = Symbol('reconciliation.host');
export const RECONCILE_RESERVATION = Symbol('reconciliation.reconcile');
