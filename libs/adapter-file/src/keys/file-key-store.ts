import { sign } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  KeyStoreUnavailable,
  type Clock,
  type KeyPurpose,
  type KeyStore,
  type PublicSigningKey,
} from '@verdict/application';
import { createPrivateFile, openPrivateFolder, readPrivateFile, told } from '../files/private-files.js';
import { fileNameOf, newKeyText, readKeyText, type SigningKey } from './key-file.js';

const PURPOSES = ['checkpoint', 'export', 'token', 'issuer'] as const satisfies readonly KeyPurpose[];
const NAME = /^(checkpoint|export|token|issuer)-(\d{4})\.json$/;
const GENERATIONS_MAX = 9999;

const systemClock: Clock = { nowMs: () => Date.now() };

const publicPart = (key: SigningKey, retiredAt: string | null): PublicSigningKey => ({
  kid: key.kid,
  purpose: key.purpose,
  publicKey: Uint8Array.from(key.publicKey),
  validFrom: key.validFrom,
  retiredAt,
});

/** The keys of one purpose, oldest first. Files never change, so what was read once stays true. */
class KeyChain {
  private keys: readonly SigningKey[] = [];

  constructor(
    private readonly dir: string,
    private readonly purpose: KeyPurpose,
    private readonly clock: Clock,
  ) {}

  /** Takes in what other processes have made since. */
  refresh(): void {
    for (let next = this.read(); next !== undefined; next = this.read()) this.keys = [...this.keys, next];
  }

  /** Reads what is there, and refuses a hole: a key file that was taken away must not be followed by a new first key. */
  checkComplete(): void {
    // Listed before it is read: what another process makes in between is read, and cannot look like a hole.
    const names = told(this.dir, () => readdirSync(this.dir));
    this.refresh();
    for (const name of names) {
      const [, purpose, generation] = NAME.exec(name) ?? [];
      if (purpose !== this.purpose || Number(generation) <= this.keys.length) continue;
      throw new KeyStoreUnavailable(`${this.path(this.keys.length + 1)} is missing, though ${name} is there`);
    }
  }

  newest(): SigningKey {
    this.refresh();
    return this.keys.at(-1) ?? this.makeFirst();
  }

  /** Always makes a key: a process that was slower rotates the key of the faster one. */
  rotate(): SigningKey {
    const { generation } = this.newest();
    for (let next = generation + 1; next <= GENERATIONS_MAX; next += 1) {
      if (this.create(next)) return this.newest();
      this.refresh();
    }
    throw new KeyStoreUnavailable(`${this.dir} holds as many ${this.purpose} keys as it can`);
  }

  /** Newest first. */
  published(): readonly PublicSigningKey[] {
    this.newest();
    return this.keys.map((key, index) => publicPart(key, this.keys[index + 1]?.validFrom ?? null)).reverse();
  }

  private makeFirst(): SigningKey {
    this.checkComplete();
    if (this.keys.length === 0) this.create(1);
    this.refresh();
    const made = this.keys.at(-1);
    if (made === undefined) throw new KeyStoreUnavailable(`${this.path(1)} vanished as soon as it was made`);
    return made;
  }

  private create(generation: number): boolean {
    // Never before the key it replaces, though the clock may have been set back.
    const validFrom = new Date(Math.max(this.clock.nowMs(), Date.parse(this.keys.at(-1)?.validFrom ?? '') || 0));
    return createPrivateFile(
      this.path(generation),
      newKeyText({ purpose: this.purpose, generation }, validFrom.toISOString()),
    );
  }

  private read(): SigningKey | undefined {
    const generation = this.keys.length + 1;
    const path = this.path(generation);
    const text = readPrivateFile(path);
    return text === undefined ? undefined : readKeyText(path, text, { purpose: this.purpose, generation });
  }

  private path(generation: number): string {
    return join(this.dir, fileNameOf({ purpose: this.purpose, generation }));
  }
}

class FileKeyStore implements KeyStore {
  private readonly chains: Readonly<Record<KeyPurpose, KeyChain>>;

  constructor(dir: string, clock: Clock) {
    const chain = (purpose: KeyPurpose): KeyChain => new KeyChain(dir, purpose, clock);
    this.chains = {
      checkpoint: chain('checkpoint'),
      export: chain('export'),
      token: chain('token'),
      issuer: chain('issuer'),
    };
  }

  /** Reads every key there is, so that a damaged file is found at the start and not at the first use. */
  check(): void {
    for (const purpose of PURPOSES) this.chains[purpose].checkComplete();
  }

  sign(purpose: KeyPurpose, message: Uint8Array): Promise<{ readonly kid: string; readonly signature: Uint8Array }> {
    return settled(() => {
      const { kid, privateKey } = this.chains[purpose].newest();
      return { kid, signature: new Uint8Array(sign(null, message, privateKey)) };
    });
  }

  publicKeys(purpose: KeyPurpose): Promise<readonly PublicSigningKey[]> {
    return settled(() => this.chains[purpose].published());
  }

  rotate(purpose: KeyPurpose): Promise<PublicSigningKey> {
    return settled(() => publicPart(this.chains[purpose].rotate(), null));
  }
}

const settled = <Value>(work: () => Value): Promise<Value> =>
  new Promise((resolve) => {
    resolve(work());
  });

/**
 * Signing keys as files of one folder, one file a key (`<purpose>-<generation>.json`, mode 0600, folder 0700). Several
 * processes may share the folder: they end with the same keys, and one sees what another rotated at its next call.
 *
 * @param dir folder of the keys alone; made when it is not there.
 * @param clock gives `validFrom` of new keys; default the system's.
 * @returns a store that has read and checked every key of the folder.
 * @throws KeyStoreUnavailable (rejects) when a file or the folder is damaged, missing or open to others; it names the file.
 * @source ledger format section 4; key pairs as in RFC 8037
 */
export const openFileKeyStore = (dir: string, clock: Clock = systemClock): Promise<KeyStore> =>
  settled(() => {
    openPrivateFolder(dir);
    const store = new FileKeyStore(dir, clock);
    store.check();
    return store;
  });
