import { trace } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { isTracing } from './with-span.js';

/** Fastify `onRequest` hook: the HTTP span is named after the route's pattern, since a path may hold a secret. */
export const nameHttpSpan = (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
  if (isTracing()) {
    const route = request.routeOptions.url ?? '(none)';
    const span = trace.getActiveSpan();
    span?.setAttribute('http.route', route);
    span?.updateName(`${request.method} ${route}`);
  }
  done();
};
