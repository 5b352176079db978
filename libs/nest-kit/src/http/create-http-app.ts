import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Logger } from 'pino';
import { createCallerCheck } from '../auth/caller-check.js';
import { createWebhookCheck, WebhookRoutes } from '../auth/webhook-check.js';
import { TokenVerifier } from '../auth/token-verifier.js';
import type { Issuer } from '../auth/issuer.js';
import type { HttpConfig } from '../config/config.js';
import { Health } from '../health/health.js';
import { createLogger } from '../logging/logger.js';
import { NestLogger } from '../logging/nest-logger.js';
import { createRequestLog } from '../logging/request-log.js';
import { Metrics } from '../metrics/metrics.js';
import { answerClientError } from '../problems/client-error.js';
import { toProblem } from '../problems/problem.js';
import { frameworkProblem } from '../problems/framework-errors.js';
import { ProblemFilter } from '../problems/problem.filter.js';
import { sendProblem } from '../problems/send-problem.js';
import { limitCalls } from '../quotas/quota-hooks.js';
import { DEFAULT_QUOTAS, type QuotaConfig } from '../quotas/quota-env.js';
import { Quotas } from '../quotas/quotas.js';
import { requestIdFrom } from '../request/request-id.js';
import { type Arrivals, awaitMinEntry } from '../routing/await-min-entry.js';
import { refuseUnknownQuery } from '../routing/refuse-unknown-query.js';
import { createUnroutedCheck } from '../routing/refuse-unrouted.js';
import { BODY_BYTES_MAX } from '../routing/route-spec.js';
import { RouteTable, type RegisteredRoute } from '../routing/route-table.js';
import { nameHttpSpan } from '../tracing/route-hook.js';
import { takeBodiesAsBytes } from './body-parser.js';
import { RootModule } from './kit.module.js';
import type { ServerTls } from './tls.js';

/** Longer than the 90 s for which an API server keeps an idle connection (protocols 1.1 K1). */
export const KEEP_ALIVE_MS = 100_000;
const HEADERS_MS = 105_000;
const REQUEST_MS = 60_000;
const PARAM_CHARACTERS_MAX = 512;

/** The part of `HttpConfig` that the app itself needs; limits that it does not name are those of contract section 16. */
export interface HttpAppConfig extends Partial<QuotaConfig> {
  readonly AUTH_ISSUERS: readonly Issuer[];
  readonly LOG_LEVEL: HttpConfig['LOG_LEVEL'];
  readonly METRIC_PREFIX: string;
  readonly METRIC_ALIAS_PREFIXES: readonly string[];
}

export interface HttpAppOptions {
  /** Name in logs and traces. */
  readonly service: string;
  readonly module: Type | DynamicModule;
  readonly config: HttpAppConfig;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  readonly health?: Health;
  /** Where reads wait for the entry that they name; absent: the app has no journals. */
  readonly arrivals?: Arrivals;
  /** Most bytes of a body by route id, in place of what the route itself says. */
  readonly bodyBytesMax?: Readonly<Record<string, number>>;
  /** Absent: plain HTTP. */
  readonly tls?: ServerTls | undefined;
  /** Unix milliseconds; default the system's clock. */
  readonly now?: () => number;
}

const tables = new WeakMap<object, RouteTable>();

/** Every route of an app, with its spec; null for files of the documentation. */
export const listRoutes = (app: NestFastifyApplication): readonly RegisteredRoute[] =>
  tables.get(app.getHttpAdapter().getInstance())?.list() ?? [];

const serverOptions = {
  logger: false,
  requestIdHeader: false,
  genReqId: ({ headers }: { headers: Record<string, string | readonly string[] | undefined> }) =>
    requestIdFrom(headers['x-request-id']),
  trustProxy: false,
  bodyLimit: BODY_BYTES_MAX,
  keepAliveTimeout: KEEP_ALIVE_MS,
  requestTimeout: REQUEST_MS,
  connectionTimeout: 0,
  return503OnClosing: false, // What arrives on an open connection while stopping is still answered.
  routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX },
  skipMiddie: true, // No Nest middleware: it would cost every request.
} as const;

const refuseBeforeRouting = (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
  reply.header('x-request-id', request.id);
  sendProblem(request, reply, frameworkProblem(error) ?? toProblem('malformed_json'));
};

const answerHeaders = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
  reply.header('x-request-id', request.id);
  reply.header('cache-control', 'no-store');
  done();
};

const createAdapter = (tls: ServerTls | undefined): FastifyAdapter =>
  new FastifyAdapter({
    ...serverOptions,
    ...(tls === undefined ? {} : { https: tls }),
    clientErrorHandler: answerClientError,
    frameworkErrors: refuseBeforeRouting,
  });

/** Node alone would answer 417 without a body, which is no problem of ours; RFC 9110 10.1.1 lets us ignore what we do not know. */
const ignoreExpectations = ({ server }: FastifyInstance): void => {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
};

const prepare = (fastify: FastifyInstance, routes: RouteTable, verifier: TokenVerifier): void => {
  fastify.server.headersTimeout = HEADERS_MS;
  ignoreExpectations(fastify);
  tables.set(fastify, routes);
  fastify.decorateRequest('verdictInfo', null);
  fastify.decorateRequest('verdictCaller', null);
  fastify.decorateRequest('verdictIntegration', null);
  takeBodiesAsBytes(fastify);
  fastify.addHook('onRoute', routes.onRoute);
  fastify.addHook('onRequest', answerHeaders);
  fastify.addHook('onRequest', nameHttpSpan);
  fastify.addHook('onRequest', createUnroutedCheck(routes));
  fastify.addHook('onRequest', createCallerCheck(verifier));
};

/**
 * Makes an app on Fastify: callers checked, bodies as bytes, every error a problem, health and metrics served.
 * It does not listen yet; call `init` or `listen`.
 */
export const createHttpApp = async (options: HttpAppOptions): Promise<NestFastifyApplication> => {
  const { service, module, config, now } = options;
  const logger = options.logger ?? createLogger({ service, level: config.LOG_LEVEL });
  const metrics =
    options.metrics ?? new Metrics({ prefix: config.METRIC_PREFIX, aliasPrefixes: config.METRIC_ALIAS_PREFIXES });
  const health = options.health ?? new Health();
  const verifier = new TokenVerifier({ issuers: config.AUTH_ISSUERS, ...(now === undefined ? {} : { now }) });
  const routes = new RouteTable(options.bodyBytesMax);
  const adapter = createAdapter(options.tls);
  const fastify = adapter.getInstance();
  prepare(fastify, routes, verifier);
  const webhooks = new WebhookRoutes();
  const quotas = new Quotas({ config: { ...DEFAULT_QUOTAS, ...config }, metrics, logger });
  fastify.addHook('onRequest', createWebhookCheck(webhooks, metrics));
  limitCalls(fastify, quotas);
  fastify.addHook('onRequest', refuseUnknownQuery);
  if (options.arrivals !== undefined) awaitMinEntry(fastify, options.arrivals);
  fastify.addHook('onResponse', createRequestLog(logger));
  const app = await NestFactory.create<NestFastifyApplication>(
    RootModule.of({ health, metrics, logger, webhooks, quotas }, module),
    adapter,
    { logger: new NestLogger(logger), bodyParser: false, abortOnError: false },
  );
  app.useGlobalFilters(new ProblemFilter(logger, metrics));
  return app;
};
