import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { idempotencyKeyOf, rangeOf } from './headers.js';

const headersOf = (context: ExecutionContext): FastifyRequest['headers'] =>
  context.switchToHttp().getRequest<FastifyRequest>().headers;

/** The `Idempotency-Key` header, see `idempotencyKeyOf`. */
export const IdempotencyKeyHeader = createParamDecorator((_: unknown, context: ExecutionContext): string | null =>
  idempotencyKeyOf(headersOf(context)),
);

/** The `Range` header as sent. */
export const RangeHeader = createParamDecorator((_: unknown, context: ExecutionContext): string | null =>
  rangeOf(headersOf(context)),
);
