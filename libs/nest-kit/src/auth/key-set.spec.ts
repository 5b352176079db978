import { describe, expect, it, jest } from '@jest/globals';
import { exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose';
import { KEYS_FRESH_MS, KEYS_USABLE_MS, KeySet, KeysUnavailable, REFETCH_PAUSE_MS, STALE_WAIT_MS } from './key-set.js';

const keysNamed = async (...kids: readonly string[]): Promise<JSONWebKeySet> => ({
  keys: await Promise.all(
    kids.map(async (kid) => ({ ...(await exportJWK((await generateKeyPair('EdDSA')).publicKey)), kid, kty: 'OKP' })),
  ),
});

const setUp = async (...kids: readonly string[]) => {
  const world = { nowMs: 0, reads: 0, changes: 0, isDown: false, isSilent: false, keys: await keysNamed(...kids) };
  const read = (): Promise<JSONWebKeySet> => {
    world.reads += 1;
    if (world.isSilent) return new Promise(() => undefined);
    return world.isDown ? Promise.reject(new Error('down')) : Promise.resolve(world.keys);
  };
  const onChanged = (): void => {
    world.changes += 1;
  };
  const set = new KeySet(read, { now: () => world.nowMs, onChanged });
  return { world, keyFor: (kid: string) => set.keyFor({ alg: 'EdDSA', kid }) };
};

describe("an issuer's keys", () => {
  it('are fetched once for many callers and kept for ten minutes', async () => {
    const { world, keyFor } = await setUp('a');
    await Promise.all([keyFor('a'), keyFor('a'), keyFor('a')]);
    world.nowMs = KEYS_FRESH_MS - 1;
    await keyFor('a');
    expect(world.reads).toBe(1);
    world.nowMs = KEYS_FRESH_MS;
    await keyFor('a');
    expect(world.reads).toBe(2);
  });

  it('are fetched again for an unknown kid, at most every 30 seconds', async () => {
    const { world, keyFor } = await setUp('a');
    await keyFor('a');
    await expect(keyFor('b')).rejects.toThrow();
    expect(world.reads).toBe(1);
    world.nowMs = REFETCH_PAUSE_MS;
    world.keys = { keys: [...world.keys.keys, ...(await keysNamed('b')).keys] };
    await keyFor('b');
    expect(world.reads).toBe(2);
    expect(world.changes).toBe(1);
    await expect(keyFor('c')).rejects.toThrow();
    expect(world.reads).toBe(2);
  });

  it('serve for 24 hours while the issuer is away, then not', async () => {
    const { world, keyFor } = await setUp('a');
    await keyFor('a');
    world.isDown = true;
    world.nowMs = KEYS_USABLE_MS - 1;
    expect(await keyFor('a')).toMatchObject({ type: 'public' });
    world.nowMs = KEYS_USABLE_MS;
    await expect(keyFor('a')).rejects.toThrow(KeysUnavailable);
  });

  it('serve at once while the issuer does not answer, since whoever asks has a deadline', async () => {
    const { world, keyFor } = await setUp('a');
    await keyFor('a');
    world.isSilent = true;
    world.nowMs = KEYS_FRESH_MS;
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const served = jest.fn();
      const asked = Promise.all([keyFor('a'), keyFor('a')]).then(served);
      await jest.advanceTimersByTimeAsync(STALE_WAIT_MS - 1);
      expect(served).not.toHaveBeenCalled();
      await jest.advanceTimersByTimeAsync(1);
      await asked;
      expect(world.reads).toBe(2);
    } finally {
      jest.useRealTimers();
    }
  }, 5_000);

  it('that were withdrawn while nobody asked are refused to the first who asks again', async () => {
    const { world, keyFor } = await setUp('a');
    await keyFor('a');
    world.keys = await keysNamed('b');
    world.nowMs = KEYS_FRESH_MS;
    await expect(keyFor('a')).rejects.toThrow();
  });

  it('are unavailable when none was ever had, and asked for again a second later', async () => {
    const { world, keyFor } = await setUp('a');
    world.isDown = true;
    await expect(keyFor('a')).rejects.toThrow(KeysUnavailable);
    await expect(keyFor('a')).rejects.toThrow(KeysUnavailable);
    expect(world.reads).toBe(1);
    world.isDown = false;
    world.nowMs = 1000;
    expect(await keyFor('a')).toMatchObject({ type: 'public' });
  });
});
