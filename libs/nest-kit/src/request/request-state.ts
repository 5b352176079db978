import type { FoundIntegration } from '@verdict/application';
import type { Caller } from '../auth/caller.js';
import type { Overload } from '../quotas/quotas.js';
import type { RouteSpec } from '../routing/route-spec.js';

/** What a use case may know about the request that caused it. */
export interface RequestInfo {
  readonly requestId: string;
  /** W3C trace context as received; null when there was none or it was not valid. */
  readonly traceparent: string | null;
  readonly correlationId: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Made on first use; read it through `@RequestContext()`. */
    verdictInfo: RequestInfo | null;
    /** Set by the caller check; null on public routes. */
    verdictCaller: Caller | null;
    /** Set by the webhook check; null on all other routes. */
    verdictIntegration: FoundIntegration | null;
    /** The limit that the call has met, on a route that answers that itself; null on all others. */
    verdictOverload: Overload | null;
    /** Whether the call holds one of the gate's places in flight. */
    verdictIsInFlight: boolean;
  }
  interface FastifyContextConfig {
    readonly endpoint?: RouteSpec;
  }
}
