import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SealingKey } from './sealing-key.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface SealedText {
  readonly kid: string;
  readonly iv: string;
  readonly ct: string;
  readonly tag: string;
}

/** The text was changed, or belongs to another place than the one that was named. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** AES-256-GCM with a fresh random nonce; `iv`, `ct`, `tag` are base64url. @source NIST SP 800-38D */
export const sealText = ({ kid, key }: SealingKey, text: string, aad: string): SealedText => {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(aad));
  const ct = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return {
    ct: ct.toString('base64url'),
    iv: iv.toString('base64url'),
    kid,
    tag: cipher.getAuthTag().toString('base64url'),
  };
};

/** The text; throws SealBroken when it, its additional data or its tag is not what was sealed. */
export const openText = ({ key }: SealingKey, { iv, ct, tag }: SealedText, aad: string): string => {
  try {
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(aad))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(ct, 'base64url')), decipher.final()]).toString('utf8');
  } catch (error) {
    throw new SealBroken('the sealed text is not the one that was sealed at this place', { cause: error });
  }
};
