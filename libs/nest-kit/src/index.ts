export type { Caller as CallerIdentity } from './auth/caller.js';
export { callerFromClaims, parseTenantId } from './auth/claims.js';
export { mayCall } from './auth/caller-check.js';
export { IssuersSchema, type IdentityMapping, type Issuer } from './auth/issuer.js';
export { TokenVerifier, type Verified, type VerifierOptions } from './auth/token-verifier.js';
export { type FindByProof, WebhookRoutes } from './auth/webhook-check.js';
export { ConfigError, HttpEnv, loadConfig, PostgresEnv, type HttpConfig } from './config/config.js';
export { serveDocs } from './docs/serve-docs.js';
export { Health, type HealthCheck, type Readiness } from './health/health.js';
export {
  createHttpApp,
  KEEP_ALIVE_MS,
  listRoutes,
  type HttpAppConfig,
  type HttpAppOptions,
} from './http/create-http-app.js';
export { listenHttpApp, runMain, stopHttpApp, type MainOptions, type Running } from './http/run-main.js';
export { readTls, type ServerTls, TlsEnv } from './http/tls.js';
export { HEALTH, LOGGER, METRICS, QUOTAS, WEBHOOK_ROUTES } from './http/tokens.js';
export { DEFAULT_QUOTAS, type QuotaConfig, QuotaEnv } from './quotas/quota-env.js';
export { type RateKind, rateKindOf } from './quotas/quota-kind.js';
export { type LoweredRate, type Overload, overloadProblem, Quotas } from './quotas/quotas.js';
export { createLogger, type LoggerOptions } from './logging/logger.js';
export type { Logger } from 'pino';
export { redactPath } from './logging/redact.js';
export type { MetricsOptions } from './metrics/instrument-maker.js';
export { countBudgetAlerts } from './metrics/count-budget-alerts.js';
export { countLostCredits } from './metrics/count-lost-credits.js';
export { Metrics } from './metrics/metrics.js';
export { isProblemCode, PROBLEMS, type ProblemCode } from './problems/problem-codes.js';
export {
  problem,
  ProblemException,
  toProblem,
  type Problem,
  type ProblemDetails,
  type ProblemError,
  type ProblemHeaders,
} from './problems/problem.js';
export { takeRandomBytes } from './request/random-pool.js';
export { uuidV7 } from './request/request-id.js';
export { readRequestInfo } from './request/request-info.js';
export type { RequestInfo } from './request/request-state.js';
export { AnswerHead, entryReference } from './routing/answer-head.js';
export { Endpoint } from './routing/endpoint.decorator.js';
export { Answer, Caller, RawBody, RequestContext } from './routing/params.decorator.js';
export { BODY_BYTES_MAX, ROLES, type Role, type RouteSpec } from './routing/route-spec.js';
export { RouteWithoutRoles, type RegisteredRoute } from './routing/route-table.js';
export { startTracing, type Tracing, type TracingOptions } from './tracing/start-tracing.js';
export { currentTraceparent, withSpan, withSpansOf } from './tracing/with-span.js';
export { inSpan, metaOf, oneKey, readBody, readParams, unwrap } from './routing/edge.js';
export { Call, TheCall } from './routing/call.decorator.js';
export { IdempotencyKeyHeader, RangeHeader } from './routing/headers.decorator.js';
export type { MinEntryReference } from './routing/headers.js';
export { type CsvReading, type CsvRecord, readCsv } from './csv/read-csv.js';
