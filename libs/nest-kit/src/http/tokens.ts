/** What the kit offers to every module of an app, by symbol since an erased type cannot be injected. */
export const HEALTH = Symbol('verdict.health');
/** Routes whose callers are integrations; see `WebhookRoutes`. */
export const WEBHOOK_ROUTES = Symbol('verdict.webhook-routes');
/** The limits of this process; see `Quotas`. */
export const QUOTAS = Symbol('verdict.quotas');
export const METRICS = Symbol('verdict.metrics');
export const LOGGER = Symbol('verdict.logger');
