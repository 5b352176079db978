import { hash } from 'node:crypto';
import type { Sha256Hex } from './brand.js';

/**
 * SHA-256 of text (as UTF-8) or bytes.
 *
 * @returns 64 lower-case hex characters.
 * @source FIPS 180-4; the one-shot `hash` of Node (20.12 or later) is twice as fast as a hash object
 */
export const sha256Hex = (data: string | Uint8Array): Sha256Hex => hash('sha256', data, 'hex') as Sha256Hex;
