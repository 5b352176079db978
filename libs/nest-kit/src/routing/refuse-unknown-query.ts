import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { pointerTo } from '@verdict/domain';
import { z } from 'zod';
import { problem } from '../problems/problem.js';
import type { RouteSpec } from './route-spec.js';

const NONE: ReadonlySet<string> = new Set();
const known = new WeakMap<RouteSpec, ReadonlySet<string>>();
const namesOf = (spec: RouteSpec): ReadonlySet<string> => {
  const names = known.get(spec) ?? (spec.query instanceof z.ZodObject ? new Set(Object.keys(spec.query.shape)) : NONE);
  known.set(spec, names);
  return names;
};

const unknownNames = ({ query }: FastifyRequest, spec: RouteSpec): readonly string[] => {
  const names = typeof query === 'object' && query !== null ? Object.keys(query) : [];
  return names.length === 0 ? names : names.filter((name) => !namesOf(spec).has(name));
};

/**
 * Fastify `onRequest` hook: a member of the query that a route does not know is refused, as one of a body is. Whoever writes
 * `?dry_run=true` where nothing reads it would believe that nothing was done. Routes of callers that others define (webhooks,
 * run tasks), and those for everybody, ignore it.
 *
 * @source contract section 1 (unknown members)
 */
export const refuseUnknownQuery = (
  request: FastifyRequest,
  _reply: FastifyReply,
  done: HookHandlerDoneFunction,
): void => {
  const spec = request.routeOptions.config.endpoint;
  const unknown = spec === undefined || spec.roles === 'public' ? [] : unknownNames(request, spec);
  if (unknown.length === 0) {
    done();
    return;
  }
  const detail = 'this member is not known';
  const errors = unknown.map((name) => ({ pointer: pointerTo('/query', name), code: 'unknown_field', detail }));
  done(problem('unknown_field', { errors }));
};
