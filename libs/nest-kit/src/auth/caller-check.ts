import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { problem, type ProblemException } from '../problems/problem.js';
import type { RouteSpec } from '../routing/route-spec.js';
import type { Caller } from './caller.js';
import type { TokenVerifier } from './token-verifier.js';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
const INVALID_TOKEN = { headers: { 'www-authenticate': 'Bearer realm="verdict", error="invalid_token"' } } as const;

const REFUSALS = {
  unauthenticated: () => problem('unauthenticated', { detail: 'The bearer token is not valid here.' }, INVALID_TOKEN),
  identity_not_mapped: () => problem('identity_not_mapped'),
  identity_provider_unavailable: () => problem('identity_provider_unavailable', {}, { retryAfterSeconds: 5 }),
} as const;

const hasScope = (caller: Caller, scopes: readonly string[] | undefined): boolean =>
  scopes === undefined || scopes.some((scope) => caller.scopes.includes(scope));

/** Whether the caller has a role of the route; the role `service` counts only with one of the route's scopes. */
export const mayCall = ({ roles, scopes }: Pick<RouteSpec, 'roles' | 'scopes'>, caller: Caller): boolean =>
  roles === 'public' ||
  roles.some((role) => caller.roles.includes(role) && (role !== 'service' || hasScope(caller, scopes)));

const rolesText = ({ roles }: RouteSpec): string => (roles === 'public' ? roles : roles.join(', '));

const admit = (request: FastifyRequest, spec: RouteSpec, caller: Caller): ProblemException | undefined => {
  if (!mayCall(spec, caller)) {
    return problem('forbidden', {
      detail: `This needs one of the roles ${rolesText(spec)}, and for service a fitting scope.`,
    });
  }
  request.verdictCaller = caller;
  return undefined;
};

const verifyAndAdmit = async (
  request: FastifyRequest,
  token: string,
  { spec, verifier }: { readonly spec: RouteSpec; readonly verifier: TokenVerifier },
): Promise<ProblemException | undefined> => {
  const verified = await verifier.verify(token);
  return verified.kind === 'verified' ? admit(request, spec, verified.caller) : REFUSALS[verified.refusal]();
};

/**
 * Fastify `onRequest` hook that authenticates the caller and checks the route's roles. It runs before the body is read,
 * so nobody unknown makes the server buffer one, and without a promise when the token was verified before.
 */
export const createCallerCheck =
  (verifier: TokenVerifier) =>
  (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const spec = request.routeOptions.config.endpoint;
    if (spec === undefined || spec.roles === 'public') {
      done();
      return;
    }
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      done(problem('unauthenticated', { detail: 'A bearer token is required.' }));
      return;
    }
    const known = verifier.cached(token);
    if (known !== undefined) {
      done(admit(request, spec, known));
      return;
    }
    verifyAndAdmit(request, token, { spec, verifier }).then(done, done);
  };
