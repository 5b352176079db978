import { takeRandomBytes } from './random-pool.js';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
const RANDOM_BYTES = 10;

/**
 * Makes a UUIDv7: Unix milliseconds, then random bits.
 * @source RFC 9562 section 5.7
 */
export const uuidV7 = (nowMs: number): string => {
  const time = Math.trunc(nowMs).toString(16).padStart(12, '0');
  const random = takeRandomBytes(RANDOM_BYTES);
  random[0] = ((random[0] ?? 0) & 0x0f) | 0x70;
  random[2] = ((random[2] ?? 0) & 0x3f) | 0x80;
  const hex = random.toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`;
};

/** Takes the caller's `X-Request-Id` when it is 1 to 128 visible ASCII characters, else makes one. */
export const requestIdFrom = (header: string | readonly string[] | undefined): string =>
  typeof header === 'string' && VISIBLE_ASCII.test(header) ? header : uuidV7(Date.now());
