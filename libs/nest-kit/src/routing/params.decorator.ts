import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller as CallerIdentity } from '../auth/caller.js';
import { problem } from '../problems/problem.js';
import { readRequestInfo } from '../request/request-info.js';
import type { RequestInfo } from '../request/request-state.js';
import { AnswerHead } from './answer-head.js';

const EMPTY = new Uint8Array();
const requestOf = (context: ExecutionContext): FastifyRequest => context.switchToHttp().getRequest<FastifyRequest>();

/** The body's bytes as sent, read once, within the route's limit; empty when there is none. */
export const RawBody = createParamDecorator((_: unknown, context: ExecutionContext): Uint8Array => {
  const { body } = requestOf(context);
  return body instanceof Uint8Array ? body : EMPTY;
});

/** The authenticated caller. On a public route there is none: 401. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): CallerIdentity => {
  const caller = requestOf(context).verdictCaller;
  if (caller === null) throw problem('unauthenticated');
  return caller;
});

/** Request id, trace context, correlation id and the caller's deadline. */
export const RequestContext = createParamDecorator((_: unknown, context: ExecutionContext): RequestInfo =>
  readRequestInfo(requestOf(context)),
);

/** Head of the answer: `Verdict-Entry`, `ETag`, other headers, another status. */
export const Answer = createParamDecorator(
  (_: unknown, context: ExecutionContext): AnswerHead =>
    new AnswerHead(context.switchToHttp().getResponse<FastifyReply>()),
);
