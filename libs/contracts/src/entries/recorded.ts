import type { Sealable } from '@verdict/domain';
import type { z } from 'zod';

interface DomainEntry {
  readonly type: string;
  readonly payload: unknown;
}

/** What of a domain type reaches the log: personal text only in its sealed form. */
export type Recorded<Value> = Value extends Sealable
  ? never
  : Value extends boolean | null | number | string | undefined
    ? Value
    : Value extends readonly (infer Each)[]
      ? readonly Recorded<Each>[]
      : { readonly [Member in keyof Value]: Recorded<Value[Member]> };

/** One schema per entry type and `type_v` of a journal, each giving what the domain folds. */
export type EntrySchemas<Own extends DomainEntry> = {
  readonly [Each in Own as Each['type']]: { readonly 1: z.ZodType<{ readonly payload: Recorded<Each['payload']> }> };
};

type PayloadOf<Versions> = Versions extends { readonly 1: z.ZodType<{ readonly payload: infer Payload }> }
  ? Recorded<Payload>
  : never;

/** The other direction: whatever the domain may write, the schema takes; and it has no type that the domain lacks. */
type Taking<Own extends DomainEntry, Schemas extends EntrySchemas<Own>> = {
  readonly [Each in Own as Each['type']]: [Recorded<Each['payload']>] extends [PayloadOf<Schemas[Each['type']]>]
    ? unknown
    : never;
} & { readonly [Type in Exclude<keyof Schemas, Own['type']>]: never };

/**
 * Ties the schemas of a journal to the domain's entries of it: a type without a schema, a member that only one of the two
 * asks for, or a value that only one of them allows does not compile. Changes nothing at run time.
 */
export const schemasOf =
  <Own extends DomainEntry>() =>
  <const Schemas extends EntrySchemas<Own>>(schemas: Schemas & Taking<Own, Schemas>): Schemas =>
    schemas;
