import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
let used = 0;

/** Fresh random bytes, each handed out once: one system call for some hundred ids and salts. */
export const takeRandomBytes = (count: number): Buffer => {
  if (count > POOL_BYTES) return randomBytes(count);
  if (used + count > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
};
