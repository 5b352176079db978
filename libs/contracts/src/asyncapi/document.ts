import { ENTRY_KINDS, type EntryKind } from '../entries/entry-schema.js';
import { ENTRY_CONTRACTS } from '../entries/registry.js';
import { ENTRY_CONTENT_TYPE, TenantKey } from '../kafka/headers.js';
import { eventTypeOf, TOPIC_MESSAGE_BYTES_MAX, topicOf } from '../kafka/topics.js';
import { type JsonSchema, Schemas } from '../openapi/schemas.js';
import { messageOf } from './messages.js';
import { type ServiceContract, SERVICES } from './services.js';

export interface AsyncApiOptions {
  /** Version of the release, as in `package.json`. */
  readonly version: string;
  /** Canonical texts of recorded entries: of each type, the first short one is shown. */
  readonly recorded: readonly string[];
}

/** An AsyncAPI 3.0 document; plain JSON. */
export interface AsyncApiDocument {
  asyncapi: string;
  info: { title: string; version: string; description: string; license: { name: string; url: string } };
  defaultContentType: string;
  servers: Record<string, JsonSchema>;
  channels: Record<string, JsonSchema>;
  operations: Record<string, JsonSchema>;
  components: Record<string, Record<string, JsonSchema>>;
}

const ABOUT = [
  'Every journal entry of Verdict, as published to Kafka: CloudEvents 1.0 in binary mode.',
  'The value of a message is the canonical bytes of the entry, untouched, so its hashes can be checked.',
  'Messages come at least once, and may be lost, doubled or reordered: the revision tells, and the log has every entry.',
  'A payload may have members that this document does not know: later releases add optional ones.',
].join('\n');

const BINDING_VERSION = '0.5.0';

const channelOf = (kind: EntryKind): JsonSchema => ({
  address: topicOf(kind),
  title: `Entries of ${kind}-<tenant>`,
  description:
    'Ordered by revision within a tenant. Deleted by age or size, never compacted: the key is the tenant, so compaction would keep one entry of each. Replication factor 3 and `min.insync.replicas` 2 where there are brokers enough.',
  messages: Object.fromEntries(
    ENTRY_CONTRACTS.filter((each) => each.kind === kind)
      .map(eventTypeOf)
      .map((name) => [name, { $ref: `#/components/messages/${name}` }]),
  ),
  bindings: {
    kafka: {
      topic: topicOf(kind),
      topicConfiguration: { 'cleanup.policy': ['delete'], 'max.message.bytes': TOPIC_MESSAGE_BYTES_MAX },
      bindingVersion: BINDING_VERSION,
    },
  },
});

const operationsOf = ({
  name,
  writes,
  reads,
  purpose,
}: ServiceContract): readonly (readonly [string, JsonSchema])[] => {
  const operation = (action: 'send' | 'receive', kind: EntryKind, summary: string) =>
    [
      `${name}.${action}.${kind}`,
      { action, channel: { $ref: `#/channels/${kind}` }, summary, description: purpose, tags: [{ name }] },
    ] as const;
  return [
    ...writes.map((kind) => operation('send', kind, `${name} alone writes ${kind}; its relay publishes them`)),
    ...reads.map((kind) => operation('receive', kind, `${name} follows ${kind}`)),
  ];
};

const componentsOf = (recorded: readonly string[]): AsyncApiDocument['components'] => {
  const schemas = new Schemas('draft-07');
  const messages = Object.fromEntries(
    ENTRY_CONTRACTS.map((contract) => [eventTypeOf(contract), messageOf(contract, schemas, recorded)]),
  );
  return {
    schemas: schemas.all(),
    messages,
    correlationIds: {
      request: {
        description:
          'The request that led to the entry; null where there was none. Its trace is in `ce_traceparent` and in `envelope.traceparent`.',
        location: '$message.payload#/envelope/correlation_id',
      },
    },
    messageBindings: {
      entry: { kafka: { key: schemas.of(TenantKey, 'input'), bindingVersion: BINDING_VERSION } },
    },
  };
};

/**
 * The AsyncAPI document of all topics, made from ENTRY_SCHEMAS and the table of services.
 *
 * @returns plain JSON in a stable order: equal contracts and recordings give equal bytes.
 * @throws Error when two schemas share an id: a bug, found by its test.
 * @source AsyncAPI 3.0.0; Kafka bindings 0.5.0; protocols sections 4.1 and 8
 */
export const asyncApiDocument = ({ version, recorded }: AsyncApiOptions): AsyncApiDocument => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Verdict journals',
    version,
    description: ABOUT,
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  },
  defaultContentType: ENTRY_CONTENT_TYPE,
  servers: {
    kafka: {
      host: '{bootstrap}',
      protocol: 'kafka',
      variables: { bootstrap: { default: '127.0.0.1:9092', description: 'a bootstrap server of the deployment' } },
    },
  },
  channels: Object.fromEntries(ENTRY_KINDS.map((kind) => [kind, channelOf(kind)])),
  operations: Object.fromEntries(SERVICES.flatMap(operationsOf)),
  components: componentsOf(recorded),
});
