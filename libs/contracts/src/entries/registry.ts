import { APPROVALS_ENTRIES } from './approvals.js';
import { DECISIONS_ENTRIES } from './decisions.js';
import { ENTRY_KINDS, type EntryKind, type EntryName, type EntrySchema } from './entry-schema.js';
import { POLICY_ENTRIES } from './policy.js';
import { RESERVATIONS_ENTRIES } from './reservations.js';

/** The schema of every entry that a journal may hold: by kind, type and `type_v`. */
export const ENTRY_SCHEMAS = {
  policy: POLICY_ENTRIES,
  decisions: DECISIONS_ENTRIES,
  approvals: APPROVALS_ENTRIES,
  reservations: RESERVATIONS_ENTRIES,
} as const satisfies Readonly<Record<EntryKind, Readonly<Record<string, Readonly<Record<number, EntrySchema>>>>>>;

export interface EntryContract extends EntryName {
  readonly schema: EntrySchema;
}

/** The same as a list: by kind, then in the order of the domain. */
export const ENTRY_CONTRACTS: readonly EntryContract[] = ENTRY_KINDS.flatMap((kind) =>
  Object.entries<Readonly<Record<number, EntrySchema>>>(ENTRY_SCHEMAS[kind]).flatMap(([type, versions]) =>
    Object.entries(versions).map(([typeV, schema]) => ({ kind, type, typeV: Number(typeV), schema })),
  ),
);

/** The schema of what an envelope names; undefined for a type or version of a later release. */
export const entrySchemaOf = (kind: EntryKind, type: string, typeV: number): EntrySchema | undefined =>
  ENTRY_CONTRACTS.find((each) => each.kind === kind && each.type === type && each.typeV === typeV)?.schema;
