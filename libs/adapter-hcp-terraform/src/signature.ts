import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE = /^[0-9a-f]{128}$/;

/**
 * Whether the signature of a run task is right under one of the keys. All keys are tried, so that the time tells nothing.
 *
 * @param signature value of `X-TFC-Task-Signature`: 128 lower-case hex characters.
 * @source protocols section 2 (T1)
 */
export const isSigned = (body: Uint8Array, signature: string, keys: readonly string[]): boolean => {
  if (!SIGNATURE.test(signature)) return false;
  const given = Buffer.from(signature, 'hex');
  return keys
    .filter((key) => key !== '')
    .map((key) => timingSafeEqual(createHmac('sha512', key).update(body).digest(), given))
    .includes(true);
};
