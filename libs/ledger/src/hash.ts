import { hash } from 'node:crypto';

/** The envelope is a C2SP tile entry, whose length is a uint16. */
export const ENVELOPE_BYTES_MAX = 65_535;
export const HASH_BYTES = 32;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/**
 * SHA-256 of the given bytes: 32 raw bytes.
 * @source FIPS 180-4; asked for as hex, since Node makes a buffer of its own for raw digests, which costs more than the hash
 */
export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(Buffer.from(sha256Hex(bytes), 'hex'));

/** SHA-256 of the given bytes as 64 lower-case hex characters; a text is hashed as UTF-8. */
export const sha256Hex = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'hex');

/** Lower-case hex of raw bytes. */
export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

export const isEqualBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && Buffer.compare(left, right) === 0;

/**
 * Merkle leaf hash of one journal entry.
 *
 * @param envelope canonical JSON of the entry's envelope, UTF-8, 1 to 65,535 bytes; the payload is in it as a hash.
 * @returns 32 raw bytes (not hex). Equal envelopes give equal hashes on every platform.
 * @throws RangeError when the size is outside those bounds: a bug of the caller, so it is not a refusal.
 * @source RFC 6962 section 2.1 (0x00 marks a leaf); canonical form RFC 8785; size limit from the uint16 of C2SP tlog-tiles.
 */
export const leafHash = (envelope: Uint8Array): Uint8Array => {
  if (envelope.length < 1 || envelope.length > ENVELOPE_BYTES_MAX) {
    throw new RangeError(`envelope is ${String(envelope.length)} bytes`);
  }
  return prefixedHash(LEAF_PREFIX, envelope);
};

/** As `leafHash` for any input, the empty one included: what the published test vectors of RFC 6962 use. */
export const leafHashOfAny = (input: Uint8Array): Uint8Array => prefixedHash(LEAF_PREFIX, input);

const prefixedHash = (prefix: number, input: Uint8Array): Uint8Array => {
  const prefixed = Buffer.allocUnsafe(1 + input.length);
  prefixed[0] = prefix;
  prefixed.set(input, 1);
  return sha256(prefixed);
};

/**
 * Hash of an inner node over its two children, 32 raw bytes each.
 * @source RFC 6962 section 2.1 (0x01 marks a node)
 */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  const both = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  both[0] = NODE_PREFIX;
  both.set(left, 1);
  both.set(right, 1 + HASH_BYTES);
  return sha256(both);
};

/** Root of the tree without leaves: SHA-256 of nothing. @source RFC 6962 section 2.1 */
export const emptyRoot = (): Uint8Array => sha256(new Uint8Array(0));

/**
 * UUID text of the first 128 bits of a hash: 6 bits of them give way to the version and the variant.
 *
 * @param hex lower-case, at least 32 characters.
 * @param version 1 to 8.
 * @source RFC 9562 sections 4.1 and 4.2
 */
export const uuidOfHex = (hex: string, version: number): string => {
  const variant = (8 + (Number.parseInt(hex.charAt(16), 16) % 4)).toString(16);
  const [time, clock] = [`${version.toString()}${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${time}-${clock}-${hex.slice(20, 32)}`;
};

/**
 * The id a store gets for an entry: a UUID of version 8 from the first 16 bytes of the leaf hash, so that "already
 * there" always means exactly these bytes.
 * @source ledger format section 1, RFC 9562 section 5.8
 */
export const storeIdOf = (leaf: Uint8Array): string => uuidOfHex(toHex(leaf), 8);
