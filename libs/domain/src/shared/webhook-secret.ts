import type { Sha256Hex } from './brand.js';
import { sha256Hex } from './sha256.js';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const SECRET_BITS = 256;

interface Alphabet {
  readonly letters: string;
  readonly bits: number;
}
const WIDE: Alphabet = { letters: BASE64URL, bits: 6 };
const NARROW: Alphabet = { letters: BASE32, bits: 5 };
const lengthIn = ({ bits }: Alphabet): number => Math.ceil(SECRET_BITS / bits);

/** The 256 bits as one number; undefined when a letter is foreign or the bits that pad the last letter are not zero. */
const readBits = (text: string, alphabet: Alphabet): bigint | undefined => {
  if (text.length !== lengthIn(alphabet)) return undefined;
  let value = 0n;
  for (const letter of text) {
    const digit = alphabet.letters.indexOf(letter);
    if (digit === -1) return undefined;
    value = (value << BigInt(alphabet.bits)) | BigInt(digit);
  }
  const padding = BigInt(text.length * alphabet.bits - SECRET_BITS);
  return (value & ((1n << padding) - 1n)) === 0n ? value >> padding : undefined;
};

/** 32 bytes in base64url: the bits that pad the last letter are zero. Reading them as a number would say the same, slowly. */
const WIDE_FORM = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

const writeBits = (value: bigint, alphabet: Alphabet): string => {
  const length = lengthIn(alphabet);
  const padded = value << BigInt(length * alphabet.bits - SECRET_BITS);
  const mask = (1n << BigInt(alphabet.bits)) - 1n;
  return Array.from({ length }, (_, index) => {
    const shift = BigInt((length - 1 - index) * alphabet.bits);
    return alphabet.letters[Number((padded >> shift) & mask)] ?? '';
  }).join('');
};

/**
 * The second spelling of a path secret, for places that allow DNS names only.
 *
 * @param secret 43 base64url characters: 32 bytes.
 * @returns 52 characters of lower-case base32 (RFC 4648 without padding).
 * @throws RangeError when the text is not 32 bytes in base64url: a bug of the caller, who has just made it.
 * @source contract section 2.1, protocols section 1.2
 */
export const base32Spelling = (secret: string): string => {
  const bits = readBits(secret, WIDE);
  if (bits === undefined) throw new RangeError('a path secret is 32 bytes in base64url');
  return writeBits(bits, NARROW);
};

/**
 * What a path secret is looked up by, whichever of the two spellings was sent.
 *
 * @param segment last segment of the webhook's path.
 * @returns SHA-256 of the base64url spelling; undefined when the text is neither spelling of 32 bytes.
 * @source contract section 2.1
 */
export const pathSecretSha256 = (segment: string): Sha256Hex | undefined => {
  if (WIDE_FORM.test(segment)) return sha256Hex(segment);
  const bits = readBits(segment, NARROW);
  return bits === undefined ? undefined : sha256Hex(writeBits(bits, WIDE));
};

const BEARER_PREFIX = 'vct_';
/** A bearer secret from 32 random bytes in base64url; the prefix lets scanners recognise one that leaked. */
export const bearerSecretOf = (secret: string): string => `${BEARER_PREFIX}${secret}`;

/**
 * What a webhook's bearer secret is looked up by.
 *
 * @param token `vct_` and 43 base64url characters.
 * @returns SHA-256 of the whole token; undefined when it has another form.
 * @source contract section 2.1
 */
export const bearerSecretSha256 = (token: string): Sha256Hex | undefined =>
  token.startsWith(BEARER_PREFIX) && WIDE_FORM.test(token.slice(BEARER_PREFIX.length)) ? sha256Hex(token) : undefined;
