import * as crypto from 'node:crypto';
import type { Sha256Hex } from './brand.js';

type OneShot = (algorithm: string, data: string | Uint8Array, encoding: 'hex') => string;

/** `crypto.hash` (Node >= 20.12) is twice as fast as a hash object; the type packages of older lines do not know it. */
const oneShot = (crypto as { readonly hash?: OneShot }).hash;

/**
 * SHA-256 of text (as UTF-8) or bytes.
 *
 * @returns 64 lower-case hex characters.
 * @source FIPS 180-4
 */
export const sha256Hex = (data: string | Uint8Array): Sha256Hex =>
  (oneShot === undefined
    ? crypto.createHash('sha256').update(data).digest('hex')
    : oneShot('sha256', data, 'hex')) as Sha256Hex;
