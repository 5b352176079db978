/** What the kit offers to every module of an app, by symbol since an erased type cannot be injected. */
export const HEALTH = Symbol('verdict.health');
export const METRICS = Symbol('verdict.metrics');
export const LOGGER = Symbol('verdict.logger');
