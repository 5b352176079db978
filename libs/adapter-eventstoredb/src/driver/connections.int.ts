import { describe, expect, it } from '@jest/globals';
import { Doubtful, JournalsClosed } from '../errors.js';
import { appendEvents, contentEvent } from '../streams/append-events.js';
import { withServer } from '../testing/with-server.js';
import { Connections } from './connections.js';

describe('The client of an adapter', () => {
  const store = withServer();
  const open = () => {
    const replaced: string[] = [];
    const connections = new Connections({
      ...{ url: store.server.url, connectionName: 'test', tryMs: 60_000 },
      ...{ onReplaced: (reason) => void replaced.push(reason), onStrayAnswer: () => undefined },
    });
    const append = (stream: string) =>
      connections.run(
        (client) => appendEvents(client, { stream, expected: -1n, events: [contentEvent('t', Buffer.from(stream))] }),
        { isAppend: true },
      );
    return { connections, replaced, append };
  };
  /** As an error of the call arrives at each append that waits on it. */
  const denied = (code?: number) => () =>
    Promise.reject(
      Object.assign(new Error('denied'), { type: 'access-denied', ...(code === undefined ? {} : { code }) }),
    );

  it('takes no error of the shared call for the answer to one append', async () => {
    const { connections, append } = open();
    await append('a');
    await expect(connections.run(denied(7), { isAppend: true })).rejects.toThrow(Doubtful);
    await expect(connections.run(denied(), { isAppend: true })).rejects.toMatchObject({ type: 'access-denied' });
    await expect(connections.run(denied(7))).rejects.toMatchObject({ type: 'access-denied' });
    await connections.close();
  });

  it('ends with everything that waits on it, and the next request gets another', async () => {
    const { connections, replaced, append } = open();
    await append('a');
    store.faults.arm('never_answer', { times: 5 });
    const waiting = ['b', 'c', 'd', 'e', 'f'].map((stream) => append(stream).catch((error: unknown) => error));
    while (store.faults.count('never_answer') < 5) await new Promise(setImmediate);
    const first = await connections.current();
    first.breakDown('for this test');
    for (const outcome of await Promise.all(waiting)) expect(outcome).toBeInstanceOf(Doubtful);
    expect(replaced).toEqual(['for this test']);
    expect(await append('b')).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await connections.current()).not.toBe(first);
    await connections.close();
  });

  it('is gone when the adapter is closed', async () => {
    const { connections, append } = open();
    await append('a');
    await connections.close();
    await expect(append('b')).rejects.toThrow(JournalsClosed);
  });
});
