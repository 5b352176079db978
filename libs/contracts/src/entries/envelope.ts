import { z } from 'zod';
import { EntryId, InstantText, Origin, Sha256 } from './scalars.js';

export const EnvelopeActor = z
  .strictObject({
    kind: z.enum(['user', 'service', 'system']),
    id: z.string().min(1),
    roles: z.array(z.string().min(1)),
  })
  .meta({ id: 'Actor', description: 'who acted, as authenticated at that time' });

export const EntryCause = z
  .strictObject({ origin: Origin, revision: z.int().min(0), leaf_hash: Sha256 })
  .meta({ id: 'Cause', description: 'an entry of another journal that led to this one' });

/**
 * The envelope as it is hashed: all members are always there and no others are; another shape is another `v`.
 * @source ledger format section 1
 */
export const EntryEnvelope = z
  .strictObject({
    v: z.literal(1).meta({ description: 'version of the envelope' }),
    origin: Origin,
    revision: z.int().min(0).meta({ description: 'position in the journal, 0-based; also the Merkle leaf index' }),
    type: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,127}$/)
      .meta({ description: 'entry type, in past tense' }),
    type_v: z.int().min(1).meta({ description: 'version of the payload of this type' }),
    id: EntryId,
    command_id: z.string().min(1).meta({ description: 'the command that caused it' }),
    occurred_at: InstantText,
    recorded_at: InstantText,
    actor: EnvelopeActor,
    causes: z.array(EntryCause),
    observed: z
      .record(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), z.int().min(-1))
      .meta({ description: 'per journal kind the highest revision that was seen; -1: seen to be empty' }),
    correlation_id: z.string().nullable().meta({ description: 'names the request; null where there was none' }),
    traceparent: z.string().nullable().meta({ description: 'W3C trace context of the request' }),
    payload_sha256: Sha256,
  })
  .meta({ id: 'Envelope', description: 'What an entry is; its canonical bytes are the leaf of the Merkle tree.' });
export type EntryEnvelope = z.output<typeof EntryEnvelope>;
