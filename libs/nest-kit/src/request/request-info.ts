import type { FastifyRequest } from 'fastify';
import type { RequestInfo } from './request-state.js';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Reads a W3C `traceparent`, version 00; anything else is as if it were not there. */
export const traceparentFrom = (header: string | readonly string[] | undefined): string | null =>
  typeof header === 'string' && TRACEPARENT.test(header) ? header : null;

const correlationFrom = (header: string | readonly string[] | undefined, otherwise: string): string =>
  typeof header === 'string' && VISIBLE_ASCII.test(header) ? header : otherwise;

/** The request's context, made once per request. */
export const readRequestInfo = (request: FastifyRequest): RequestInfo => {
  if (request.verdictInfo !== null) return request.verdictInfo;
  const { headers, id } = request;
  request.verdictInfo = {
    requestId: id,
    traceparent: traceparentFrom(headers.traceparent),
    correlationId: correlationFrom(headers['x-correlation-id'], id),
  };
  return request.verdictInfo;
};
