import { type BundleKey, formatVkey, type JsonValue, keyHash, signNote } from '@verdict/ledger';
import type { KeyPurpose, KeyStore, PublicSigningKey } from '../ports/key-store.js';

/** Names of what a log host signs with, as verifiers get them. */
export interface AuditKeys {
  readonly logHost: string;
  readonly keys: KeyStore;
}

/** The key that was about to sign was replaced in the meantime: what was made for it is made again. */
export class SigningKeyMoved extends Error {
  override readonly name = 'SigningKeyMoved';
}

const PURPOSES = ['checkpoint', 'export', 'token'] as const satisfies readonly KeyPurpose[];
const KEY_MOVES_MAX = 3;

/** Signs a text as a note by the log host, with the newest key of the purpose. Rejects with KeyStoreUnavailable. */
export const signText = async (
  { logHost, keys }: AuditKeys,
  purpose: 'checkpoint' | 'export',
  text: string,
): Promise<string> => {
  for (let tries = 1; ; tries += 1) {
    const [newest] = await keys.publicKeys(purpose);
    try {
      return await signNote({
        name: logHost,
        text,
        publicKey: newest?.publicKey ?? new Uint8Array(),
        privateKey: signerOf(keys, purpose, newest?.kid),
      });
    } catch (error) {
      if (!(error instanceof SigningKeyMoved) || tries >= KEY_MOVES_MAX) throw error;
    }
  }
};

/** Signs with the key of that id only. Throws SigningKeyMoved when another one is the newest now. */
export const signerOf =
  (keys: KeyStore, purpose: KeyPurpose, kid: string | undefined) =>
  async (message: Uint8Array): Promise<Uint8Array> => {
    const signed = await keys.sign(purpose, message);
    if (signed.kid !== kid) throw new SigningKeyMoved(`${purpose} key ${signed.kid} has replaced ${kid ?? 'none'}`);
    return signed.signature;
  };

/** Verifier key lines of checkpoints and exports, newest first, retired ones included: each ends with a newline. */
export const vkeyLines = async ({ logHost, keys }: AuditKeys): Promise<string> => {
  const all = [...(await keys.publicKeys('checkpoint')), ...(await keys.publicKeys('export'))];
  return all.map(({ publicKey }) => `${formatVkey(logHost, publicKey)}\n`).join('');
};

/** All keys that a bundle names: those of checkpoints, exports and tokens, oldest first within a purpose. */
export const bundleKeys = async (
  audit: AuditKeys,
): Promise<{ readonly keys: readonly BundleKey[]; readonly jwks: JsonValue }> => {
  const all: PublicSigningKey[] = [];
  for (const purpose of PURPOSES) all.push(...[...(await audit.keys.publicKeys(purpose))].reverse());
  return {
    keys: all.map(({ publicKey, purpose, validFrom, retiredAt }) => ({
      vkey: formatVkey(audit.logHost, publicKey),
      purpose,
      validFrom,
      validUntil: retiredAt,
    })),
    jwks: { keys: all.map((key) => jwkOf(audit.logHost, key)) },
  };
};

/** RFC 8037; `vkey_hash` tells which verifier key of the log host it is. */
const jwkOf = (logHost: string, { kid, purpose, publicKey, validFrom, retiredAt }: PublicSigningKey): JsonValue => ({
  ...{ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid },
  x: Buffer.from(publicKey).toString('base64url'),
  purpose,
  vkey_hash: Buffer.from(keyHash(logHost, publicKey, 'ed25519')).toString('hex'),
  valid_from: validFrom,
  valid_until: retiredAt,
});
