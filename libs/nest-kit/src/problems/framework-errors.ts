import { toProblem, type Problem } from './problem.js';
import type { ProblemCode } from './problem-codes.js';

/** What Fastify and Nest refuse by themselves, in our codes. Everything else of theirs goes by its status. */
const FASTIFY_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_json',
  FST_ERR_CTP_EMPTY_TYPE: 'media_type_unsupported',
  FST_ERR_BAD_URL: 'malformed_json',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  ERR_STREAM_PREMATURE_CLOSE: 'malformed_json',
};

const STATUS_CODES: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed_json',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  414: 'not_found',
  415: 'media_type_unsupported',
  422: 'validation_failed',
  429: 'rate_limited',
};

const DETAILS: Partial<Record<ProblemCode, string>> = {
  malformed_json: 'The request line, a header or the length of the body is not well-formed.',
};

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined;

const statusOf = (error: unknown): number | undefined => {
  const status = memberOf(error, 'statusCode') ?? memberOf(error, 'status');
  return typeof status === 'number' ? status : undefined;
};

const codeOf = (error: unknown): ProblemCode | undefined => {
  const code = memberOf(error, 'code') ?? memberOf(memberOf(error, 'cause'), 'code');
  const named = typeof code === 'string' ? FASTIFY_CODES[code] : undefined;
  if (named !== undefined) return named;
  const status = statusOf(error);
  return status === undefined ? undefined : STATUS_CODES[status];
};

/** The problem for an error of the framework; undefined when it is not one of those a client causes. */
export const frameworkProblem = (error: unknown): Problem | undefined => {
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const detail = DETAILS[code];
  return toProblem(code, detail === undefined ? {} : { detail });
};
