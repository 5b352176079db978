import { describe, expect, it } from '@jest/globals';
import specs from '@asyncapi/specs';
import { approvalsService, gateService, JOURNAL_KINDS, reconciliationService } from '@verdict/application';
import { Ajv } from 'ajv';
import { ENTRY_CONTRACTS } from '../entries/registry.js';
import { EventHeaders } from '../kafka/headers.js';
import { eventTypeOf, topicOf } from '../kafka/topics.js';
import type { JsonSchema } from '../openapi/schemas.js';
import { asyncApiDocument } from './document.js';
import { SERVICES } from './services.js';

const document = asyncApiDocument({ version: '1.2.3', recorded: [] });

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectsIn = (value: unknown): readonly JsonSchema[] => {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return isObject(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : [];
};
const resolve = (reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (at, step) => (isObject(at) ? at[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
      document,
    );
const references = objectsIn(document).flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));

// The official schema brings draft 7 along, so ajv must not add its own.
const official = new Ajv({ strict: false, meta: false, validateSchema: false, validateFormats: false });
const isAsyncApi = official.compile(specs.schemas['3.0.0'] as object);
const complaints = (candidate: unknown): readonly string[] =>
  isAsyncApi(candidate)
    ? []
    : (isAsyncApi.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);

describe('the AsyncAPI document', () => {
  it('is AsyncAPI 3.0, by the official schema', () => {
    expect(document).toMatchObject({ asyncapi: '3.0.0', info: { title: 'Verdict journals', version: '1.2.3' } });
    expect(complaints(document)).toEqual([]);
  });
  it('is checked by a schema that finds faults', () => {
    expect(complaints({ ...document, servers: { kafka: { protocol: 'kafka' } } })).not.toEqual([]);
    expect(complaints({ ...document, operations: { one: { action: 'publish' } } })).not.toEqual([]);
    const [name] = Object.keys(document.components['messages'] ?? {});
    const broken = { ...document.components, messages: { [name!]: { payload: { type: 'text' } } } };
    expect(complaints({ ...document, components: broken })).not.toEqual([]);
  });
  it('is plain JSON, and the same text each time', () => {
    const text = JSON.stringify(document);
    expect(JSON.parse(text)).toEqual(document);
    expect(JSON.stringify(asyncApiDocument({ version: '1.2.3', recorded: [] }))).toBe(text);
  });
  it('has only references that resolve, and nothing beside them that draft 7 would ignore', () => {
    expect(references.length).toBeGreaterThan(80);
    expect(references.filter((each) => !each.startsWith('#/') || resolve(each) === undefined)).toEqual([]);
    const withSiblings = objectsIn(document).filter((each) => '$ref' in each && Object.keys(each).length > 1);
    expect(withSiblings).toEqual([]);
  });
  it('uses every component', () => {
    const names = Object.entries(document.components).flatMap(([group, members]) =>
      Object.keys(members).map((name) => `#/components/${group}/${name}`),
    );
    expect(names.filter((name) => !references.includes(name))).toEqual([]);
  });
});

describe('the channels of the document', () => {
  it('are the topics of the journals that have a writer', () => {
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual(JOURNAL_KINDS.map(topicOf));
  });
  it('carry each entry type of their journal in each version, and no other', () => {
    for (const [kind, channel] of Object.entries(document.channels)) {
      const expected = ENTRY_CONTRACTS.filter((each) => each.kind === kind).map(eventTypeOf);
      expect(expected.length).toBeGreaterThan(0);
      expect(Object.keys(channel['messages'] ?? {})).toEqual(expected);
    }
  });
  it('are never compacted and take messages of 1 MiB', () => {
    for (const channel of Object.values(document.channels)) {
      expect(channel['bindings']).toMatchObject({
        kafka: { topicConfiguration: { 'cleanup.policy': ['delete'], 'max.message.bytes': 1_048_576 } },
      });
    }
  });
});

describe('the operations of the document', () => {
  it.each([gateService, approvalsService, reconciliationService])(
    'say of the $name service what it writes and follows',
    ({ name, own, kinds }) => {
      expect(SERVICES.find((each) => each.name === name)).toMatchObject({ writes: own, reads: kinds });
    },
  );
  it('let audit-export and the read models follow everything and write nothing', () => {
    for (const name of ['audit-export', 'read-models'])
      expect(SERVICES.find((each) => each.name === name)).toMatchObject({ writes: [], reads: JOURNAL_KINDS });
  });
  it('have one writer for each channel', () => {
    const written = Object.values(document.operations)
      .filter(({ action }) => action === 'send')
      .map(({ channel }) => (channel as { $ref: string }).$ref);
    expect([...written].sort()).toEqual(
      Object.keys(document.channels)
        .map((kind) => `#/channels/${kind}`)
        .sort(),
    );
  });
  it('name the service, what it does and the channel', () => {
    expect(Object.keys(document.operations)).toHaveLength(
      SERVICES.flatMap(({ writes, reads }) => [...writes, ...reads]).length,
    );
    expect(document.operations['approvals.receive.decisions']).toMatchObject({
      action: 'receive',
      channel: { $ref: '#/channels/decisions' },
      tags: [{ name: 'approvals' }],
    });
  });
});

describe('the messages of the document', () => {
  const messages = Object.entries(document.components['messages'] ?? {});

  it('are JSON with a key, whole entries with all headers', () => {
    for (const [name, message] of messages) {
      expect(message).toMatchObject({
        name,
        contentType: 'application/json',
        headers: { type: 'object', allOf: [{ $ref: '#/components/schemas/EventHeaders' }, {}] },
        payload: { type: 'object', required: ['envelope', 'payload'] },
        bindings: { $ref: '#/components/messageBindings/entry' },
      });
    }
    expect(document.components['messageBindings']).toMatchObject({ entry: { kafka: { key: { type: 'string' } } } });
  });
  it('require the headers that the schema of headers requires', () => {
    const { required, properties } = document.components['schemas']!['EventHeaders']!;
    expect(Object.keys(properties as object)).toEqual(Object.keys(EventHeaders.shape));
    expect(Object.keys(EventHeaders.shape).filter((name) => !(required as string[]).includes(name))).toEqual([
      'ce_subject',
      'ce_traceparent',
    ]);
  });
  it('allow payloads of later releases, and no other envelope', () => {
    const closed = messages.flatMap(([, { payload }]) =>
      objectsIn(payload).filter((each) => each['additionalProperties'] === false),
    );
    expect(closed).toEqual([]);
    expect(document.components['schemas']!['Envelope']).toMatchObject({ additionalProperties: false });
  });
});
