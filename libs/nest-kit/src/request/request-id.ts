import { randomBytes } from 'node:crypto';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
const POOL_BYTES = 16 * 256;
let pool = Buffer.alloc(0);
let used = 0;

const tenRandomBytes = (): Buffer => {
  if (used + 10 > pool.length) {
    pool = randomBytes(POOL_BYTES); // One system call for some 400 ids.
    used = 0;
  }
  used += 10;
  return pool.subarray(used - 10, used);
};

/**
 * Makes a UUIDv7: Unix milliseconds, then random bits.
 * @source RFC 9562 section 5.7
 */
export const uuidV7 = (nowMs: number): string => {
  const time = Math.trunc(nowMs).toString(16).padStart(12, '0');
  const random = tenRandomBytes();
  random[0] = ((random[0] ?? 0) & 0x0f) | 0x70;
  random[2] = ((random[2] ?? 0) & 0x3f) | 0x80;
  const hex = random.toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`;
};

/** Takes the caller's `X-Request-Id` when it is 1 to 128 visible ASCII characters, else makes one. */
export const requestIdFrom = (header: string | readonly string[] | undefined): string =>
  typeof header === 'string' && VISIBLE_ASCII.test(header) ? header : uuidV7(Date.now());
