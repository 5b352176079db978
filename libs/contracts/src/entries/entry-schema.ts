import { z } from 'zod';
import { EntryEnvelope } from './envelope.js';

/** Journals of a tenant that have a writer in this release. */
export const ENTRY_KINDS = ['policy', 'decisions', 'approvals', 'reservations'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** What names the shape of an entry. */
export interface EntryName {
  readonly kind: EntryKind;
  readonly type: string;
  readonly typeV: number;
}

/** What the envelopes of one type have in common. */
export const namedEnvelope = <const Type extends string, const Version extends number>({
  kind,
  type,
  typeV,
}: EntryName & { readonly type: Type; readonly typeV: Version }) =>
  z.object({
    origin: z.string().regex(new RegExp(`^[^\\s+/]+(/[^\\s+/]+)*/${kind}$`)),
    type: z.literal(type),
    type_v: z.literal(typeV),
  });

/**
 * Schema of a whole entry of one type and `type_v`. Members that a later release adds to a payload are legal and dropped,
 * since they are optional by rule; the envelope is closed.
 *
 * @source ledger format sections 1 and 8
 */
export const entrySchema = <const Type extends string, const Version extends number, Payload extends z.ZodType>(
  name: EntryName & { readonly type: Type; readonly typeV: Version },
  payload: Payload,
) => z.object({ envelope: EntryEnvelope.extend(namedEnvelope(name).shape), payload });

/** Any of them. */
export type EntrySchema = z.ZodType & { readonly shape: { readonly payload: z.ZodType } };
