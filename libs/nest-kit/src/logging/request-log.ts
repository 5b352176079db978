import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Logger } from 'pino';

const QUIET = /^\/(?:health\/|metrics$)/;

/** Fastify `onResponse` hook. It names the route's pattern, never the path, the query, a header or a body. */
export const createRequestLog =
  (logger: Logger) =>
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const route = request.routeOptions.url ?? '(none)';
    const { statusCode: status } = reply;
    const level = status >= 500 ? 'error' : QUIET.test(route) ? 'debug' : 'info';
    const ms = Math.round(reply.elapsedTime * 1000) / 1000;
    const tenant = request.verdictCaller?.tenantId ?? request.verdictIntegration?.tenantId;
    logger[level]({ request_id: request.id, method: request.method, route, status, ms, tenant }, 'request');
    done();
  };
