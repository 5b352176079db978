import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { problem, type ProblemException } from '../problems/problem.js';
import type { RouteTable } from './route-table.js';

const unrouted = ({ url }: FastifyRequest, routes: RouteTable): ProblemException => {
  const allowed = routes.methodsAt(url);
  if (allowed.length === 0) return problem('not_found');
  return problem('method_not_allowed', {}, { headers: { allow: allowed.join(', ') } });
};

/**
 * Fastify `onRequest` hook for what has no route: 405 with `Allow` where the path has another method, else 404. It runs before
 * the body is looked at, whose form is no matter of nobody's route.
 *
 * @source RFC 9110 sections 15.5.5, 15.5.6
 */
export const createUnroutedCheck =
  (routes: RouteTable) =>
  (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    if (request.is404) done(unrouted(request, routes));
    else done();
  };
