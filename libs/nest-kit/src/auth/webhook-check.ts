import type { FoundIntegration } from '@verdict/application';
import type { IntegrationProof } from '@verdict/domain';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Metrics } from '../metrics/metrics.js';
import { problem } from '../problems/problem.js';
import { shownWay, webhookProofs } from './webhook-proofs.js';

/** Finds the integration that has this proof now. */
export type FindByProof = (proof: IntegrationProof) => Promise<FoundIntegration | undefined>;

/** Routes whose callers are integrations; the app that knows them adds them while it starts. */
export class WebhookRoutes {
  private readonly finders = new Map<string, FindByProof>();

  add(routeId: string, find: FindByProof): void {
    this.finders.set(routeId, find);
  }

  finderOf(routeId: string): FindByProof | undefined {
    return this.finders.get(routeId);
  }
}

const firstFound = async (request: FastifyRequest, find: FindByProof): Promise<FoundIntegration | undefined> => {
  for (const proof of webhookProofs(request)) {
    const found = await find(proof);
    if (found !== undefined) return found;
  }
  return undefined;
};

const admit = async (request: FastifyRequest, find: FindByProof, metrics: Metrics): Promise<void> => {
  const found = await firstFound(request, find);
  if (found === undefined) {
    metrics.webhookAuthFailures.inc(shownWay(request));
    // No entry: there is no tenant to write to.
    throw problem('unauthenticated', { detail: 'The proof of this webhook is missing, wrong or revoked.' });
  }
  request.verdictIntegration = found;
};

/**
 * Fastify `onRequest` hook for routes whose callers are integrations. It runs before the body is read, so nobody unknown
 * makes the server buffer one.
 *
 * @source contract section 2.1
 */
export const createWebhookCheck =
  (routes: WebhookRoutes, metrics: Metrics) =>
  (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const spec = request.routeOptions.config.endpoint;
    const find = spec === undefined ? undefined : routes.finderOf(spec.id);
    if (find === undefined) {
      done();
      return;
    }
    admit(request, find, metrics).then(() => {
      done();
    }, done);
  };
