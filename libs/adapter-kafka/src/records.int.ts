import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type Bus, type BusObserver, journalName, type Movement, type Revision } from '@verdict/application';
import { Partitioners, type KafkaMessage } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { describeKafka } from '../../../test/support/kafka/describe-kafka.js';
import { headersOf } from './headers.js';
import { openKafkaBus } from './kafka-bus.js';
import type { TopicRecord } from './read-record.js';
import { dropTopics, freshPrefix, LOG_HOST, plainClient, testOptions } from './testing/bus-clients.js';
import { eventually, TEST_MS } from './testing/eventually.js';
import { entryAt, journalOf, recordOf, type TestJournal } from './testing/records.js';

interface Told {
  readonly heads: Map<string, Revision>;
  readonly movements: Movement[];
  readonly mismatches: string[];
}

jest.setTimeout(TEST_MS);

describeKafka('Records of the topics', (brokers) => {
  let prefix: string;
  let bus: Bus;
  let told: Told;

  const observer: BusObserver = {
    mismatched: ({ topic, reason }) => {
      told.mismatches.push(`${topic.replace(`${prefix}.`, '')} ${reason}`);
    },
    interrupted: () => undefined,
  };

  /** Writes records as anybody could who may write to the topic. */
  const inject = async (records: readonly TopicRecord[], kind = 'decisions'): Promise<void> => {
    const producer = plainClient(brokers).producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    for (const { key, value, headers } of records) {
      await producer.send({
        topic: `${prefix}.${kind}.v1`,
        acks: -1,
        messages: [{ key, value, headers: (headers ?? {}) as Record<string, Buffer> }],
      });
    }
    await producer.disconnect();
  };

  const follow = async (): Promise<void> => {
    await bus.consume({
      group: `test-${randomUUID()}`,
      kinds: ['decisions', 'approvals'],
      deliver: (movements) => {
        told.movements.push(...movements);
        for (const { journal, head } of movements) {
          if (head > (told.heads.get(journal) ?? -1n)) told.heads.set(journal, head);
        }
        return Promise.resolve();
      },
    });
  };

  const reached = ({ journal, entries }: TestJournal): Promise<void> =>
    eventually(() => told.heads.get(journal) === BigInt(entries.length - 1));

  /** Whatever came over the bus as an entry is what the journal has at that revision. */
  const expectOnlyTrueEntries = (journals: readonly TestJournal[]): void => {
    for (const { journal, head, entries } of told.movements) {
      const written = journals.find((each) => each.journal === journal)?.entries ?? [];
      expect(entries.map(({ revision }) => revision)).toEqual(
        entries.map((_, index) => head - BigInt(entries.length - 1 - index)),
      );
      for (const { bytes, revision } of entries) {
        expect(Buffer.compare(bytes, written[Number(revision)]?.bytes ?? Buffer.alloc(0))).toBe(0);
      }
    }
  };

  beforeEach(async () => {
    prefix = freshPrefix();
    told = { heads: new Map(), movements: [], mismatches: [] };
    bus = await openKafkaBus({ ...testOptions(brokers, prefix), observer });
  });
  afterEach(async () => {
    await bus.close();
    await dropTopics(brokers, prefix);
  });

  it('have the tenant as key, the headers of CloudEvents and the bytes of the entry, in the order of the journal', async () => {
    const journal = journalOf(3);
    await bus.publish([journal]);
    const received: KafkaMessage[] = [];
    const consumer = plainClient(brokers).consumer({ groupId: `test-${randomUUID()}` });
    await consumer.connect();
    await consumer.subscribe({ topic: `${prefix}.decisions.v1`, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        received.push(message);
        return Promise.resolve();
      },
    });
    await eventually(() => received.length === 3);
    await consumer.disconnect();
    const { tenantId, kind, entries } = journal;
    for (const [index, { key, value, headers }] of received.entries()) {
      const entry = entryAt(journal, index);
      expect(key?.toString('utf8')).toBe(tenantId);
      expect(value?.equals(entry.bytes)).toBe(true);
      const texts = Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]));
      expect(texts).toEqual(headersOf(entry, { logHost: LOG_HOST, tenantId, kind }));
    }
    expect(entries).toHaveLength(3);
  });

  it('of several MiB go out in requests that a broker takes', async () => {
    const journal = journalOf(2_000);
    expect(journal.entries.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(2 * 1024 * 1024);
    await follow();
    await bus.publish([journal]);
    await reached(journal);
    expectOnlyTrueEntries([journal]);
    expect(told.mismatches).toEqual([]);
  });

  it('that were lost, doubled and reordered on the way change nothing but what is carried', async () => {
    const journal = journalOf(9);
    await follow();
    await inject([0, 2, 1, 1, 5, 3, 3, 8, 7].map((revision) => recordOf(journal, entryAt(journal, revision))));
    await reached(journal);
    expectOnlyTrueEntries([journal]);
    expect(told.mismatches).toEqual([]); // Nobody lied: these were true records.
  });

  it('that are damaged, foreign or empty are reported, and what is true is carried all the same', async () => {
    const journal = journalOf(4);
    const other = journalOf(4);
    const first = recordOf(journal, entryAt(journal, 0));
    const damaged = { ...recordOf(journal, entryAt(journal, 1)), value: Buffer.from('{"envelope":{},"payload":{}}') };
    const foreign = {
      ...first,
      headers: { ...first.headers, ce_source: Buffer.from('//elsewhere.example/acme/decisions') },
    };
    const swapped = { ...recordOf(journal, entryAt(journal, 2)), key: Buffer.from(other.tenantId) };
    await follow();
    await inject([{ ...first, value: null }, damaged, foreign, swapped, { ...first, key: null }]);
    await inject([first], 'approvals');
    await bus.publish([journal, other]);
    await Promise.all([reached(journal), reached(other)]);
    expectOnlyTrueEntries([journal, other]);
    expect([...told.mismatches].sort()).toEqual([
      'approvals.v1 ce_source',
      'decisions.v1 ce_source',
      'decisions.v1 ce_source',
      expect.stringContaining('decisions.v1 entry: '),
      'decisions.v1 key',
      'decisions.v1 tombstone',
    ]);
    expect([...told.heads.keys()].sort()).toEqual([journal.journal, other.journal].sort());
  });

  it('that are damaged say at least where to look', async () => {
    const journal = journalOf(6);
    await follow();
    await inject([{ ...recordOf(journal, entryAt(journal, 5)), value: Buffer.from('not an entry') }]);
    await reached(journal);
    expect(told.movements).toEqual([
      {
        journal: journalName('decisions', journal.tenantId),
        kind: 'decisions',
        tenantId: journal.tenantId,
        head: 5n,
        entries: [],
      },
    ]);
  });
});
