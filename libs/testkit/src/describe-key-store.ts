import { createHash, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  KeyStoreUnavailable,
  type Clock,
  type KeyPurpose,
  type KeyStore,
  type PublicSigningKey,
} from '@verdict/application';

/** One key store with a client. Each test opens its own, empty, and closes it. */
export interface KeyStoreUnderTest {
  readonly keys: KeyStore;
  /** Another client of the same store, as a second replica or the next start has one. */
  another(): Promise<KeyStore>;
  /** The store can no longer be reached or written. */
  lose(): Promise<void>;
  close(): Promise<void>;
}

const START = '2026-11-22T10:00:00.000Z';
const PURPOSES: readonly KeyPurpose[] = ['checkpoint', 'export', 'token', 'issuer'];
const MESSAGE = new TextEncoder().encode('a message\n');

const isSignedBy = ({ publicKey }: PublicSigningKey, message: Uint8Array, signature: Uint8Array): boolean => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') };
  return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
};

type Open = (clock: Clock) => Promise<KeyStoreUnderTest>;
interface Given extends KeyStoreUnderTest {
  /** Moves the clock of the store, back as well: a wall clock can be set. */
  move(byMs: number): void;
}

const using =
  (open: Open, test: (given: Given) => Promise<void>): (() => Promise<void>) =>
  async () => {
    let nowMs = Date.parse(START);
    const store = await open({ nowMs: () => nowMs });
    try {
      await test({ ...store, move: (byMs) => (nowMs += byMs) });
    } finally {
      await store.close();
    }
  };

const only = <Value>(values: readonly Value[]): Value => {
  expect(values).toHaveLength(1);
  return values[0]!;
};

const describeSigning = (open: Open): void => {
  it(
    'signs with Ed25519 under the key that it publishes',
    using(open, async ({ keys }) => {
      const { kid, signature } = await keys.sign('checkpoint', MESSAGE);
      const key = only(await keys.publicKeys('checkpoint'));
      expect(key).toMatchObject({ kid, purpose: 'checkpoint', validFrom: START, retiredAt: null });
      expect(signature).toHaveLength(64);
      expect(isSignedBy(key, MESSAGE, signature)).toBe(true);
      expect(isSignedBy(key, new TextEncoder().encode('another\n'), signature)).toBe(false);
    }),
  );
  it(
    'names a key by the first 16 hex characters of the SHA-256 of its raw public key',
    using(open, async ({ keys }) => {
      const { kid, publicKey } = only(await keys.publicKeys('export'));
      expect(publicKey).toHaveLength(32);
      expect(kid).toBe(createHash('sha256').update(publicKey).digest('hex').slice(0, 16));
    }),
  );
  it(
    'uses a key for one purpose only',
    using(open, async ({ keys }) => {
      const kids = await Promise.all(PURPOSES.map(async (purpose) => (await keys.sign(purpose, MESSAGE)).kid));
      expect(new Set(kids).size).toBe(PURPOSES.length);
    }),
  );
  it(
    'makes one key though the first use of a purpose happens many times at once',
    using(open, async ({ keys, another }) => {
      const clients = [keys, await another(), await another()];
      const signed = await Promise.all([...clients, ...clients].map((each) => each.sign('token', MESSAGE)));
      expect(new Set(signed.map(({ kid }) => kid)).size).toBe(1);
      only(await keys.publicKeys('token'));
    }),
  );
  it(
    'gives every client the same keys',
    using(open, async ({ keys, another }) => {
      const { kid } = await keys.sign('issuer', MESSAGE);
      const other = await another();
      expect((await other.sign('issuer', MESSAGE)).kid).toBe(kid);
      expect(await other.publicKeys('issuer')).toEqual(await keys.publicKeys('issuer'));
    }),
  );
  it(
    'hands out public keys that the caller cannot change',
    using(open, async ({ keys }) => {
      only(await keys.publicKeys('token')).publicKey.fill(0);
      const { kid, publicKey } = only(await keys.publicKeys('token'));
      expect(kid).toBe(createHash('sha256').update(publicKey).digest('hex').slice(0, 16));
    }),
  );
};

const describeRotation = (open: Open): void => {
  it(
    'signs with the new key after a rotation, and keeps the old one published as retired',
    using(open, async ({ keys, move }) => {
      const before = await keys.sign('checkpoint', MESSAGE);
      move(60_000);
      const made = await keys.rotate('checkpoint');
      const after = await keys.sign('checkpoint', MESSAGE);
      const [newest, oldest] = await keys.publicKeys('checkpoint');
      expect(after.kid).toBe(made.kid);
      expect(newest).toEqual(made);
      expect(made).toMatchObject({ validFrom: '2026-11-22T10:01:00.000Z', retiredAt: null });
      expect(oldest).toMatchObject({ kid: before.kid, validFrom: START, retiredAt: made.validFrom });
      expect(isSignedBy(oldest!, MESSAGE, before.signature)).toBe(true);
    }),
  );
  it(
    'leaves the keys of other purposes alone when it rotates one',
    using(open, async ({ keys }) => {
      const { kid } = await keys.sign('export', MESSAGE);
      await keys.rotate('checkpoint');
      expect((await keys.sign('export', MESSAGE)).kid).toBe(kid);
      only(await keys.publicKeys('export'));
    }),
  );
  it(
    'rotates a purpose that was never used: its first key is made and retired',
    using(open, async ({ keys }) => {
      const made = await keys.rotate('issuer');
      expect((await keys.publicKeys('issuer')).map(({ kid }) => kid)[0]).toBe(made.kid);
      expect(await keys.publicKeys('issuer')).toHaveLength(2);
    }),
  );
  it(
    'lets every client sign with the key that one of them rotated in',
    using(open, async ({ keys, another }) => {
      const other = await another();
      await other.sign('token', MESSAGE);
      const { kid } = await keys.rotate('token');
      expect((await other.sign('token', MESSAGE)).kid).toBe(kid);
      expect(await other.publicKeys('token')).toEqual(await keys.publicKeys('token'));
    }),
  );
  it(
    'makes a key for each of two rotations that happen at once',
    using(open, async ({ keys, another }) => {
      const other = await another();
      const { kid } = await keys.sign('token', MESSAGE);
      const made = await Promise.all([keys.rotate('token'), other.rotate('token')]);
      const published = await keys.publicKeys('token');
      expect(new Set([kid, ...made.map((key) => key.kid)])).toEqual(new Set(published.map((key) => key.kid)));
      expect(published.filter(({ retiredAt }) => retiredAt === null)).toHaveLength(1);
    }),
  );
  it(
    'never lets a key begin before the key that it replaces, even when the clock is set back',
    using(open, async ({ keys, move }) => {
      await keys.sign('export', MESSAGE);
      move(-3_600_000);
      expect(await keys.rotate('export')).toMatchObject({ validFrom: START });
    }),
  );
};

const describeLoss = (open: Open): void => {
  it(
    'rejects with KeyStoreUnavailable when there is no way to make or use a key',
    using(open, async ({ keys, lose }) => {
      await keys.sign('checkpoint', MESSAGE);
      await lose();
      await expect(keys.rotate('checkpoint')).rejects.toThrow(KeyStoreUnavailable);
      await expect(keys.sign('export', MESSAGE)).rejects.toThrow(KeyStoreUnavailable);
      await expect(keys.publicKeys('token')).rejects.toThrow(KeyStoreUnavailable);
    }),
  );
};

/** The contract of the KeyStore port; every adapter runs it in full, the loss of the store included. */
export const describeKeyStore = (adapter: string, open: Open): void => {
  describe(`KeyStore contract: ${adapter}`, () => {
    describeSigning(open);
    describeRotation(open);
    describeLoss(open);
  });
};
