/** What a key may sign; a key serves one purpose only. `issuer` signs the standalone's own caller tokens. */
export type KeyPurpose = 'checkpoint' | 'export' | 'token' | 'issuer';

export interface PublicSigningKey {
  /** First 16 hex characters of the SHA-256 of the raw public key. */
  readonly kid: string;
  readonly purpose: KeyPurpose;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** RFC 3339, UTC, milliseconds. */
  readonly validFrom: string;
  /** null: the key that signs now. A retired key verifies for ever. */
  readonly retiredAt: string | null;
}

/**
 * Ed25519 signing keys. Private keys never leave it; the first use of a purpose makes its key.
 * @source ledger format section 4, architecture section 6
 */
export interface KeyStore {
  /** Signs with the newest key of the purpose; 64 raw bytes. Rejects with KeyStoreUnavailable when there is no way to sign. */
  sign(purpose: KeyPurpose, message: Uint8Array): Promise<{ readonly kid: string; readonly signature: Uint8Array }>;
  /** All keys of the purpose, retired ones included, newest first; never empty. */
  publicKeys(purpose: KeyPurpose): Promise<readonly PublicSigningKey[]>;
  /** Makes a new key and retires the one before; both stay published. */
  rotate(purpose: KeyPurpose): Promise<PublicSigningKey>;
}

export class KeyStoreUnavailable extends Error {
  override readonly name = 'KeyStoreUnavailable';
}
