import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  KeyStoreUnavailable,
  type Clock,
  type KeyPurpose,
  type KeyStore,
  type PublicSigningKey,
} from '@verdict/application';

interface MemoryKey {
  readonly kid: string;
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
  readonly validFrom: string;
}

const newKey = (validFrom: string): MemoryKey => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = new Uint8Array(Buffer.from(privateKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  return { kid: createHash('sha256').update(publicKey).digest('hex').slice(0, 16), publicKey, privateKey, validFrom };
};

/** Keys that live as long as the process. `isAway` makes it unreachable, as a key service on the network can be. */
export class MemoryKeyStore implements KeyStore {
  /** While true every call rejects with KeyStoreUnavailable. */
  isAway = false;
  private readonly keys = new Map<KeyPurpose, readonly MemoryKey[]>();

  constructor(private readonly clock: Clock = { nowMs: () => Date.now() }) {}

  async sign(
    purpose: KeyPurpose,
    message: Uint8Array,
  ): Promise<{ readonly kid: string; readonly signature: Uint8Array }> {
    const { kid, privateKey } = await this.newest(purpose);
    return { kid, signature: new Uint8Array(sign(null, message, privateKey)) };
  }

  async publicKeys(purpose: KeyPurpose): Promise<readonly PublicSigningKey[]> {
    await this.newest(purpose);
    const keys = this.of(purpose);
    return keys
      .map(({ kid, publicKey, validFrom }, index) => ({
        kid,
        purpose,
        publicKey: Uint8Array.from(publicKey),
        validFrom,
        retiredAt: keys[index + 1]?.validFrom ?? null,
      }))
      .reverse();
  }

  async rotate(purpose: KeyPurpose): Promise<PublicSigningKey> {
    await this.newest(purpose);
    const { kid, publicKey, validFrom } = this.make(purpose);
    return { kid, purpose, publicKey: Uint8Array.from(publicKey), validFrom, retiredAt: null };
  }

  private newest(purpose: KeyPurpose): Promise<MemoryKey> {
    if (this.isAway) return Promise.reject(new KeyStoreUnavailable('the key store is away'));
    return Promise.resolve(this.of(purpose).at(-1) ?? this.make(purpose));
  }

  private make(purpose: KeyPurpose): MemoryKey {
    const keys = this.of(purpose);
    const nowMs = Math.max(this.clock.nowMs(), Date.parse(keys.at(-1)?.validFrom ?? '') || 0);
    const made = newKey(new Date(nowMs).toISOString());
    this.keys.set(purpose, [...keys, made]);
    return made;
  }

  private of(purpose: KeyPurpose): readonly MemoryKey[] {
    return this.keys.get(purpose) ?? [];
  }
}
