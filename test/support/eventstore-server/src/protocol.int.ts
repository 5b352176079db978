import {
  ANY,
  BACKWARDS,
  DeadlineExceededError,
  END,
  eventTypeFilter,
  excludeSystemEvents,
  type EventStoreDBClient,
  FORWARDS,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  streamNameFilter,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startEventStoreServer } from './index.js';
import { event, eventually, freshStream, listenTo, textOf, texts, useClients } from './testing/clients.js';

interface Target {
  readonly url: string;
  stop(): Promise<void>;
}

const realUrl = process.env['VERDICT_TEST_EVENTSTORE_URL'];

/** The same rules for both; where they differ, the double is wrong. */
const TARGETS: readonly (readonly [string, () => Promise<Target>])[] = [
  ['the test server', startEventStoreServer],
  ...(realUrl === undefined
    ? []
    : [['a real server', () => Promise.resolve({ url: realUrl, stop: () => Promise.resolve() })] as const]),
];

/** Credentials of a call switch the client to the unary path; without TLS they are not sent. */
const PATHS = [
  ['batch', {}],
  ['unary', { credentials: { username: 'admin', password: 'changeit' } }],
] as const;

const MIB = 1_048_576;

describe.each(TARGETS)('EventStoreDB protocol: %s', (_name, start) => {
  let target: Target;
  let client: EventStoreDBClient;
  const open = useClients();
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());
  beforeEach(() => {
    client = open(target.url);
  });

  describe.each(PATHS)('an append over the %s path', (_path, path) => {
    it('is answered with the revision of its last event', async () => {
      const stream = freshStream();
      const first = await client.appendToStream(stream, [event('a'), event('b')], {
        ...{ ...path, expectedRevision: NO_STREAM },
      });
      expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
      const second = await client.appendToStream(stream, event('c'), { ...path, expectedRevision: 1n });
      expect(second.nextExpectedRevision).toBe(2n);
      expect(second.position!.commit).toBeGreaterThan(first.position!.commit);
      expect(await texts(client, stream)).toEqual(['a', 'b', 'c']);
    });

    it('is refused as a whole when the revision is another, and told the current one', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, [event('a'), event('b')], { ...path, expectedRevision: NO_STREAM });
      for (const [expectedRevision, expectedVersion] of [
        ...([[0n, 0n] as const, [7n, 7n] as const, [NO_STREAM, NO_STREAM] as const] as const),
      ]) {
        const refused = client.appendToStream(stream, [event('x'), event('y')], { ...path, expectedRevision });
        await expect(refused).rejects.toMatchObject({ streamName: stream, expectedVersion, actualVersion: 1n });
        await expect(refused).rejects.toThrow(WrongExpectedVersionError);
      }
      expect(await texts(client, stream)).toEqual(['a', 'b']);
    });

    it('is told that there is no stream when it expects a revision of one', async () => {
      const refused = client.appendToStream(freshStream(), event('a'), { ...path, expectedRevision: 3n });
      await expect(refused).rejects.toMatchObject({ expectedVersion: 3n, actualVersion: NO_STREAM });
    });

    it('may ask for an existing stream, or for nothing', async () => {
      const stream = freshStream();
      const refused = client.appendToStream(stream, event('a'), { ...path, expectedRevision: STREAM_EXISTS });
      await expect(refused).rejects.toMatchObject({ expectedVersion: 'stream_exists', actualVersion: NO_STREAM });
      await client.appendToStream(stream, event('a'), { ...path, expectedRevision: ANY });
      const { nextExpectedRevision } = await client.appendToStream(stream, event('b'), {
        ...{ ...path, expectedRevision: STREAM_EXISTS },
      });
      expect(nextExpectedRevision).toBe(1n);
    });

    it('is answered like the first time when its ids are where it expects to write them, whatever its data', async () => {
      const stream = freshStream();
      const ids = [randomUUID(), randomUUID()];
      const batch = (text: string) => ids.map((id) => event(text, id));
      const options = { ...path, expectedRevision: NO_STREAM } as const;
      const first = await client.appendToStream(stream, batch('first'), options);
      await client.appendToStream(stream, event('after'), { ...path, expectedRevision: 1n });
      expect(await client.appendToStream(stream, batch('other'), options)).toEqual(first);
      expect(await texts(client, stream)).toEqual(['first', 'first', 'after']);
    });

    it('is a conflict when only some of its ids were written', async () => {
      const stream = freshStream();
      const [a, b] = [event('a'), event('b')];
      const options = { ...path, expectedRevision: NO_STREAM } as const;
      await client.appendToStream(stream, [a, b], options);
      for (const batch of [[a], [a, event('c')], [a, b, event('c')], [event('c'), b]]) {
        if (batch.length === 1) continue; // A prefix is all there.
        await expect(client.appendToStream(stream, batch, options)).rejects.toMatchObject({ actualVersion: 1n });
      }
      expect(await client.appendToStream(stream, [a], options)).toMatchObject({ nextExpectedRevision: 0n });
      expect(await texts(client, stream)).toEqual(['a', 'b']);
    });

    it('without an exact revision is remembered by its ids for a while', async () => {
      const stream = freshStream();
      const batch = [event('a'), event('b')];
      const options = { ...path, expectedRevision: ANY } as const;
      expect(await client.appendToStream(stream, batch, options)).toMatchObject({ nextExpectedRevision: 1n });
      expect(await client.appendToStream(stream, batch, options)).toMatchObject({ nextExpectedRevision: 1n });
      const partly = client.appendToStream(stream, [batch[0]!, event('c')], options);
      await expect(partly).rejects.toThrow(WrongExpectedVersionError);
      const elsewhere = freshStream();
      await client.appendToStream(elsewhere, event('before'), { ...path, expectedRevision: NO_STREAM });
      expect(await client.appendToStream(elsewhere, batch, options)).toMatchObject({ nextExpectedRevision: 2n });
      expect(await texts(client, stream)).toEqual(['a', 'b']);
    });

    it('above the limit is refused as such, below it is stored', async () => {
      const stream = freshStream();
      const options = { ...path, expectedRevision: NO_STREAM } as const;
      const part = 'x'.repeat(MIB / 2);
      const refused = client.appendToStream(stream, [event(part), event(part), event('x')], options);
      await expect(refused).rejects.toMatchObject({ maxAppendSize: MIB });
      await expect(refused).rejects.toThrow(MaxAppendSizeExceededError);
      await expect(texts(client, stream)).rejects.toThrow(StreamNotFoundError);
      await client.appendToStream(stream, [event(part), event('x'.repeat(MIB / 2 - 4096))], options);
      expect(await texts(client, stream)).toHaveLength(2);
    });
  });

  it('gathers a batch that the client sends in parts, and stores all of it or nothing', async () => {
    const stream = freshStream();
    const events = Array.from({ length: 50 }, (_, index) => event(`${index}-${'x'.repeat(1000)}`));
    const options = { expectedRevision: NO_STREAM, batchAppendSize: 4096 } as const;
    expect(await client.appendToStream(stream, events, options)).toMatchObject({ nextExpectedRevision: 49n });
    await expect(client.appendToStream(stream, [...events, event('more')], options)).rejects.toThrow(
      WrongExpectedVersionError,
    );
    expect(await texts(client, stream)).toHaveLength(50);
  });

  it('refuses a batch as timed out when its deadline is over, and does not store it', async () => {
    const stream = freshStream();
    const late = client.appendToStream(stream, event('a'), { expectedRevision: NO_STREAM, deadline: -1000 });
    await expect(late).rejects.toThrow(DeadlineExceededError);
    await expect(texts(client, stream)).rejects.toThrow(StreamNotFoundError);
  });

  it('says success: false to a client that wants no exception for a conflict', async () => {
    const stream = freshStream();
    const calm = open(`${target.url}&throwOnAppendFailure=false`);
    await calm.appendToStream(stream, [event('a'), event('b'), event('c')], { expectedRevision: NO_STREAM });
    for (const [, path] of PATHS) {
      const refused = await calm.appendToStream(stream, event('d'), { ...path, expectedRevision: 0n });
      expect(refused.success).toBe(false);
    }
  });

  it('lets one of several writers at the same revision win', async () => {
    const stream = freshStream();
    const writers = Array.from({ length: 8 }, (_, index) =>
      client.appendToStream(stream, [event(`${index}`), event(`${index}`)], { expectedRevision: NO_STREAM }),
    );
    const results = await Promise.allSettled(writers);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await texts(client, stream)).toHaveLength(2);
  });

  describe('a read', () => {
    it('gives back bytes, type, id, revision and time as they were', async () => {
      const stream = freshStream();
      const data = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const id = randomUUID();
      const since = Date.now();
      const proposed = { ...event('', id), data, metadata: Uint8Array.from([9, 0, 255]) };
      await client.appendToStream(stream, proposed, { expectedRevision: NO_STREAM });
      await client.appendToStream(stream, jsonEvent({ type: 'said', data: { n: 1 }, metadata: { m: 2 } }), {
        expectedRevision: 0n,
      });
      const found = [];
      for await (const { event: recorded } of client.readStream(stream)) found.push(recorded!);
      const [binary, json] = found;
      expect(binary).toMatchObject({ id, type: 'happened', streamId: stream, revision: 0n, isJson: false });
      expect(Buffer.from(binary!.data as Uint8Array)).toEqual(data);
      expect(Buffer.from(binary!.metadata as Uint8Array)).toEqual(Buffer.from([9, 0, 255]));
      expect(Math.abs(binary!.created.getTime() - since)).toBeLessThan(60_000);
      expect(json).toMatchObject({ type: 'said', isJson: true, data: { n: 1 }, metadata: { m: 2 }, revision: 1n });
    });

    it('goes forwards from a revision, inclusive, and backwards from the end, as far as is asked', async () => {
      const stream = freshStream();
      const events = Array.from({ length: 600 }, (_, index) => event(String(index)));
      await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
      const revisions = async (options: Parameters<EventStoreDBClient['readStream']>[1]): Promise<number[]> => {
        const found = [];
        for await (const { event: recorded } of client.readStream(stream, options)) {
          found.push(Number(recorded!.revision));
        }
        return found;
      };
      expect(await revisions({ direction: FORWARDS, fromRevision: 597n })).toEqual([597, 598, 599]);
      expect(await revisions({ direction: BACKWARDS, fromRevision: END, maxCount: 3 })).toEqual([599, 598, 597]);
      expect(await revisions({ direction: BACKWARDS, fromRevision: 1n })).toEqual([1, 0]);
      expect(await revisions({ direction: FORWARDS, fromRevision: 700n })).toEqual([]);
      expect(await revisions({})).toHaveLength(600);
    });

    it('of a stream that was never written says so', async () => {
      const stream = freshStream();
      await expect(texts(client, stream)).rejects.toThrow(StreamNotFoundError);
    });

    it('may be left early, and the client goes on', async () => {
      const stream = freshStream();
      const events = Array.from({ length: 400 }, () => event('x'.repeat(2000)));
      await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
      const reading = client.readStream(stream);
      for await (const { event: recorded } of reading) {
        if (recorded!.revision === 3n) break;
      }
      await reading.cancel();
      expect(await texts(client, stream)).toHaveLength(400);
    });

    it('of $all keeps the order of commits, from a position in both directions', async () => {
      const [a, b] = [freshStream('left'), freshStream('right')];
      const first = await client.appendToStream(a, event('1'), { expectedRevision: NO_STREAM });
      await client.appendToStream(b, event('2'), { expectedRevision: NO_STREAM });
      const last = await client.appendToStream(a, event('3'), { expectedRevision: 0n });
      const read = async (options: Parameters<EventStoreDBClient['readAll']>[0]): Promise<string[]> => {
        const found = [];
        for await (const { event: recorded } of client.readAll(options)) {
          if (recorded!.streamId === a || recorded!.streamId === b) found.push(textOf(recorded!.data));
        }
        return found;
      };
      expect(await read({ fromPosition: first.position! })).toEqual(['1', '2', '3']);
      expect(await read({ direction: BACKWARDS, fromPosition: last.position! })).toEqual(['2', '1']);
      expect(await read({ direction: BACKWARDS, fromPosition: END })).toEqual(['3', '2', '1']);
    });
  });

  describe('a subscription', () => {
    it('to a stream starts after the given revision and goes on with what is appended', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, [event('0'), event('1'), event('2')], { expectedRevision: NO_STREAM });
      const heard = listenTo(client.subscribeToStream(stream, { fromRevision: 1n }));
      await eventually('what was there', () => heard.texts.length === 1);
      await client.appendToStream(stream, [event('3'), event('4')], { expectedRevision: 2n });
      await eventually('what came', () => heard.texts.length === 3);
      expect(heard.texts).toEqual(['2', '3', '4']);
      expect(heard.signals.slice(0, 1)).toEqual(['confirmation']);
    });

    it('to a stream that is not there yet waits for it', async () => {
      const stream = freshStream();
      const heard = listenTo(client.subscribeToStream(stream, { fromRevision: START }));
      await eventually('confirmation', () => heard.signals.includes('confirmation'));
      await client.appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
      await eventually('the event', () => heard.texts.length === 1);
    });

    it('from the end gets only what is new', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, event('old'), { expectedRevision: NO_STREAM });
      const heard = listenTo(client.subscribeToStream(stream, { fromRevision: END }));
      const all = listenTo(
        client.subscribeToAll({ fromPosition: END, filter: streamNameFilter({ prefixes: [stream] }) }),
      );
      await eventually('both', () => [heard, all].every(({ signals }) => signals.includes('confirmation')));
      await client.appendToStream(stream, event('new'), { expectedRevision: 0n });
      await eventually('the event', () => heard.texts.length > 0 && all.texts.length > 0);
      expect([heard.texts, all.texts]).toEqual([['new'], ['new']]);
    });

    it('to $all passes the streams of its filter alone, by prefix and by pattern', async () => {
      const [kind, other] = [`k${randomUUID()}`, freshStream('other')];
      const stream = freshStream(kind);
      const prefix = listenTo(client.subscribeToAll({ filter: streamNameFilter({ prefixes: ['nothing', kind] }) }));
      const regex = listenTo(client.subscribeToAll({ filter: streamNameFilter({ regex: `^${kind}` }) }));
      await client.appendToStream(stream, [event('a'), event('b')], { expectedRevision: NO_STREAM });
      await client.appendToStream(other, event('x'), { expectedRevision: NO_STREAM });
      await client.appendToStream(stream, event('c'), { expectedRevision: 1n });
      await eventually('all of it', () => prefix.texts.length === 3 && regex.texts.length === 3);
      expect([prefix.texts, regex.texts]).toEqual([
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ]);
    });

    it('to $all tells checkpoints of what its filter holds back, from which another can go on', async () => {
      const stream = freshStream('seen');
      const noise = freshStream('noise');
      const start = await client.appendToStream(noise, event('start'), { expectedRevision: NO_STREAM });
      const reached: { readonly commit: bigint; readonly prepare: bigint }[] = [];
      const filter = streamNameFilter({
        prefixes: [stream],
        maxSearchWindow: 4,
        checkpointReached: (_subscription, position) => void reached.push(position),
      });
      const heard = listenTo(client.subscribeToAll({ fromPosition: start.position!, filter }));
      await eventually('confirmation', () => heard.signals.includes('confirmation'));
      const events = Array.from({ length: 40 }, () => event('noise'));
      await client.appendToStream(noise, events, { expectedRevision: 0n });
      const { position } = await client.appendToStream(stream, event('seen'), { expectedRevision: NO_STREAM });
      await eventually('the event', () => heard.texts.length === 1);
      await eventually('a checkpoint', () => reached.length > 0);
      const from = reached.find(({ commit }) => commit < position!.commit)!;
      const later = listenTo(
        client.subscribeToAll({ fromPosition: from, filter: streamNameFilter({ prefixes: [stream] }) }),
      );
      await eventually('the event again', () => later.texts.length === 1);
    });

    it('to $all passes by the type of events, too', async () => {
      const stream = freshStream();
      const start = await client.appendToStream(stream, event('start'), { expectedRevision: NO_STREAM });
      await client.setStreamMetadata(stream, { maxCount: 5 });
      await client.appendToStream(stream, event('a'), { expectedRevision: 0n });
      const filters = [
        excludeSystemEvents(),
        eventTypeFilter({ prefixes: ['happ'] }),
        eventTypeFilter({ prefixes: ['$m'] }),
      ];
      const heard = filters.map((filter) => listenTo(client.subscribeToAll({ fromPosition: start.position!, filter })));
      await eventually('the event', () => heard.every(({ texts }) => texts.length > 0));
      expect(heard.map(({ texts }) => texts[0])).toEqual(['a', 'a', '{"$maxCount":5}']);
    });

    it('ends without an error when it is left', async () => {
      const subscription = client.subscribeToStream(freshStream());
      const heard = listenTo(subscription);
      await eventually('confirmation', () => heard.signals.includes('confirmation'));
      await subscription.unsubscribe();
      expect(heard.errors).toEqual([]);
    });
  });

  describe('a stream', () => {
    it('that is deleted softly looks absent, accepts NO_STREAM and goes on counting', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, [event('a'), event('b')], { expectedRevision: NO_STREAM });
      await client.deleteStream(stream, { expectedRevision: 1n });
      await expect(texts(client, stream)).rejects.toThrow(StreamNotFoundError);
      await expect(client.appendToStream(stream, event('x'), { expectedRevision: 0n })).rejects.toMatchObject({
        actualVersion: 1n,
      });
      const again = await client.appendToStream(stream, event('c'), { expectedRevision: NO_STREAM });
      expect(again.nextExpectedRevision).toBe(2n);
      expect(await texts(client, stream)).toEqual(['c']);
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({ truncateBefore: 2 });
    });

    it('that is deleted softly accepts its last revision too, but does not exist', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
      await client.deleteStream(stream);
      const asExisting = client.appendToStream(stream, event('x'), { expectedRevision: STREAM_EXISTS });
      await expect(asExisting).rejects.toThrow(StreamDeletedError);
      await client.appendToStream(stream, event('b'), { expectedRevision: 0n });
      expect(await texts(client, stream)).toEqual(['b']);
    });

    it('that is deleted softly is empty, not absent, when it gets new metadata', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
      await client.deleteStream(stream);
      await client.setStreamMetadata(stream, { maxCount: 5 });
      expect(await texts(client, stream)).toEqual([]);
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({ maxCount: 5, truncateBefore: 1 });
    });

    it('that is written again while somebody follows it goes on for him too', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
      const heard = listenTo(client.subscribeToStream(stream));
      await eventually('the first event', () => heard.texts.length === 1);
      await client.deleteStream(stream);
      await client.appendToStream(stream, event('b'), { expectedRevision: NO_STREAM });
      await eventually('the second event', () => heard.texts.length === 2);
      expect(heard.errors).toEqual([]);
    });

    it('is not deleted at another revision than its own', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, [event('a'), event('b')], { expectedRevision: NO_STREAM });
      for (const refused of [
        client.deleteStream(stream, { expectedRevision: 0n }),
        client.tombstoneStream(stream, { expectedRevision: 0n }),
      ]) {
        await expect(refused).rejects.toMatchObject({ streamName: stream, expectedVersion: 0n, actualVersion: 1n });
      }
      expect(await texts(client, stream)).toEqual(['a', 'b']);
    });

    it.each(PATHS)('that is tombstoned is closed for ever to readers and to %s writers', async (_path, path) => {
      const stream = freshStream();
      await client.appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
      await client.tombstoneStream(stream, { expectedRevision: 0n });
      await expect(texts(client, stream)).rejects.toThrow(StreamDeletedError);
      for (const expectedRevision of [NO_STREAM, 0n, ANY] as const) {
        const refused = client.appendToStream(stream, event('b'), { ...path, expectedRevision });
        await expect(refused).rejects.toMatchObject({ type: 'stream-deleted', streamName: stream });
      }
      const heard = listenTo(client.subscribeToStream(stream));
      await eventually('the error', () => heard.errors.length === 1);
      expect(heard.errors[0]).toBeInstanceOf(StreamDeletedError);
    });

    it('has metadata, of which the last counts', async () => {
      const stream = freshStream();
      expect(await client.getStreamMetadata(stream)).toEqual({ streamName: stream });
      const acl = { readRoles: ['reader'], writeRoles: ['writer'] };
      await client.setStreamMetadata(stream, { maxCount: 9 });
      await client.setStreamMetadata(stream, { maxAge: 60, acl });
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({ maxAge: 60, acl });
      expect(await texts(client, `$$${stream}`)).toHaveLength(1);
      await client.tombstoneStream(stream);
      await expect(texts(client, `$$${stream}`)).rejects.toThrow(StreamDeletedError);
    });

    it('shows what its metadata leave of it, and counts on', async () => {
      const stream = freshStream();
      const events = Array.from({ length: 6 }, (_, index) => event(String(index)));
      await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
      await client.setStreamMetadata(stream, { maxCount: 2 });
      expect(await texts(client, stream)).toEqual(['4', '5']);
      await client.setStreamMetadata(stream, { truncateBefore: 3 });
      expect(await texts(client, stream)).toEqual(['3', '4', '5']);
      expect(await client.appendToStream(stream, event('6'), { expectedRevision: 5n })).toMatchObject({
        nextExpectedRevision: 6n,
      });
    });
  });
});

describe('The test server', () => {
  const open = useClients();

  it('is found by gossip as the leader of a cluster of one', async () => {
    const server = await startEventStoreServer();
    const discover = `esdb+discover://127.0.0.1:${server.port}?tls=false&nodePreference=leader`;
    const stream = freshStream();
    await open(discover).appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
    expect(await texts(open(server.url), stream)).toEqual(['a']);
    await server.stop();
  });

  it('has no persistent subscriptions', async () => {
    const server = await startEventStoreServer();
    const settings = persistentSubscriptionToStreamSettingsFromDefaults();
    const refused = open(server.url).createPersistentSubscriptionToStream(freshStream(), 'group', settings);
    await expect(refused).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    await server.stop();
  });

  it('starts on the port that it is given', async () => {
    const first = await startEventStoreServer();
    await first.stop();
    const second = await startEventStoreServer({ port: first.port });
    expect(second.url).toBe(first.url);
    await second.stop();
  });
});
