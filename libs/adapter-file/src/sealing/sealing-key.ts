import { createHash, randomBytes } from 'node:crypto';
import { KeyStoreUnavailable } from '@verdict/application';

const FORMAT = 'verdict.sealing-key.v1';
export const KEY_BYTES = 32;

/** The key of one subject of one tenant. Its file names neither. */
export interface SealingKey {
  /** `<32 hex of the subject's file name>-<16 hex that tell this key from its successors>`. */
  readonly kid: string;
  readonly key: Buffer;
}

const KID = /^([0-9a-f]{32})-[0-9a-f]{16}$/;

/** The file name's stem in a kid; undefined for a text that no key of ours has as its id. */
export const stemOfKid = (kid: string): string | undefined => KID.exec(kid)?.[1];

const kidOf = (stem: string, key: Buffer): string =>
  `${stem}-${createHash('sha256').update('verdict-sealing-key/v1\n').update(key).digest('hex').slice(0, 16)}`;

export const newSealingKeyText = (): string =>
  `${JSON.stringify({ format: FORMAT, key: randomBytes(KEY_BYTES).toString('base64url') })}\n`;

/** A member of a small JSON file of ours; '' when it is not there. Never throws, since a message could quote the secret. */
export const secretIn = (text: string, format: string, member: string): string => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Reflect.get(value, 'format') !== format) return '';
    const found: unknown = Reflect.get(value, member);
    return typeof found === 'string' ? found : '';
  } catch {
    return '';
  }
};

export const readSealingKeyText = (path: string, text: string, stem: string): SealingKey => {
  const key = Buffer.from(secretIn(text, FORMAT, 'key'), 'base64url');
  if (key.length !== KEY_BYTES) throw new KeyStoreUnavailable(`${path} is damaged: it holds no sealing key`);
  return { kid: kidOf(stem, key), key };
};
