import type { FoundIntegration } from '@verdict/application';
import type { Caller } from '../auth/caller.js';
import type { RouteSpec } from '../routing/route-spec.js';

/** What a use case may know about the request that caused it. */
export interface RequestInfo {
  readonly requestId: string;
  /** W3C trace context as received; null when there was none or it was not valid. */
  readonly traceparent: string | null;
  readonly correlationId: string;
  /** How long the caller waits, in milliseconds from arrival (`?timeout=`); absent when it did not say. */
  readonly deadlineMs?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Made on first use; read it through `@RequestContext()`. */
    verdictInfo: RequestInfo | null;
    /** Set by the caller check; null on public routes. */
    verdictCaller: Caller | null;
    /** Set by the webhook check; null on all other routes. */
    verdictIntegration: FoundIntegration | null;
  }
  interface FastifyContextConfig {
    readonly endpoint?: RouteSpec;
  }
}
