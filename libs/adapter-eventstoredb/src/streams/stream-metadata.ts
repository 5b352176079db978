import { jsonEvent } from '@eventstore/db-client';
import { leafHashOfAny, storeIdOf } from '@verdict/ledger';
import type { Connections } from '../driver/connections.js';
import { failureOf } from '../driver/failure.js';
import { appendEvents } from './append-events.js';
import type { EventReader } from './event-reader.js';

type Metadata = Readonly<Record<string, unknown>>;

export interface StreamMetadata {
  /** Of the stream that holds the metadata; -1n: there is none. */
  readonly revision: bigint;
  readonly metadata: Metadata;
}

/** Who may do what on a stream, as the store spells it. */
export interface Access {
  /** Writes to the journals of this process. */
  readonly writer: string;
  /** Read them: the users of all services. */
  readonly readers: readonly string[];
}

const ADMINS = '$admins';
/** Each of them lets the store forget entries. */
const FORGETTING = ['$maxCount', '$maxAge', '$tb'] as const;
const metastreamOf = (stream: string): string => `$$${stream}`;

const isObject = (value: unknown): value is Metadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const parse = (data: unknown): Metadata => {
  const value: unknown = data instanceof Uint8Array ? JSON.parse(Buffer.from(data).toString('utf8')) : data;
  return isObject(value) ? value : {};
};

export const readMetadata = async (reader: EventReader, stream: string): Promise<StreamMetadata> => {
  const event = await reader.last(metastreamOf(stream));
  return event === undefined
    ? { revision: -1n, metadata: {} }
    : { revision: event.revision, metadata: parse(event.data) };
};

/** Writes at the revision that was read. `false`: somebody else has written there meanwhile. */
export const writeMetadata = async (
  connections: Connections,
  stream: string,
  { revision, metadata }: StreamMetadata,
): Promise<boolean> => {
  const text = JSON.stringify(metadata);
  const id = storeIdOf(leafHashOfAny(Buffer.from(`${stream} ${revision.toString()} ${text}`)));
  const event = jsonEvent({ id, type: '$metadata', data: JSON.parse(text) as Record<string, string> });
  try {
    const append = { stream: metastreamOf(stream), expected: revision, events: [event] };
    await connections.run((client) => appendEvents(client, append), { isAppend: true });
    return true;
  } catch (error) {
    if (failureOf(error) === 'conflict') return false;
    throw error;
  }
};

/** What would let the store forget entries of a journal; undefined: nothing. */
export const forgettingIn = ({ metadata }: StreamMetadata): string | undefined =>
  FORGETTING.find((key) => metadata[key] !== undefined);

/** @source protocols section 5 rule 11 */
export const journalAcl = ({ writer, readers }: Access): Metadata => ({
  ...{ $w: [writer], $r: [...new Set([writer, ...readers])], $mr: [...new Set([writer, ...readers])] },
  ...{ $d: [ADMINS], $mw: [ADMINS] },
});

/** All services add names; nobody takes one away. */
export const registryAcl = (access: Access): Metadata => {
  const acl = journalAcl(access);
  return { ...acl, $w: acl['$r'] };
};

/** Snapshots are a cache that its writer trims by itself. */
export const snapshotAcl = (access: Access): Metadata => ({ ...journalAcl(access), $mw: [access.writer, ADMINS] });

export const hasAcl = ({ metadata }: StreamMetadata): boolean => metadata['$acl'] !== undefined;
