import { z } from 'zod';
import { namedEnvelope } from '../entries/entry-schema.js';
import { EntryEnvelope } from '../entries/envelope.js';
import type { EntryContract } from '../entries/registry.js';
import { ENTRY_CONTENT_TYPE, EventHeaders } from '../kafka/headers.js';
import { eventTypeOf } from '../kafka/topics.js';
import type { JsonSchema, Schemas } from '../openapi/schemas.js';

/** Longer ones would bury the document; the schema says it all. */
const EXAMPLE_CHARACTERS_MAX = 2000;

const titleOf = (type: string): string => {
  const words = type.replaceAll('_', ' ');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
};

const headersOf = (contract: EntryContract): z.ZodType =>
  EventHeaders.and(
    z.object({
      ce_type: z.literal(eventTypeOf(contract)),
      ce_source: z.string().regex(new RegExp(`/${contract.kind}$`)),
    }),
  );

/** Says what the entry's schema says, but refers to the envelope instead of repeating it. */
const payloadOf = (contract: EntryContract, schemas: Schemas): JsonSchema => ({
  type: 'object',
  properties: {
    envelope: { allOf: [schemas.of(EntryEnvelope, 'input'), schemas.of(namedEnvelope(contract), 'input')] },
    payload: schemas.of(contract.schema.shape.payload, 'input'),
  },
  required: ['envelope', 'payload'],
});

const exampleOf = ({ schema }: EntryContract, recorded: readonly string[]): JsonSchema => {
  const found = recorded.find(
    (text) => text.length <= EXAMPLE_CHARACTERS_MAX && schema.safeParse(JSON.parse(text)).success,
  );
  return found === undefined ? {} : { examples: [{ name: 'recorded', payload: JSON.parse(found) as unknown }] };
};

/** One message: an entry type in one version. The payload is the whole entry, as its canonical bytes. */
export const messageOf = (contract: EntryContract, schemas: Schemas, recorded: readonly string[]): JsonSchema => ({
  name: eventTypeOf(contract),
  title: titleOf(contract.type),
  contentType: ENTRY_CONTENT_TYPE,
  correlationId: { $ref: '#/components/correlationIds/request' },
  // Tools ask for a map of headers at the root, not only within its parts.
  headers: { type: 'object', ...schemas.of(headersOf(contract), 'input') },
  payload: payloadOf(contract, schemas),
  bindings: { $ref: '#/components/messageBindings/entry' },
  ...exampleOf(contract, recorded),
});
