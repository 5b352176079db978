import { describe, expect, it } from '@jest/globals';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { EventEmitter } from 'node:events';
import { guardCalls } from './guard-calls.js';

interface Guarded {
  getGRPCClient(): Promise<{ batchAppend(): EventEmitter }>;
  handleError(stub: object, error: Error): Promise<void>;
}

/** The members that the guard replaces, as the client has them; its listeners throw as the client's do. */
const guarded = () => {
  const heard = { started: 0, stray: 0, lost: [] as string[], destroyed: [] as Error[] };
  const call = Object.assign(new EventEmitter(), { destroy: (error: Error) => heard.destroyed.push(error) });
  const stub = { batchAppend: () => call };
  const client = {
    getGRPCClient: () => Promise.resolve(stub),
    getChannel: () => Promise.resolve({ close: () => undefined }),
    handleError: () => Promise.reject(new TypeError('these trailers lack what an error of this kind has')),
  };
  guardCalls(client as unknown as EventStoreDBClient, {
    onStarted: () => (heard.started += 1),
    onLost: (reason) => heard.lost.push(reason),
    onStrayAnswer: () => (heard.stray += 1),
  });
  return { heard, client: client as unknown as Guarded };
};
const fail = (): never => {
  throw new TypeError('undefined is not iterable');
};

describe('The guard of append calls', () => {
  it('keeps what the client throws for an answer or an error from its process', async () => {
    const { heard, client } = guarded();
    const call = (await client.getGRPCClient()).batchAppend().on('data', fail).on('error', fail);
    expect(call.emit('data', 'an answer')).toBe(true);
    expect(call.emit('error', new Error('gone'))).toBe(true);
    expect(heard).toMatchObject({ started: 1, stray: 1, lost: ['gone'] });
  });

  it('lets later listeners be taken away again, and lets them throw', async () => {
    const { client } = guarded();
    const call = (await client.getGRPCClient()).batchAppend();
    call.on('data', fail).on('error', fail);
    const before = call.listenerCount('error');
    call.once('error', fail);
    call.removeListener('error', fail);
    expect(call.listenerCount('error')).toBe(before);
    call.on('drain', fail);
    expect(() => call.emit('drain')).toThrow(TypeError);
  });

  it('ends a call that the store has ended, but not one that has failed', async () => {
    const ended = guarded();
    (await ended.client.getGRPCClient()).batchAppend().emit('end');
    expect(ended.heard.destroyed).toHaveLength(1);
    const failed = guarded();
    const call = (await failed.client.getGRPCClient()).batchAppend().on('data', fail).on('error', fail);
    call.emit('error', new Error('gone'));
    call.emit('end');
    expect(failed.heard.destroyed).toHaveLength(0);
  });

  it('is put on a stub once', async () => {
    const { heard, client } = guarded();
    await client.getGRPCClient();
    (await client.getGRPCClient()).batchAppend();
    expect(heard.started).toBe(1);
  });

  it('takes a rejection that nobody waits for', async () => {
    await expect(guarded().client.handleError({}, new Error('x'))).resolves.toBeUndefined();
  });

  it('refuses a client that it does not know', () => {
    const hooks = { onStarted: () => undefined, onLost: () => undefined, onStrayAnswer: () => undefined };
    expect(() => guardCalls({} as EventStoreDBClient, hooks)).toThrow(/version/);
  });
});
