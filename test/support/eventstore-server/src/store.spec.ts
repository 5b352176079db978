import { describe, expect, it } from '@jest/globals';
import { type Expected, NO_STREAM, type ProposedEvent } from './events.js';
import { type Log, memoryLog } from './log.js';
import { Store } from './store.js';

const proposed = (id: string): ProposedEvent => ({
  ...{ id, type: 'happened', isJson: false, data: Buffer.from(id), metadata: new Uint8Array() },
});

const append = (store: Store, ids: readonly string[], expected: Expected = NO_STREAM) =>
  store.append({ stream: 's', expected, createdTicks: 1n }, ids.map(proposed));

const idsOf = (store: Store): readonly string[] =>
  store
    .view('s')
    .forwards(0n, 100)
    .map(({ id }) => id);

/** A disk that is done with a write when the test says so. */
const slowLog = (): { readonly log: Log; flush(writes?: number): Promise<void> } => {
  const waiting: (() => void)[] = [];
  const log: Log = {
    ...memoryLog(),
    append: () => new Promise((resolve) => waiting.push(resolve)),
  };
  return {
    log,
    flush: async (writes = waiting.length) => {
      for (const done of waiting.splice(0, writes)) done();
      await new Promise(setImmediate);
    },
  };
};

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let isSettled = false;
  void promise.then(() => {
    isSettled = true;
  });
  await new Promise(setImmediate);
  return isSettled;
};

describe('The store of the test server', () => {
  it('decides two writes of the same moment one after the other', async () => {
    const store = await Store.open(memoryLog());
    const results = await Promise.all([append(store, ['a', 'b']), append(store, ['c'])]);
    expect(results).toMatchObject([
      { kind: 'success', revision: 1n },
      { kind: 'wrong_expected_version', current: 1n },
    ]);
    expect(idsOf(store)).toEqual(['a', 'b']);
  });

  it('answers and shows a write when it is durable, and its repetition no earlier', async () => {
    const { log, flush } = slowLog();
    const store = await Store.open(log);
    let told = 0;
    store.onCommit(() => (told += 1));
    const [first, repeated] = [append(store, ['a']), append(store, ['a'])];
    expect([await settled(first), await settled(repeated)]).toEqual([false, false]);
    expect([idsOf(store), store.after(-1n, 10), told]).toEqual([[], [], 0]);
    await flush();
    expect(await first).toEqual(await repeated);
    expect([idsOf(store), told]).toEqual([['a'], 1]);
  });

  it('shows no write before it is durable itself, though an earlier one is', async () => {
    const { log, flush } = slowLog();
    const store = await Store.open(log);
    const [first, second] = [append(store, ['a']), append(store, ['b'], 0n)];
    await flush(1);
    expect([await settled(first), await settled(second), idsOf(store)]).toEqual([true, false, ['a']]);
    await flush(1);
    expect([await settled(second), idsOf(store)]).toEqual([true, ['a', 'b']]);
  });

  it('answers nothing after it was closed, whether the disk got it or not', async () => {
    const { log, flush } = slowLog();
    const store = await Store.open(log);
    const before = append(store, ['a']);
    await store.close();
    await flush();
    expect([await settled(before), await settled(append(store, ['b'], 0n))]).toEqual([false, false]);
  });

  it('writes nothing more after the disk refused once', async () => {
    const frames: unknown[] = [];
    const append_ = memoryLog();
    const log: Log = {
      ...append_,
      append: (frame) => (frames.push(frame) === 1 ? Promise.reject(new Error('disk full')) : append_.append(frame)),
    };
    const store = await Store.open(log);
    await expect(append(store, ['a'])).rejects.toThrow('disk full');
    expect([await settled(append(store, ['b'], 0n)), frames.length, idsOf(store)]).toEqual([false, 1, []]);
  });
});
