import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type FoundIntegration, mayActFor, type ProjectFilter, type RequestMeta } from '@verdict/application';
import type { ExpectedVersion } from '@verdict/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { problem } from '../problems/problem.js';
import type { Overload } from '../quotas/quotas.js';
import { readRequestInfo } from '../request/request-info.js';
import type { RequestInfo } from '../request/request-state.js';
import { AnswerHead } from './answer-head.js';
import { metaOf, oneKey, readBody, readParams } from './edge.js';
import { idempotencyKeyOf, ifMatchVersionOf, type MinEntryReference, minEntryOf, rangeOf } from './headers.js';

const EMPTY = new Uint8Array();

/** One authenticated call: everything a controller may ask of the request, and the head of its answer. */
export class Call {
  readonly answer: AnswerHead;

  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    this.answer = new AnswerHead(reply);
  }

  /** 401 on a public route, where there is none. */
  get caller(): Caller {
    const { verdictCaller } = this.request;
    if (verdictCaller === null) throw problem('unauthenticated');
    return verdictCaller;
  }

  /** The integration whose proof was shown; 401 on a route that takes none. */
  get integration(): FoundIntegration {
    const { verdictIntegration } = this.request;
    if (verdictIntegration === null) throw problem('unauthenticated');
    return verdictIntegration;
  }

  /**
   * The limit that this call has met, where the route says `answersOverload`: nothing is evaluated then, and the
   * controller says what its caller can use. null: the call is within its limits.
   */
  get overload(): Overload | null {
    return this.request.verdictOverload;
  }

  /** Request id and trace context of the call. */
  get info(): RequestInfo {
    return readRequestInfo(this.request);
  }

  /** Since the head of the request was there, in milliseconds. */
  get elapsedMs(): number {
    return this.reply.elapsedTime;
  }

  /** A header that was sent once; null otherwise. */
  header(name: string): string | null {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : null;
  }

  get tenantId(): string {
    return this.caller.tenantId;
  }

  get headers(): FastifyRequest['headers'] {
    return this.request.headers;
  }

  /** The body's bytes as sent; empty when there is none. */
  get bytes(): Uint8Array {
    const { body } = this.request;
    return body instanceof Uint8Array ? body : EMPTY;
  }

  /** Whether the body is `text/csv`, which only routes take that say so. */
  get isCsv(): boolean {
    return /^text\/csv[ \t]*(?:;|$)/i.test(this.header('content-type')?.trim() ?? '');
  }

  body<Schema extends z.ZodType>(schema: Schema, options?: Parameters<typeof readBody>[2]): z.output<Schema> {
    return readBody(schema, this.bytes, options);
  }

  params<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
    return readParams(schema, this.request.params);
  }

  query<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
    return readParams(schema, this.request.query, 'query');
  }

  /** What a use case needs; `member` is the body's own `idempotency_key`. 422 where the route needs a key and has none. */
  meta(member?: string): RequestMeta {
    const key = oneKey(idempotencyKeyOf(this.request.headers), member);
    const needsKey = this.request.routeOptions.config.endpoint?.idempotencyKey === 'required';
    if (needsKey && key === null) throw problem('idempotency_key_required');
    return metaOf(this.caller, readRequestInfo(this.request), key);
  }

  /** Refuses what is of a project that the token does not name. @source contract section 2 */
  requireProject(projectId: string): void {
    if (!mayActFor(this.caller, projectId))
      throw problem('project_forbidden', { detail: 'the token names other projects' });
  }

  /** What a list is narrowed to: the project asked for, which must be the caller's, else all projects of the caller. */
  projectsFor(asked: string | undefined): ProjectFilter {
    const { projects } = this.caller;
    // In one order, so that a cursor is bound to the projects, not to how a token lists them.
    if (asked === undefined) return { projectId: projects === null ? undefined : [...new Set(projects)].sort() };
    this.requireProject(asked);
    return { projectId: asked };
  }

  /** What `If-Match` names; null when none was sent. */
  get expectedVersion(): ExpectedVersion | null {
    return ifMatchVersionOf(this.request.headers);
  }

  get minEntry(): MinEntryReference | null {
    return minEntryOf(this.request.headers);
  }

  get range(): string | null {
    return rangeOf(this.request.headers);
  }
}

/** Injects the call into a controller's method. */
export const TheCall = createParamDecorator((_: unknown, context: ExecutionContext): Call => {
  const http = context.switchToHttp();
  return new Call(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
});
