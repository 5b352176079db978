import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KeyStoreUnavailable, type Sealer } from '@verdict/application';
import {
  createPrivateFile,
  erasePrivateFile,
  openPrivateFolder,
  readPrivateFile,
  stampOf,
  told,
} from '../files/private-files.js';
import { openText, SealBroken, sealText, type SealedText } from './aes-gcm.js';
import { newSealingKeyText, readSealingKeyText, secretIn, stemOfKid, type SealingKey } from './sealing-key.js';

const NAMES_FORMAT = 'verdict.sealing-names.v1';
const CACHED_KEYS_MAX = 10_000;

export interface FileSealerOptions {
  /** Keys kept in memory; the one used longest ago leaves. Default 10,000. */
  readonly cachedKeysMax?: number;
}

/** A sealer that can forget a subject. */
export interface FileSealer extends Sealer {
  /** Erases the subject's key; true when there was one. What was sealed with it opens never again, here or elsewhere. */
  destroy(tenantId: string, subject: string): boolean;
}

interface Cached extends SealingKey {
  readonly stamp: string;
}

/** Secret that makes file names and kids out of names: without it nobody can try whether a person is in the ledger. */
const openNames = (dir: string): Buffer => {
  const path = join(dir, 'names.json');
  // Listed before it is read: another process makes this file first, and folders of keys only then.
  const isUsed = told(dir, () => readdirSync(dir, { withFileTypes: true })).some((each) => each.isDirectory());
  let text = readPrivateFile(path);
  if (text === undefined) {
    if (isUsed) throw new KeyStoreUnavailable(`${path} is missing, though there are keys that are named by it`);
    createPrivateFile(
      path,
      `${JSON.stringify({ format: NAMES_FORMAT, secret: randomBytes(32).toString('base64url') })}\n`,
    );
    text = readPrivateFile(path) ?? '';
  }
  const secret = Buffer.from(secretIn(text, NAMES_FORMAT, 'secret'), 'base64url');
  if (secret.length !== 32) throw new KeyStoreUnavailable(`${path} is damaged: it holds no secret`);
  return secret;
};

class FolderSealer implements FileSealer {
  private readonly cache = new Map<string, Cached>();

  constructor(
    private readonly dir: string,
    private readonly names: Buffer,
    private readonly cachedKeysMax: number,
  ) {}

  seal(request: Parameters<Sealer['seal']>[0]): SealedText {
    const { tenantId, subject, text, aad } = request;
    const stem = this.nameOf('subject', tenantId, subject);
    return sealText(this.find(tenantId, stem) ?? this.make(tenantId, stem), text, aad);
  }

  open({ tenantId, sealed, aad }: Parameters<Sealer['open']>[0]): string | undefined {
    const stem = stemOfKid(sealed.kid);
    if (stem === undefined) throw new SealBroken('the kid is not one of this sealer');
    const key = this.find(tenantId, stem);
    // A subject who came back after the erasure has another key, and with it another kid.
    return key?.kid === sealed.kid ? openText(key, sealed, aad) : undefined;
  }

  destroy(tenantId: string, subject: string): boolean {
    const path = this.pathOf(tenantId, this.nameOf('subject', tenantId, subject));
    this.cache.delete(path);
    return erasePrivateFile(path);
  }

  /** The file is looked at each time, so that a key that another process erased is not used for one text more. */
  private find(tenantId: string, stem: string): SealingKey | undefined {
    const path = this.pathOf(tenantId, stem);
    const stamp = stampOf(path);
    const cached = this.cache.get(path);
    this.cache.delete(path);
    if (stamp === undefined) return undefined;
    const key = cached?.stamp === stamp ? cached : this.read(path, stem, stamp);
    if (key !== undefined) this.remember(path, key);
    return key;
  }

  private make(tenantId: string, stem: string): SealingKey {
    const folder = this.folderOf(tenantId);
    if (stampOf(folder) === undefined) openPrivateFolder(folder);
    createPrivateFile(this.pathOf(tenantId, stem), newSealingKeyText());
    const key = this.find(tenantId, stem);
    if (key === undefined)
      throw new KeyStoreUnavailable(`${this.pathOf(tenantId, stem)} was erased as soon as it was made`);
    return key;
  }

  private read(path: string, stem: string, stamp: string): Cached | undefined {
    const text = readPrivateFile(path);
    return text === undefined ? undefined : { ...readSealingKeyText(path, text, stem), stamp };
  }

  private remember(path: string, key: Cached): void {
    this.cache.set(path, key);
    const [oldest] = this.cache.keys();
    if (this.cache.size > this.cachedKeysMax && oldest !== undefined) this.cache.delete(oldest);
  }

  private nameOf(...parts: readonly string[]): string {
    return createHmac('sha256', this.names).update(JSON.stringify(parts)).digest('hex').slice(0, 32);
  }

  private pathOf(tenantId: string, stem: string): string {
    return join(this.folderOf(tenantId), `${stem}.json`);
  }

  private folderOf(tenantId: string): string {
    return join(this.dir, this.nameOf('tenant', tenantId));
  }
}

/**
 * Sealer with one random AES-256 key per (tenant, subject), each in a file of its own below a folder per tenant. File
 * names and kids are keyed SHA-256 values, so neither says who the subject is. Several processes may share the folder.
 *
 * @param dir folder of the sealing keys alone; made when it is not there.
 * @throws KeyStoreUnavailable, here and from every call, when a file or the folder is damaged, missing or open to others;
 *   SealBroken from `open` when the text or its place is not the one that was sealed.
 * @source ledger format section 1 (sealed fields)
 */
export const openFileSealer = (
  dir: string,
  { cachedKeysMax = CACHED_KEYS_MAX }: FileSealerOptions = {},
): FileSealer => {
  openPrivateFolder(dir);
  return new FolderSealer(dir, openNames(dir), cachedKeysMax);
};
