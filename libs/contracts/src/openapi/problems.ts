import { isTenantRead, type RouteContract } from '../http/routes/route-contract.js';
import type { JsonSchema } from './schemas.js';

/** What the closed table of problem codes says. @source contract section 17.2 */
export interface ProblemTable {
  readonly statusOf: (code: string) => number;
  readonly titleOf: (code: string) => string;
}

const text = (description: string, rest: JsonSchema = {}): JsonSchema => ({ type: 'string', description, ...rest });

/** RFC 9457 problem as every error answer carries it. */
export const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'An error, RFC 9457. Codes may bring further members, such as `differing_fields` or `current_etag`.',
  properties: {
    type: text('`urn:verdict:problem:<code>`', { format: 'uri' }),
    title: text('What the code means; the same text for every problem of a code'),
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: text('Closed code: what a program decides by'),
    detail: text('What was wrong this time'),
    instance: text('Path of the request', { format: 'uri-reference' }),
    request_id: text('Names the request in logs and entries'),
    retryable: { type: 'boolean', description: 'Whether the same request with the same key may succeed later' },
    errors: {
      type: 'array',
      description: 'Every defect that was found',
      items: {
        type: 'object',
        properties: {
          pointer: text('JSON pointer (RFC 6901) of the place'),
          code: text('Code of this defect'),
          detail: text('What is wrong there'),
        },
        required: ['pointer', 'code'],
      },
    },
  },
  required: ['type', 'title', 'status', 'code', 'retryable', 'request_id'],
};

const OF_CALLERS = [
  'unauthenticated',
  'forbidden',
  'identity_not_mapped',
  'identity_provider_unavailable',
  'rate_limited',
] as const;
const OF_BODIES = [
  'malformed_json',
  'body_too_large',
  'media_type_unsupported',
  'validation_failed',
  'unknown_field',
] as const;
const OF_QUERIES = ['validation_failed', 'unknown_field'] as const;
const OF_READS = ['validation_failed', 'unknown_field', 'read_model_behind'] as const;
/** An id that cannot be one is an id that is not there. */
const OF_PATHS = ['malformed_json', 'not_found'] as const;

/** Codes that a route may answer: its own, and those of what all routes of its shape do before it. */
export const problemsOf = (route: RouteContract): readonly string[] => [
  ...new Set([
    ...(route.roles === 'public' ? [] : OF_CALLERS),
    ...(route.params === undefined ? [] : OF_PATHS),
    ...(route.query === undefined ? [] : OF_QUERIES),
    ...(isTenantRead(route) ? OF_READS : []),
    ...(route.body === undefined ? [] : OF_BODIES),
    ...route.problems,
    // A gate turns whatever goes wrong inside into a fail-safe verdict (contract 17.2).
    ...(route.tag === 'gate' ? [] : ['internal_error']),
  ]),
];

const headersOf = (status: number): JsonSchema => ({
  'X-Request-Id': { $ref: '#/components/headers/RequestId' },
  ...(status === 429 || status === 503 ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {}),
});

/** One response per status, with the codes that it may carry. */
export const problemResponses = (
  route: RouteContract,
  { statusOf, titleOf }: ProblemTable,
): Readonly<Record<string, JsonSchema>> => {
  const byStatus = new Map<number, readonly string[]>();
  for (const code of problemsOf(route)) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${titleOf(code)}.`).join('\n'),
        headers: headersOf(status),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem', properties: { code: { enum: codes } } },
          },
        },
      },
    ]),
  );
};
