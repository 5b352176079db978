import { z } from 'zod';
import { EntryId, InstantText, Sha256 } from '../entries/scalars.js';

export const ENTRY_CONTENT_TYPE = 'application/json';

/** Key of every message, and the tenant in its origin. */
export const TenantKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .meta({ description: 'the tenant, UTF-8', examples: ['acme'] });

/**
 * Headers of a message, as UTF-8 text: CloudEvents 1.0 in Kafka binary mode. Headers of others are legal and dropped.
 * @source protocols section 4.1
 */
export const EventHeaders = z
  .object({
    'content-type': z.literal(ENTRY_CONTENT_TYPE),
    ce_specversion: z.literal('1.0'),
    ce_id: EntryId,
    ce_source: z
      .string()
      .regex(/^\/\/[^\s+/]+(\/[^\s+/]+)+$/)
      .meta({
        description: '`//` and the origin of the journal; with `ce_id` unique, and the same however often it is sent',
        examples: ['//log.example.com/acme/decisions'],
      }),
    ce_type: z
      .string()
      .regex(/^verdict\.[a-z]+\.[a-z][a-z0-9_]{0,127}\.v[1-9]\d*$/)
      .meta({ description: '`verdict.<kind>.<type>.v<type_v>`', examples: ['verdict.decisions.decision_recorded.v1'] }),
    ce_time: InstantText,
    ce_subject: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'id of the decision, approval, budget ... concerned; absent where there is none' }),
    ce_sequence: z
      .string()
      .regex(/^\d{20}$/)
      .meta({
        description: 'revision in the journal, zero-padded to 20 digits: texts sort as revisions do, per source',
        examples: ['00000000000000000041'],
      }),
    ce_partitionkey: TenantKey,
    ce_traceparent: z
      .string()
      .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
      .optional()
      .meta({ description: 'W3C trace context of the request; absent where there was none' }),
    ce_leafhash: Sha256.meta({
      description: 'SHA-256 of 0x00 and the envelope bytes: check the message with it before parsing',
    }),
  })
  .meta({ id: 'EventHeaders', description: 'CloudEvents 1.0, Kafka binary mode' });
export type EventHeaders = z.output<typeof EventHeaders>;
