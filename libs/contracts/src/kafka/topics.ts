import type { EntryKind, EntryName } from '../entries/entry-schema.js';

/** Largest message that a topic takes: an entry at its limits, and room for headers. */
export const TOPIC_MESSAGE_BYTES_MAX = 1024 * 1024;

/** One topic per journal kind, all tenants in it. @source architecture section 3 */
export const topicOf = <Kind extends EntryKind>(kind: Kind): `verdict.${Kind}.v1` => `verdict.${kind}.v1`;

/** CloudEvents type of an entry: `verdict.decisions.decision_recorded.v1`. @source protocols section 4.1 */
export const eventTypeOf = ({ kind, type, typeV }: EntryName): string => `verdict.${kind}.${type}.v${String(typeV)}`;
