import { isTenantRead, type RouteContract } from '../http/routes/route-contract.js';
import { IdempotencyKey } from '../http/scalars.js';
import type { JsonSchema, Schemas } from './schemas.js';

const REPEATABLE =
  'Makes the command repeatable: the same payload gets the first answer, another payload is refused. A command that changes nothing (`unchanged`, or `entry` is null) writes nothing and leaves its key free.';
const REQUEST_ID = { type: 'string', minLength: 1, maxLength: 128 } as const;

/** Headers that many routes read, as components. */
export const sharedParameters = (schemas: Schemas): Readonly<Record<string, JsonSchema>> => ({
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: `${REPEATABLE} The body member \`idempotency_key\` means the same.`,
    schema: schemas.of(IdempotencyKey, 'input'),
  },
  IdempotencyKeyRequired: {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: REPEATABLE,
    schema: schemas.of(IdempotencyKey, 'input'),
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: true,
    description: 'The `ETag` of the version that is to be changed, several of which one stands, or `*`',
    schema: { type: 'string', examples: ['"3"'] },
  },
  MinEntry: {
    name: 'Verdict-Min-Entry',
    in: 'header',
    required: false,
    description: 'What a write answered as `Verdict-Entry`: the answer is at least as new as that entry',
    schema: {
      type: 'string',
      pattern: '^(policy|decisions|approvals|reservations)@[0-9]{1,18}$',
      examples: ['decisions@41'],
    },
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    required: false,
    description: 'Names the request in logs and entries; made when absent',
    schema: REQUEST_ID,
  },
});

/** Headers of answers, as components. */
export const SHARED_HEADERS: Readonly<Record<string, JsonSchema>> = {
  RequestId: { description: 'The id of the request, as sent or made', schema: REQUEST_ID },
  RetryAfter: {
    description: 'Whole seconds to wait before the request is repeated',
    schema: { type: 'integer', minimum: 1 },
  },
};

const ref = (name: string): JsonSchema => ({ $ref: `#/components/parameters/${name}` });

const commandHeadersOf = ({ idempotencyKey = 'none', ifMatch }: RouteContract): readonly JsonSchema[] => [
  ...(idempotencyKey === 'none'
    ? []
    : [ref(idempotencyKey === 'required' ? 'IdempotencyKeyRequired' : 'IdempotencyKey')]),
  ...(ifMatch === true ? [ref('IfMatch')] : []),
];

const headersOf = (route: RouteContract): readonly JsonSchema[] => [
  ...commandHeadersOf(route),
  ...(isTenantRead(route) ? [ref('MinEntry')] : []),
  ref('RequestId'),
];

const membersOf = (schema: JsonSchema, place: 'path' | 'query'): readonly JsonSchema[] => {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.entries(schema['properties'] ?? {}).map(([name, member]) => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: member as JsonSchema,
  }));
};

/** Path, query and header parameters of a route. */
export const parametersOf = (route: RouteContract, schemas: Schemas): readonly JsonSchema[] => [
  ...(route.params === undefined ? [] : membersOf(schemas.of(route.params, 'input'), 'path')),
  ...(route.query === undefined ? [] : membersOf(schemas.of(route.query, 'input'), 'query')),
  ...headersOf(route),
];
