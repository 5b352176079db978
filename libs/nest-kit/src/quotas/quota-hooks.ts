import { GateQuery } from '@verdict/contracts';
import { answerWithinMs } from '@verdict/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { RouteSpec } from '../routing/route-spec.js';
import { rateKindOf } from './quota-kind.js';
import { type Overload, overloadProblem, type Quotas } from './quotas.js';

const whoOf = ({ verdictCaller, verdictIntegration }: FastifyRequest) => {
  if (verdictCaller !== null) return verdictCaller;
  if (verdictIntegration === null) return undefined;
  const { tenantId, integration } = verdictIntegration;
  return { tenantId, subject: integration.integrationId };
};

const bytesOf = ({ body }: FastifyRequest): number => (body instanceof Uint8Array ? body.length : 0);

/** What is left of the time that the caller states; a bad value is refused by the gate. */
const waitMsOf = ({ query }: FastifyRequest, { elapsedTime }: FastifyReply): number => {
  const stated = GateQuery.safeParse(query).data?.timeout;
  return stated === undefined ? Infinity : answerWithinMs(stated) - elapsedTime;
};

/** The hooks, in the order in which a call meets them. */
class CallLimits {
  constructor(private readonly quotas: Quotas) {}

  readonly spend = (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const spec = request.routeOptions.config.endpoint;
    const who = whoOf(request);
    const overload = spec === undefined || who === undefined ? undefined : this.quotas.spend(rateKindOf(spec), who);
    if (spec === undefined || overload === undefined) done();
    else this.refuse(request, spec, overload, done);
  };

  readonly enter = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const spec = request.routeOptions.config.endpoint;
    const who = whoOf(request);
    if (spec === undefined || who === undefined || request.verdictOverload !== null || rateKindOf(spec) !== 'gate') {
      done();
      return;
    }
    const visitor = { tenantId: who.tenantId, bodyBytes: bytesOf(request), waitMs: waitMsOf(request, reply) };
    this.quotas.enterGate(visitor, (overload) => {
      if (overload !== undefined) {
        this.refuse(request, spec, overload, done);
        return;
      }
      request.verdictIsInFlight = true;
      done();
    });
  };

  readonly leave = (request: FastifyRequest): void => {
    if (!request.verdictIsInFlight) return;
    request.verdictIsInFlight = false;
    this.quotas.leaveGate();
  };

  private refuse(request: FastifyRequest, spec: RouteSpec, overload: Overload, done: HookHandlerDoneFunction): void {
    if (spec.answersOverload === true) {
      request.verdictOverload = overload; // Its caller is owed another answer than a problem.
      done();
      return;
    }
    done(overloadProblem(overload));
  }
}

/**
 * Limits every call whose tenant is known. Its rate is checked before the body is read; a place in flight is taken after,
 * so that a slow sender holds none, and given back with the answer, so that a client that went away does not free what is
 * still worked on.
 *
 * @source contract section 16
 */
export const limitCalls = (fastify: FastifyInstance, quotas: Quotas): void => {
  const limits = new CallLimits(quotas);
  fastify.decorateRequest('verdictOverload', null);
  fastify.decorateRequest('verdictIsInFlight', false);
  fastify.addHook('onRequest', limits.spend);
  fastify.addHook('preHandler', limits.enter);
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    limits.leave(request);
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    limits.leave(request);
    done();
  });
  fastify.addHook('onClose', (_instance, done) => {
    quotas.close();
    done();
  });
};
