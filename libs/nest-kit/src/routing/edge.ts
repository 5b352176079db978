import { currentTraceparent } from '../tracing/with-span.js';
import { type BodyOptions, DEPTH_MAX, parseBody, type Parsed, parseWith } from '@verdict/contracts';
import type { RequestMeta, UseCaseResult } from '@verdict/application';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { isProblemCode } from '../problems/problem-codes.js';
import { problem } from '../problems/problem.js';
import type { RequestInfo } from '../request/request-state.js';

const orThrow = <Value>(parsed: Parsed<Value>): Value => {
  if (parsed.kind === 'ok') return parsed.value;
  const code = isProblemCode(parsed.code) ? parsed.code : 'validation_failed';
  throw problem(code, { errors: parsed.errors });
};

/** Reads a JSON body strictly and checks it; 400 or 422 here or never: inside, only checked values travel. */
export const readBody = <Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array,
  options: Partial<BodyOptions> = {},
): z.output<Schema> => orThrow(parseBody(schema, bytes, { depthMax: DEPTH_MAX, ...options }));

/** Checks query or path parameters; pointers name them under `/query` or `/params`. */
export const readParams = <Schema extends z.ZodType>(
  schema: Schema,
  params: unknown,
  place: 'query' | 'params' = 'params',
): z.output<Schema> => {
  const parsed = parseWith(schema, typeof params === 'object' && params !== null ? { ...params } : {});
  if (parsed.kind === 'ok') return parsed.value;
  // An id that cannot be one is an id that is not there.
  if (place === 'params') throw problem('not_found');
  return orThrow({
    ...parsed,
    errors: parsed.errors.map((error) => ({ ...error, pointer: `/query${error.pointer}` })),
  });
};

/** The value of a use case, or its problem as the edge says it. */
export const unwrap = <Value>(result: UseCaseResult<Value>): Value => {
  if (result.kind === 'done') return result.value;
  const { code, detail, errors, extra, retryAfterSeconds } = result.problem;
  throw problem(
    isProblemCode(code) ? code : 'internal_error',
    {
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      ...(extra === undefined ? {} : { extra }),
    },
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
};

/** Header and body member are the same key; both and unequal is refused. */
export const oneKey = (header: string | null, member: string | undefined): string | null => {
  if (header !== null && member !== undefined && header !== member) throw problem('idempotency_key_mismatch');
  return header ?? member ?? null;
};

/** What a use case needs to know about the call. */
export const metaOf = (caller: Caller, info: RequestInfo, key: string | null): RequestMeta => ({
  caller: {
    tenantId: caller.tenantId,
    subject: caller.subject,
    actor: caller.actor,
    groups: caller.groups,
    projects: caller.projects,
    onBehalfOf: caller.onBehalfOf,
  },
  key,
  correlationId: info.correlationId,
  traceparent: currentTraceparent() ?? info.traceparent,
});

/** The same request inside a span that was begun for it: what comes of it belongs to that span. */
export const inSpan = (meta: RequestMeta): RequestMeta => ({
  ...meta,
  traceparent: currentTraceparent() ?? meta.traceparent,
});
