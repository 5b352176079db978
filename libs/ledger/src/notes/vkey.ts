import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { sha256, toHex } from '../hash.js';
import { fromBase64, toBase64 } from './base64.js';

/** Signature algorithms of C2SP: a log signs the note text, a witness signs time and text. */
export type NoteAlgorithm = 'ed25519' | 'cosignature';

/** A key that verifies notes. */
export interface NoteVerifier {
  readonly name: string;
  readonly algorithm: NoteAlgorithm;
  /** First 4 bytes of SHA-256 over name, newline, algorithm byte and key, as 8 hex characters. */
  readonly keyHash: string;
  /** 32 raw bytes, Ed25519. */
  readonly publicKey: Uint8Array;
}

export type VkeyResult =
  | { readonly kind: 'vkey'; readonly verifier: NoteVerifier }
  | { readonly kind: 'refused'; readonly code: 'vkey_malformed' | 'vkey_hash_mismatch' | 'vkey_algorithm_unknown' };

const ALGORITHM_BYTES = { ed25519: 0x01, cosignature: 0x04 } as const satisfies Record<NoteAlgorithm, number>;
const KEY_BYTES = 32;
/** DER of an Ed25519 SubjectPublicKeyInfo up to the key itself. @source RFC 8410 section 4 */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const VKEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u;

/** Whether a text may be a key name: not empty, no white space, no plus sign. @source C2SP signed-note */
export const isKeyName = (name: string): boolean => /^[^\s+]+$/u.test(name);

/** Key hash as 4 raw bytes. `publicKey`: 32 raw bytes. @source C2SP signed-note, "Signatures" */
export const keyHash = (name: string, publicKey: Uint8Array, algorithm: NoteAlgorithm = 'ed25519'): Uint8Array =>
  sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), typedKey(publicKey, algorithm)])).subarray(0, 4);

/**
 * Formats a verifier key line `<name>+<key hash>+<base64 of algorithm byte and key>`.
 * @param publicKey 32 raw bytes or an Ed25519 KeyObject (private or public).
 * @throws RangeError when the name or the key is none of that.
 * @source C2SP signed-note, "Verifier keys"
 */
export const formatVkey = (
  name: string,
  publicKey: Uint8Array | KeyObject,
  algorithm: NoteAlgorithm = 'ed25519',
): string => {
  if (!isKeyName(name)) throw new RangeError(`"${name}" is no key name`);
  const raw = publicKey instanceof Uint8Array ? publicKey : rawPublicKey(publicKey);
  if (raw.length !== KEY_BYTES) throw new RangeError(`an Ed25519 key has 32 bytes, not ${raw.length.toString()}`);
  return `${name}+${toHex(keyHash(name, raw, algorithm))}+${toBase64(typedKey(raw, algorithm))}`;
};

/** Reads a verifier key line. @source C2SP signed-note, "Verifier keys" */
export const parseVkey = (text: string): VkeyResult => {
  const [, name, hash, encoded] = VKEY.exec(text) ?? [];
  const typed = encoded === undefined ? undefined : fromBase64(encoded);
  if (name === undefined || typed === undefined) return { kind: 'refused', code: 'vkey_malformed' };
  const algorithm = algorithmOf(typed[0]);
  if (algorithm === undefined) return { kind: 'refused', code: 'vkey_algorithm_unknown' };
  const publicKey = typed.subarray(1);
  if (publicKey.length !== KEY_BYTES) return { kind: 'refused', code: 'vkey_malformed' };
  const expected = toHex(keyHash(name, publicKey, algorithm));
  if (expected !== hash) return { kind: 'refused', code: 'vkey_hash_mismatch' };
  return { kind: 'vkey', verifier: { name, algorithm, keyHash: expected, publicKey } };
};

/** 32 raw bytes of an Ed25519 key; of a private key its public half. @throws RangeError for another kind of key. */
export const rawPublicKey = (key: KeyObject): Uint8Array => {
  if (key.asymmetricKeyType !== 'ed25519') throw new RangeError('not an Ed25519 key');
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x ?? '', 'base64url'));
};

/** Whether `signature` (64 bytes) over `message` is by this key (32 raw bytes). @source RFC 8032 */
export const isSignedBy = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  return verify(null, message, key, signature);
};

const typedKey = (publicKey: Uint8Array, algorithm: NoteAlgorithm): Uint8Array =>
  Buffer.concat([Uint8Array.of(ALGORITHM_BYTES[algorithm]), publicKey]);

const algorithmOf = (byte: number | undefined): NoteAlgorithm | undefined => {
  if (byte === ALGORITHM_BYTES.ed25519) return 'ed25519';
  return byte === ALGORITHM_BYTES.cosignature ? 'cosignature' : undefined;
};
