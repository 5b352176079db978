import {
  AccessDeniedError,
  ANY,
  type AppendToStreamOptions,
  DeadlineExceededError,
  END,
  EventStoreDBClient,
  MaxAppendSizeExceededError,
  NO_STREAM,
  NotLeaderError,
  START,
  streamNameFilter,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  UnknownError,
} from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type EventStoreServer, type Fault, startEventStoreServer } from './index.js';
import { event, eventually, freshStream, listenTo, texts, track, useClients } from './testing/clients.js';

let server: EventStoreServer;
let client: EventStoreDBClient;
const open = useClients();

beforeAll(async () => {
  server = await startEventStoreServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  client = open(server.url);
});
afterEach(() => {
  server.faults.clear();
});

const UNARY: AppendToStreamOptions = { credentials: { username: 'user', password: 'secret' } };
const PATHS = [
  ['batch', {}],
  ['unary', UNARY],
] as const;

const append = (stream: string, text: string, options: AppendToStreamOptions = {}) =>
  client.appendToStream(stream, event(text), { expectedRevision: NO_STREAM, ...options });

/** As a reader sees it who has no part in what befell the writer. */
const stored = (stream: string): Promise<readonly string[]> =>
  texts(open(server.url), stream).catch((error: unknown) => {
    if (error instanceof StreamNotFoundError) return [];
    throw error;
  });

const isStored = async (stream: string, texts: readonly string[]): Promise<void> => {
  await eventually(`${texts.join()} in ${stream}`, async () => (await stored(stream)).length >= texts.length);
  expect(await stored(stream)).toEqual(texts);
};

/** Whether the fault struck as often as it says, within this test. */
const strikes = (fault: Fault): (() => number) => {
  const before = server.faults.count(fault);
  return () => server.faults.count(fault) - before;
};

describe('A fault switch', () => {
  it('strikes the calls of its stream, as often as it was told, and then no more', async () => {
    const [hit, spared] = [freshStream(), freshStream()];
    const count = strikes('oversize');
    server.faults.arm('oversize', { stream: hit, times: 2 });
    await append(spared, 'a');
    for (let time = 0; time < 2; time += 1) await expect(append(hit, 'a')).rejects.toThrow(MaxAppendSizeExceededError);
    await append(hit, 'a');
    expect(count()).toBe(2);
  });

  it('strikes the next call of any stream when it names none, and not after it was cleared', async () => {
    const count = strikes('oversize');
    server.faults.arm('oversize');
    await expect(append(freshStream(), 'a')).rejects.toThrow(MaxAppendSizeExceededError);
    server.faults.arm('oversize');
    server.faults.clear();
    await append(freshStream(), 'a');
    expect(count()).toBe(1);
  });
});

describe.each(PATHS)('An append over the %s path', (path, options) => {
  it.each(['die_before_commit', 'drop_connection'] as const)('is lost with its connection: %s', async (fault) => {
    const stream = freshStream();
    const count = strikes(fault);
    server.faults.arm(fault, { stream });
    await expect(append(stream, 'a', options)).rejects.toThrow(UnavailableError);
    expect(count()).toBe(1);
    expect(await stored(stream)).toEqual([]);
    expect(await append(stream, 'a', options)).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('is stored though its connection dies, and its repetition is told so: die_after_commit', async () => {
    const stream = freshStream();
    const batch = [event('a'), event('b')];
    const write = () => client.appendToStream(stream, batch, { ...options, expectedRevision: NO_STREAM });
    server.faults.arm('die_after_commit', { stream });
    await expect(write()).rejects.toThrow(UnavailableError);
    expect(await stored(stream)).toEqual(['a', 'b']);
    expect(await write()).toMatchObject({ nextExpectedRevision: 1n });
    expect(await stored(stream)).toEqual(['a', 'b']);
  });

  it('is stored and never answered, while others are: never_answer', async () => {
    const stream = freshStream();
    const count = strikes('never_answer');
    server.faults.arm('never_answer', { stream });
    const silent = track(append(stream, 'a', options));
    await isStored(stream, ['a']);
    expect(await append(freshStream(), 'x', options)).toMatchObject({ nextExpectedRevision: 0n });
    expect([silent.outcome(), count()]).toEqual(['open', 1]);
  });

  it('is neither stored nor answered, while others are: lose_request', async () => {
    const stream = freshStream();
    const count = strikes('lose_request');
    server.faults.arm('lose_request', { stream });
    const silent = track(append(stream, 'a', options));
    await eventually('the strike', () => count() === 1);
    expect(await append(freshStream(), 'x', options)).toMatchObject({ nextExpectedRevision: 0n });
    expect(silent.outcome()).toBe('open');
    expect(await stored(stream)).toEqual([]);
  });

  it('is stored and answered so much later: answer_late', async () => {
    const stream = freshStream();
    const ms = 150;
    server.faults.arm('answer_late', { stream, ms });
    const since = performance.now();
    expect(await append(stream, 'a', options)).toMatchObject({ nextExpectedRevision: 0n });
    expect(performance.now() - since).toBeGreaterThan(ms - 5);
    expect(await stored(stream)).toEqual(['a']);
  });

  it('is sent to the leader, whom the client then finds: not_leader', async () => {
    const stream = freshStream();
    server.faults.arm('not_leader', { stream });
    const refused = append(stream, 'a', options);
    await expect(refused).rejects.toThrow(NotLeaderError);
    await expect(refused).rejects.toMatchObject({ leader: { address: '127.0.0.1', port: server.port } });
    expect(await stored(stream)).toEqual([]);
    expect(await append(stream, 'a', options)).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('is refused by a busy server, in a form of its own on either path: busy', async () => {
    const stream = freshStream();
    server.faults.arm('busy', { stream });
    const refused = append(stream, 'a', options);
    await expect(refused).rejects.toThrow(path === 'batch' ? UnknownError : UnavailableError);
    await expect(refused).rejects.toThrow('Server Is');
    expect(await stored(stream)).toEqual([]);
  });

  it('is called timed out though it is stored: timeout_after_commit', async () => {
    const stream = freshStream();
    server.faults.arm('timeout_after_commit', { stream });
    await expect(append(stream, 'a', options)).rejects.toThrow(path === 'batch' ? DeadlineExceededError : TimeoutError);
    expect(await stored(stream)).toEqual(['a']);
  });

  it('is denied: access_denied', async () => {
    const stream = freshStream();
    server.faults.arm('access_denied', { stream });
    await expect(append(stream, 'a', options)).rejects.toThrow(AccessDeniedError);
    expect(await stored(stream)).toEqual([]);
  });

  it('is called too large though it is not: oversize', async () => {
    const stream = freshStream();
    server.faults.arm('oversize', { stream });
    await expect(append(stream, 'a', options)).rejects.toMatchObject({ maxAppendSize: 1_048_576 });
    expect(await stored(stream)).toEqual([]);
  });

  it('without an exact revision is stored again when its ids are forgotten: forget_ids', async () => {
    const stream = freshStream();
    const count = strikes('forget_ids');
    const batch = [event('a')];
    const write = () => client.appendToStream(stream, batch, { ...options, expectedRevision: ANY });
    await write();
    expect(await write()).toMatchObject({ nextExpectedRevision: 0n });
    server.faults.arm('forget_ids');
    expect(await write()).toMatchObject({ nextExpectedRevision: 1n });
    expect([await stored(stream), count()]).toEqual([['a', 'a'], 1]);
  });
});

describe('A batch append', () => {
  it('stays open for ever when the server ends the call cleanly, like all later ones of its client: half_close', async () => {
    const [stream, later] = [freshStream(), freshStream()];
    const stuck = EventStoreDBClient.connectionString(server.url); // Not to be disposed: that would not end either.
    const write = (to: string) => track(stuck.appendToStream(to, event('a'), { expectedRevision: NO_STREAM }));
    const count = strikes('half_close');
    server.faults.arm('half_close', { stream });
    const first = write(stream);
    await eventually('the strike', () => count() === 1);
    await isStored(stream, ['a']);
    const second = write(later);
    expect(await append(freshStream(), 'x')).toMatchObject({ nextExpectedRevision: 0n });
    expect([first.outcome(), second.outcome(), await stored(later)]).toEqual(['open', 'open', []]);
  });

  it('takes what else is under way on its call with it when that fails', async () => {
    const [silent, dying] = [freshStream(), freshStream()];
    server.faults.arm('never_answer', { stream: silent });
    const first = track(append(silent, 'a'));
    await isStored(silent, ['a']);
    server.faults.arm('die_before_commit', { stream: dying });
    await expect(append(dying, 'b')).rejects.toThrow(UnavailableError);
    await eventually('the other rejection', () => first.outcome() === 'rejected');
  });

  it('that is answered twice makes the client throw where nobody can catch it: answer_twice', async () => {
    const script = `
      const { EventStoreDBClient, binaryEvent } = require('@eventstore/db-client');
      process.on('uncaughtException', ({ name }) => setImmediate(() => { console.log('uncaught ' + name); process.exit(); }));
      const client = EventStoreDBClient.connectionString(process.argv[1]);
      client.appendToStream('twice', binaryEvent({ type: 'x', data: Buffer.from('x') }))
        .then(({ nextExpectedRevision }) => console.log('answered ' + nextExpectedRevision));`;
    server.faults.arm('answer_twice', { stream: 'twice' });
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, server.url], {
      cwd: join(import.meta.dirname, '..'),
    });
    expect(stdout).toBe('answered 0\nuncaught TypeError\n');
    expect(await stored('twice')).toEqual(['x']);
  });

  it('times out at once when the clocks disagree, and is not stored: clock_skew', async () => {
    const stream = freshStream();
    server.faults.arm('clock_skew', { stream });
    await expect(append(stream, 'a')).rejects.toThrow(DeadlineExceededError);
    expect(await stored(stream)).toEqual([]);
  });

  it('is stored in the past by a clock that is behind: clock_skew', async () => {
    const stream = freshStream();
    const dayMs = 86_400_000;
    server.faults.arm('clock_skew', { stream, ms: -dayMs });
    const nowMs = Date.now();
    await append(stream, 'a');
    for await (const { event: recorded } of client.readStream(stream)) {
      expect(Math.round((nowMs - recorded!.created.getTime()) / dayMs)).toBe(1);
    }
  });
});

describe('A read', () => {
  const faults = [
    ['drop_connection', UnavailableError],
    ['not_leader', NotLeaderError],
    ['busy', UnavailableError],
    ['access_denied', AccessDeniedError],
  ] as const;

  it.each(faults)('fails once: %s', async (fault, errorType) => {
    const stream = freshStream();
    await append(stream, 'a');
    server.faults.arm(fault, { stream });
    await expect(texts(client, stream)).rejects.toThrow(errorType);
    expect(await texts(client, stream)).toEqual(['a']);
  });

  it.each(faults)('that subscribes fails once: %s', async (fault, errorType) => {
    const stream = freshStream();
    await append(stream, 'a');
    const subscribe = {
      stream: () => client.subscribeToStream(stream),
      all: () => client.subscribeToAll({ filter: streamNameFilter({ prefixes: [stream] }) }),
    };
    for (const to of ['stream', 'all'] as const) {
      server.faults.arm(fault, { stream });
      const heard = listenTo(subscribe[to]());
      await eventually('the error', () => heard.errors.length === 1);
      expect(heard.errors[0]).toBeInstanceOf(errorType);
      const again = listenTo(subscribe[to]());
      await eventually('the event', () => again.texts.length === 1);
    }
  });

  it.each(['deleteStream', 'tombstoneStream'] as const)('or %s that is denied changes nothing', async (method) => {
    const stream = freshStream();
    await append(stream, 'a');
    server.faults.arm('access_denied', { stream });
    await expect(client[method](stream)).rejects.toThrow(AccessDeniedError);
    server.faults.arm('drop_connection', { stream });
    await expect(client[method](stream)).rejects.toThrow(UnavailableError);
    expect(await stored(stream)).toEqual(['a']);
  });
});

describe.each(['stream', 'all'] as const)('A subscription to %s', (to) => {
  const subscribe = (stream: string) =>
    listenTo(
      to === 'stream'
        ? client.subscribeToStream(stream, { fromRevision: START })
        : client.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: [stream] }) }),
    );

  it('falls silent without an error until it is opened again: silent_subscription', async () => {
    const stream = freshStream();
    const other = subscribe(freshStream());
    await append(stream, 'a');
    const silent = subscribe(stream);
    await eventually('the first event', () => silent.texts.length === 1 && other.signals.includes('caughtUp'));
    const count = strikes('silent_subscription');
    server.faults.arm('silent_subscription', { stream });
    await append(stream, 'b', { expectedRevision: 0n });
    const again = subscribe(stream);
    await eventually('both events', () => again.texts.length === 2);
    expect([silent.texts, silent.errors, count()]).toEqual([['a'], [], 1]);
  });

  it('ends with an error, and may be opened again: drop_subscription', async () => {
    const stream = freshStream();
    await append(stream, 'a');
    const dropped = subscribe(stream);
    await eventually('the first event', () => dropped.texts.length === 1);
    server.faults.arm('drop_subscription', { stream });
    await eventually('the error', () => dropped.errors.length === 1);
    expect(dropped.errors[0]).toBeInstanceOf(UnavailableError);
    const again = subscribe(stream);
    await eventually('the event', () => again.texts.length === 1);
  });

  it.each(['silent_subscription', 'drop_subscription'] as const)(
    'is hit when it opens, if none was open: %s',
    async (fault) => {
      const stream = freshStream();
      await append(stream, 'a');
      server.faults.arm(fault, { stream });
      const hit = subscribe(stream);
      await eventually('confirmation', () => hit.signals.length === 1 || hit.errors.length === 1);
      const again = subscribe(stream);
      await eventually('the event', () => again.texts.length === 1);
      expect(hit.texts).toEqual([]);
      expect(hit.errors).toHaveLength(fault === 'drop_subscription' ? 1 : 0);
    },
  );
});

describe('A subscription to $all', () => {
  it('is told a checkpoint before the events it covers: checkpoint_ahead', async () => {
    const stream = freshStream();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached: bigint[] = [];
    const filter = streamNameFilter({
      prefixes: [stream],
      checkpointReached: async (_subscription, { commit }) => {
        reached.push(commit);
        await released; // The client looks at nothing else meanwhile.
      },
    });
    const heard = listenTo(client.subscribeToAll({ fromPosition: END, filter }));
    const witness = listenTo(client.subscribeToStream(stream));
    await eventually('both', () => [heard, witness].every(({ signals }) => signals.includes('caughtUp')));
    server.faults.arm('checkpoint_ahead', { stream });
    const { position } = await append(stream, 'a');
    await eventually('the checkpoint', () => reached.length === 1 && witness.texts.length === 1);
    expect([reached, heard.texts]).toEqual([[position!.commit], []]);
    release();
    await eventually('the event', () => heard.texts.length === 1);
  });

  it('never gets an event that its stream has: all_gap', async () => {
    const stream = freshStream();
    const count = strikes('all_gap');
    const filter = streamNameFilter({ prefixes: [stream] });
    const all = listenTo(client.subscribeToAll({ fromPosition: END, filter }));
    const one = listenTo(client.subscribeToStream(stream));
    await eventually('both', () => [all, one].every(({ signals }) => signals.includes('caughtUp')));
    server.faults.arm('all_gap', { stream });
    await client.appendToStream(stream, [event('a'), event('b')], { expectedRevision: NO_STREAM });
    await eventually('the rest', () => all.texts.length === 1 && one.texts.length === 2);
    const later = listenTo(client.subscribeToAll({ filter }));
    await eventually('the rest again', () => later.texts.length === 1);
    expect([all.texts, one.texts, later.texts, count()]).toEqual([['b'], ['a', 'b'], ['b'], 1]);
  });

  it('that is too slow for what is appended is told that it fell behind, and that it caught up', async () => {
    const stream = freshStream();
    const heard = listenTo(client.subscribeToStream(stream));
    await eventually('the start', () => heard.signals.includes('caughtUp'));
    const events = Array.from({ length: 100 }, (_, index) => event(String(index)));
    await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
    await eventually('all of it', () => heard.texts.length === 100 && heard.signals.length === 4);
    expect(heard.signals).toEqual(['confirmation', 'caughtUp', 'fellBehind', 'caughtUp']);
  });
});
