import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { problem } from '../problems/problem.js';

const headersOf = (context: ExecutionContext): FastifyRequest['headers'] => context.switchToHttp().getRequest<FastifyRequest>().headers;
const one = (value: string | readonly string[] | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);

const VISIBLE_KEY = /^[\x21-\x7e]{4,128}$/;
const QUOTED = /^"(.*)"$/s;

/** The `Idempotency-Key` header; one pair of surrounding quotes (the IETF draft's spelling) is removed. */
export const IdempotencyKeyHeader = createParamDecorator((_: unknown, context: ExecutionContext): string | null => {
  const sent = one(headersOf(context)['idempotency-key']);
  if (sent === null) return null;
  const key = QUOTED.exec(sent)?.[1] ?? sent;
  if (VISIBLE_KEY.test(key)) return key;
  throw problem('validation_failed', {
    errors: [{ pointer: '/headers/idempotency-key', code: 'validation_failed', detail: '4 to 128 visible ASCII characters' }],
  });
});

/** The version an author edited, from `If-Match: "3"`; null when none was sent. */
export const IfMatchVersion = createParamDecorator((_: unknown, context: ExecutionContext): number | null => {
  const sent = one(headersOf(context)['if-match']);
  if (sent === null) return null;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(sent)?.[1];
  return version === undefined ? -1 : Number(version); // A tag that is none of ours matches no version.
});

/** `Verdict-Min-Entry: decisions@41`: what the caller wrote and wants to read; null when absent or not of that form. */
export const MinEntry = createParamDecorator((_: unknown, context: ExecutionContext): { readonly kind: string; readonly revision: bigint } | null => {
  const match = /^([a-z]{1,32})@(\d{1,18})$/.exec(one(headersOf(context)['verdict-min-entry']) ?? '');
  return match?.[1] === undefined || match[2] === undefined ? null : { kind: match[1], revision: BigInt(match[2]) };
});

/** The `Range` header as sent. */
export const RangeHeader = createParamDecorator((_: unknown, context: ExecutionContext): string | null => one(headersOf(context).range));
