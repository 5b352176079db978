import { isRawObject, memberOf, type RawJson, rawJsonText, type RawObject } from '@verdict/domain';
import { z } from 'zod';
import { DEPTH_MAX, type IsForeign, readJson } from '../json/strict-json.js';
import { EventGateBody, FOREIGN_MEMBERS } from './gate.js';
import { Metadata, name } from './scalars.js';
import { foreignMembers, type Parsed, parseWith, toWire, type WireError } from './wire.js';

const TIME =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,30})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;
const isDay = (day: string): boolean => {
  const read = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(day);
};
/** An instant as events have it, with its own offset: kept as it was sent. @source RFC 3339 section 5.6 */
const EventTime = z
  .string()
  .refine((sent) => isDay(TIME.exec(sent)?.[1] ?? ''), 'a time of RFC 3339')
  .meta({ format: 'date-time' });
const JSON_TYPE = /^[a-z0-9!#$&^_.+-]+\/(?:json|[a-z0-9!#$&^_.+-]+\+json)\s*(?:;|$)/i;

/** Attributes of an event that this gate reads; whatever else it has is recorded as it came. @source CloudEvents 1.0 */
export const CloudEventAttributes = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: name(1, 256),
    source: name(1, 1024),
    type: name(1, 256),
    subject: name(1, 512).optional(),
    time: EventTime.optional(),
    datacontenttype: z
      .string()
      .refine((type) => JSON_TYPE.test(type.trim()), 'the data is JSON')
      .optional(),
  })
  .meta({ id: 'CloudEventAttributes' });

/** POST /gate/cloud-event as one JSON body: the generic members and the event beside them. @source contract section 4 */
export const CloudEventBody = EventGateBody.extend({ cloud_event: CloudEventAttributes }).meta({
  id: 'CloudEventGateRequest',
});

export type EventAttributes = z.output<typeof CloudEventAttributes>;
export interface ReadCloudEvent {
  readonly event: EventAttributes;
  /** RFC 8785 text of the attributes that this gate does not know; null: there are none. */
  readonly extensions: string | null;
  readonly body: z.output<typeof EventGateBody>;
  /** The data as read, without the event around it. */
  readonly data: RawObject;
}

const STRUCTURED = /^application\/cloudevents/i;
const BATCH = /^application\/cloudevents-batch/i;
/** Whether a media type is a batch of events, which this gate does not take. @source protocols section 4.2 */
export const isEventBatch = (contentType: string): boolean => BATCH.test(contentType.trim());

const refused = (code: string, pointer: string, detail: string): Parsed<never> => ({
  kind: 'refused',
  code,
  errors: [{ pointer, code, detail }],
});

const under = (pointer: string, errors: readonly WireError[]): readonly WireError[] =>
  errors.map((error) => ({ ...error, pointer: `${pointer}${error.pointer}` }));

/** Errors of attributes, where their sender looks for them: `/cloud_event/source`, or the header `/headers/ce-source`. */
const named = ({ pointer }: Attributes, errors: readonly WireError[]): readonly WireError[] =>
  errors.map((error) => ({
    ...error,
    pointer: error.pointer === '' ? pointer.replace(/\/[^/]*$/, '') : `${pointer}${error.pointer.slice(1)}`,
  }));

/** An attribute that is null is not set. @source CloudEvents JSON format section 2.2 */
const withoutUnset = (attributes: RawJson): RawJson =>
  isRawObject(attributes)
    ? Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null))
    : attributes;

const isKnown = (attribute: string): boolean => Object.hasOwn(CloudEventAttributes.shape, attribute);

/** An attribute that nobody knows is not refused for its value: a number or a depth that metadata has no room for is kept as text. */
const kept = (value: RawJson): RawJson =>
  parseWith(Metadata, { value }).kind === 'ok' || typeof value === 'string' ? value : rawJsonText(value);

const extensionsOf = (attributes: RawJson): Parsed<string | null> => {
  if (!isRawObject(attributes)) return { kind: 'ok', value: null };
  const unknown = Object.entries(attributes).filter(([attribute]) => !isKnown(attribute));
  if (unknown.length === 0) return { kind: 'ok', value: null };
  return parseWith(Metadata, Object.fromEntries(unknown.map(([attribute, value]) => [attribute, kept(value)])));
};

interface Attributes {
  /** As read. */
  readonly value: RawJson;
  /** In front of the attribute's name. */
  readonly pointer: string;
}

const combined = (
  attributes: Attributes,
  data: { readonly value: RawJson | undefined; readonly pointer: string },
): Parsed<ReadCloudEvent> => {
  const set = withoutUnset(attributes.value);
  const [event, extensions] = [parseWith(CloudEventAttributes, toWire(set)), extensionsOf(set)];
  if (!isRawObject(data.value)) return refused('validation_failed', data.pointer, 'the data is an object');
  const body = parseWith(EventGateBody, toWire(data.value, FOREIGN_MEMBERS));
  if (event.kind === 'ok' && extensions.kind === 'ok' && body.kind === 'ok') {
    const value = { event: event.value, extensions: extensions.value, body: body.value, data: data.value };
    return { kind: 'ok', value };
  }
  const errors = [
    ...(event.kind === 'ok' ? [] : named(attributes, event.errors)),
    ...(extensions.kind === 'ok' ? [] : named(attributes, extensions.errors)),
    ...(body.kind === 'ok' ? [] : under(data.pointer, body.errors)),
  ];
  return { kind: 'refused', code: errors[0]?.code ?? 'validation_failed', errors };
};

const structured = (document: RawJson): Parsed<ReadCloudEvent> => {
  if (!isRawObject(document)) return refused('validation_failed', '', 'an event is an object');
  if (memberOf(document, 'data_base64') !== undefined) {
    return refused('validation_failed', '/data_base64', 'the data is JSON');
  }
  const { data, ...attributes } = document;
  return combined({ value: attributes, pointer: '/' }, { value: data, pointer: '/data' });
};

const QUOTED = /^"(.*)"$/s;
const unquoted = (value: string): string => QUOTED.exec(value)?.[1]?.replace(/\\(.)/g, '$1') ?? value;

/**
 * The value of an attribute's header: quotes removed first, then escapes read; an escape that is none is left as it was sent.
 * @source CloudEvents HTTP binding section 3.1.3.2
 */
const decoded = (header: string): string => {
  const value = unquoted(header);
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Attributes of binary mode: one header each, percent-encoded outside printable ASCII. */
const headerAttributes = (headers: Headers): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([header, value]) =>
      header.startsWith('ce-') && typeof value === 'string' ? [[header.slice('ce-'.length), decoded(value)]] : [],
    ),
  );

/** A header of one of these makes the request an event in binary mode. */
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

const plain = (document: RawJson): Parsed<ReadCloudEvent> => {
  if (!isRawObject(document)) return refused('validation_failed', '', 'the body is an object');
  const { cloud_event: attributes, ...data } = document;
  if (attributes === undefined) {
    return refused(
      'validation_failed',
      '/cloud_event',
      'the event is missing: as this member, as ce- headers, or around the data',
    );
  }
  return combined({ value: attributes, pointer: '/cloud_event/' }, { value: data, pointer: '' });
};

/** Around the data, attributes; in the data, as in every gate's body. Others define both. */
const isForeignAround: IsForeign = (member, depth) =>
  depth === 1 ? member !== 'data' : depth === 2 && FOREIGN_MEMBERS.has(member);
const isForeignBeside = foreignMembers(new Set([...FOREIGN_MEMBERS, 'cloud_event']));

/**
 * Reads an event in whichever mode it came: structured, binary (`ce-` headers), or as the member `cloud_event` of the
 * generic body.
 *
 * @returns 400 for what is no JSON, 422 with every defect otherwise.
 * @source protocols section 4.2
 */
export const readCloudEvent = (bytes: Uint8Array, headers: Headers): Parsed<ReadCloudEvent> => {
  const contentType = typeof headers['content-type'] === 'string' ? headers['content-type'] : '';
  const isStructured = STRUCTURED.test(contentType.trim());
  const read = readJson(bytes, { depthMax: DEPTH_MAX, isForeign: isStructured ? isForeignAround : isForeignBeside });
  if (read.kind === 'malformed') return refused('malformed_json', read.pointer, read.detail);
  if (isStructured) return structured(read.value);
  const attributes = headerAttributes(headers);
  return REQUIRED.some((attribute) => attribute in attributes)
    ? combined({ value: attributes, pointer: '/headers/ce-' }, { value: read.value, pointer: '' })
    : plain(read.value);
};
