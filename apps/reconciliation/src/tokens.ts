export const PLATFORM = Symbol('reconciliation.platform');
export const RECONCILIATION_HOST = Symbol('reconciliation.host');
export const RECONCILE_RESERVATION = Symbol('reconciliation.reconcile');
export const SWEEP_RESERVATIONS = Symbol('reconciliation.sweep');
export const RESOLVE_EXCEPTION = Symbol('reconciliation.resolve');
export const IMPORT_COSTS = Symbol('reconciliation.import');
