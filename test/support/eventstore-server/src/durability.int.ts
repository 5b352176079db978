import {
  ANY,
  type EventStoreDBClient,
  NO_STREAM,
  START,
  streamNameFilter,
  StreamDeletedError,
  StreamNotFoundError,
  UnavailableError,
} from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type EventStoreServer, type EventStoreServerOptions, startEventStoreServer } from './index.js';
import { event, eventually, freshStream, listenTo, texts, track, useClients } from './testing/clients.js';

const open = useClients();
let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'eventstore-server-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** A client waits a second and more before it tries a server again that was down. */
const whenUp = async (client: EventStoreDBClient): Promise<void> => {
  await eventually('the server', () =>
    texts(client, freshStream()).then(
      () => true,
      (error: unknown) => error instanceof StreamNotFoundError,
    ),
  );
};

describe.each([
  ['in memory', () => ({})],
  ['on disk', () => ({ dataDir })],
] as const)('A server with its events %s', (_name, options) => {
  let server: EventStoreServer;
  let client: EventStoreDBClient;
  beforeEach(async () => {
    const chosen: EventStoreServerOptions = options();
    server = await startEventStoreServer(chosen);
    client = open(server.url);
  });
  afterEach(() => server.stop());

  it('that is killed cuts every connection, answers nobody, and has its events when it is back on its port', async () => {
    const [stream, silent] = [freshStream(), freshStream()];
    await client.appendToStream(stream, [event('a'), event('b')], { expectedRevision: NO_STREAM });
    const heard = listenTo(client.subscribeToStream(stream));
    await eventually('its events', () => heard.texts.length === 2);
    server.faults.arm('never_answer', { stream: silent });
    const pending = track(client.appendToStream(silent, event('c'), { expectedRevision: NO_STREAM }));
    await eventually('the strike', () => server.faults.count('never_answer') === 1);
    await server.kill();
    expect((await pending.settled).status).toBe('rejected');
    await eventually('the end of the subscription', () => heard.errors.length === 1);
    await expect(texts(client, stream)).rejects.toThrow(UnavailableError);
    await server.restart();
    await whenUp(client);
    expect([await texts(client, stream), await texts(client, silent)]).toEqual([['a', 'b'], ['c']]);
  });

  it('knows after a restart what an exact revision repeats, and has forgotten what any other does', async () => {
    const [exact, loose] = [freshStream(), freshStream()];
    const [a, b] = [[event('a'), event('b')], event('c')];
    const first = await client.appendToStream(exact, a, { expectedRevision: NO_STREAM });
    await client.appendToStream(loose, b, { expectedRevision: ANY });
    await server.stop();
    await server.restart();
    await whenUp(client);
    expect(await client.appendToStream(exact, a, { expectedRevision: NO_STREAM })).toEqual(first);
    expect(await client.appendToStream(loose, b, { expectedRevision: ANY })).toMatchObject({
      nextExpectedRevision: 1n,
    });
  });

  it('keeps deletions, metadata, positions and losses over a restart', async () => {
    const [soft, hard, lost] = [freshStream('kept'), freshStream('kept'), freshStream('kept')];
    const three = () => [event('0'), event('1'), event('2')];
    for (const stream of [soft, hard, lost]) {
      await client.appendToStream(stream, three(), { expectedRevision: NO_STREAM });
    }
    await client.deleteStream(soft);
    await client.tombstoneStream(hard);
    await client.setStreamMetadata(lost, { custom: 'x' });
    server.loseEvent(lost, 1n);
    const position = (await client.appendToStream(lost, event('3'), { expectedRevision: 2n })).position!;
    for (const isRestarted of [false, true]) {
      if (isRestarted) {
        await server.kill();
        await server.restart();
        await whenUp(client);
      }
      await expect(texts(client, soft)).rejects.toThrow(StreamNotFoundError);
      await expect(texts(client, hard)).rejects.toThrow(StreamDeletedError);
      expect(await texts(client, lost)).toEqual(['0', '2', '3']);
      expect((await client.getStreamMetadata(lost)).metadata).toEqual({ custom: 'x' });
      const all = listenTo(client.subscribeToAll({ filter: streamNameFilter({ prefixes: [lost] }) }));
      await eventually('what is left', () => all.texts.length === 3);
      for await (const { event: recorded } of client.readAll({ fromPosition: position })) {
        expect(recorded).toMatchObject({ streamId: lost, revision: 3n, position });
      }
    }
    expect(server.streamNames()).toEqual(expect.arrayContaining([soft, hard, lost, `$$${lost}`]));
    expect(() => server.loseEvent(lost, 1n)).toThrow('has no event 1');
  });
});

describe('A server whose last write was torn', () => {
  it('starts without it, and goes on behind what is whole', async () => {
    const stream = freshStream();
    const server = await startEventStoreServer({ dataDir });
    const client = open(server.url);
    await client.appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
    await server.stop();
    const file = join(dataDir, 'events.log');
    const { size } = await stat(file);
    await appendFile(file, Buffer.from([0, 0, 1, 0, 9, 9, 9, 9, 1, 2, 3]));
    await server.restart();
    expect((await stat(file)).size).toBe(size);
    await whenUp(client);
    await client.appendToStream(stream, event('b'), { expectedRevision: 0n });
    await server.stop();
    await server.restart();
    await whenUp(client);
    expect(await texts(client, stream)).toEqual(['a', 'b']);
    await server.stop();
  });
});

const MAIN = join(import.meta.dirname, '..', 'dist', 'main.js');
const processes = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of processes) child.kill('SIGKILL');
});

/** The built server as a process of its own; `npm test` builds first. */
const startProcess = async (): Promise<{ readonly child: ChildProcess; readonly url: string }> => {
  const child = spawn(process.execPath, [MAIN, '--data', dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  processes.add(child);
  child.once('exit', () => processes.delete(child));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^listening (esdb:\/\/\S+)$/.exec(line) ?? [];
    if (url !== undefined) return { child, url };
  }
  throw new Error('the server did not start');
};

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
};

interface Written {
  readonly stream: string;
  readonly texts: readonly string[];
  readonly isAnswered: boolean;
}

describe('The server as a process', () => {
  it('ends on SIGTERM with code 0', async () => {
    const { child, url } = await startProcess();
    const stream = freshStream();
    await open(url).appendToStream(stream, event('a'), { expectedRevision: NO_STREAM });
    expect(await end(child, 'SIGTERM')).toBe(0);
  });

  it('loses nothing that it answered when it is killed in the middle of writes, and stores all of a batch or nothing', async () => {
    const WRITERS = 8;
    const ANSWERS_MIN = 200;
    const written: Written[] = [];
    const { child, url } = await startProcess();
    const client = open(url);
    const write = async (stream: string): Promise<void> => {
      for (let revision = -1n; ;) {
        const batch = Array.from({ length: 3 }, () => randomUUID());
        const expectedRevision = revision < 0n ? NO_STREAM : revision;
        const events = batch.map((text) => event(text));
        const result = await client.appendToStream(stream, events, { expectedRevision }).catch(() => undefined);
        written.push({ stream, texts: batch, isAnswered: result !== undefined });
        if (result === undefined) return;
        revision = result.nextExpectedRevision;
      }
    };
    const streams = Array.from({ length: WRITERS }, () => freshStream());
    const writers = streams.map(write);
    await eventually('enough answers', () => written.length >= ANSWERS_MIN);
    await end(child, 'SIGKILL');
    await Promise.all(writers);

    const again = await startProcess();
    const reader = open(again.url);
    for (const stream of streams) {
      const found = await texts(reader, stream);
      const batches = written.filter((one) => one.stream === stream);
      const answered = batches.filter(({ isAnswered }) => isAnswered).flatMap((one) => one.texts);
      const [last] = batches.slice(-1);
      expect([answered, [...answered, ...last!.texts]]).toContainEqual(found);
    }
    const heard = listenTo(
      reader.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: ['test-'] }) }),
    );
    await eventually('all of it', () => heard.texts.length >= ANSWERS_MIN * 3);
    await end(again.child, 'SIGTERM');
  });
});
