import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type Bus, BusUnavailable, type RecordedEntry } from '@verdict/application';
import { randomUUID } from 'node:crypto';
import { describeKafka } from '../../../test/support/kafka/describe-kafka.js';
import type { KafkaLogLine } from './connection.js';
import {
  dropTopics,
  freshPrefix,
  openWired,
  plainClient,
  publishPatiently,
  testOptions,
} from './testing/bus-clients.js';
import { eventually, TEST_MS } from './testing/eventually.js';
import { journalOf, type TestJournal } from './testing/records.js';
import {
  createWire,
  INIT_PRODUCER_ID,
  OUT_OF_ORDER_SEQUENCE_NUMBER,
  PRODUCE,
  UNKNOWN_PRODUCER_ID,
  type Wire,
} from './testing/wire.js';

/** The two halves of a journal, as two calls of a relay. */
const halves = (journal: TestJournal): readonly [TestJournal, TestJournal] => {
  const middle = journal.entries.length / 2;
  return [
    { ...journal, entries: journal.entries.slice(0, middle) },
    { ...journal, entries: journal.entries.slice(middle) },
  ];
};

jest.setTimeout(TEST_MS);

describeKafka('Publishing', (brokers) => {
  let prefix: string;
  let bus: Bus;
  let wire: Wire;
  let lines: KafkaLogLine[];

  beforeEach(async () => {
    prefix = freshPrefix();
    lines = [];
    wire = createWire();
    ({ bus } = await openWired(
      { ...testOptions(brokers, prefix), publishTimeoutMs: 60_000, log: (line) => lines.push(line) },
      { wire },
    ));
  });
  afterEach(async () => {
    wire.mend();
    await bus.close();
    await dropTopics(brokers, prefix);
  });

  /** What a group that reads everything from the beginning is given of a journal. */
  const expectArrived = async ({ journal, entries }: TestJournal): Promise<void> => {
    const carried = new Map<bigint, RecordedEntry>();
    const reader = await openWired(testOptions(brokers, prefix));
    await reader.bus.consume({
      group: `test-${randomUUID()}`,
      kinds: ['decisions'],
      deliver: (movements) => {
        for (const movement of movements.filter((each) => each.journal === journal)) {
          for (const entry of movement.entries) carried.set(entry.revision, entry);
        }
        return Promise.resolve();
      },
    });
    await eventually(() => carried.size === entries.length);
    await reader.bus.close();
    for (const { revision, bytes } of entries)
      expect(Buffer.compare(carried.get(revision)?.bytes ?? bytes, bytes)).toBe(0);
  };

  const recordsOf = async (topic: string): Promise<number> => {
    const admin = plainClient(brokers).admin();
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  };

  it('rejects with BusUnavailable while the brokers are away, and goes on when they are back', async () => {
    const journal = journalOf(4);
    const [first, second] = halves(journal);
    await publishPatiently(bus, [first]);
    wire.cut();
    await expect(bus.publish([second])).rejects.toThrow(BusUnavailable);
    await expect(bus.publish([second])).rejects.toThrow(BusUnavailable);
    wire.mend();
    await publishPatiently(bus, [second]);
    await expectArrived(journal);
  });

  it('stores a batch once when its acknowledgement was lost', async () => {
    const journal = journalOf(4);
    const [first, second] = halves(journal);
    await publishPatiently(bus, [first]);
    wire.loseProduceAnswer();
    await publishPatiently(bus, [second]);
    expect(wire.sent(PRODUCE)).toBeGreaterThan(2); // The second one was sent again.
    expect(await recordsOf(`${prefix}.decisions.v1`)).toBe(4);
    await expectArrived(journal);
  });

  it.each([
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['UNKNOWN_PRODUCER_ID', UNKNOWN_PRODUCER_ID],
  ])('takes a new producer after %s', async (_, code) => {
    const journal = journalOf(4);
    const [first, second] = halves(journal);
    await publishPatiently(bus, [first]);
    const before = wire.sent(INIT_PRODUCER_ID);
    wire.forgeProduceError(code);
    await expect(bus.publish([second])).rejects.toThrow(BusUnavailable);
    await publishPatiently(bus, [second]);
    expect(wire.sent(INIT_PRODUCER_ID)).toBeGreaterThan(before);
    await expectArrived(journal);
  });

  it('keeps the order of a journal whose slices are published one after the other', async () => {
    const journal = journalOf(60);
    const slices = Array.from({ length: 20 }, (_, index) => ({
      ...journal,
      entries: journal.entries.slice(index * 3, index * 3 + 3),
    }));
    for (const slice of slices) await bus.publish([slice]);
    await expectArrived(journal);
  });

  it('does nothing for no entries, and refuses once the bus is closed', async () => {
    await bus.publish([]);
    await bus.publish([{ ...journalOf(0) }]);
    expect(wire.sent(PRODUCE)).toBe(0);
    await bus.close();
    await expect(bus.publish([journalOf(1)])).rejects.toThrow(BusUnavailable);
  });

  it('tells the log what the client does, without keys or values', async () => {
    const journal = journalOf(2);
    wire.forgeProduceError(OUT_OF_ORDER_SEQUENCE_NUMBER);
    await publishPatiently(bus, [journal]);
    expect(lines.some(({ level }) => level === 'error')).toBe(true);
    const text = JSON.stringify(lines);
    expect(text).not.toContain(journal.tenantId);
    expect(text).not.toContain('decision_recorded');
  });
});
