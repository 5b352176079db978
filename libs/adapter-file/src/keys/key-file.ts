import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { KeyStoreUnavailable, type KeyPurpose } from '@verdict/application';

const FORMAT = 'verdict.signing-key.v1';
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** One key of a purpose. Its file never changes: a key is retired by its successor's being there. */
export interface SigningKey {
  readonly kid: string;
  readonly purpose: KeyPurpose;
  /** 1 for the first key of the purpose, then dense. */
  readonly generation: number;
  readonly validFrom: string;
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

interface Place {
  readonly purpose: KeyPurpose;
  readonly generation: number;
}

/** First 16 hex characters of the SHA-256 of the raw public key. */
export const kidOf = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16);

export const fileNameOf = ({ purpose, generation }: Place): string =>
  `${purpose}-${generation.toString().padStart(4, '0')}.json`;

/** A new key as the text of its file: members in a fixed order, the key pair as a JWK (RFC 8037). */
export const newKeyText = ({ purpose, generation }: Place, validFrom: string): string => {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const kid = kidOf(Buffer.from(x, 'base64url'));
  const jwk = { kty: 'OKP', crv: 'Ed25519', x, d };
  return `${JSON.stringify({ format: FORMAT, purpose, generation, kid, valid_from: validFrom, jwk }, null, 2)}\n`;
};

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The key pair, if `x` is the public half of `d`. */
const pairOf = (jwk: Readonly<Record<string, unknown>>): Pick<SigningKey, 'publicKey' | 'privateKey'> | undefined => {
  const [x, d] = [textOf(jwk['x']), textOf(jwk['d'])];
  try {
    const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x, d }, format: 'jwk' });
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const derived = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
    return derived.x === x ? { privateKey, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) } : undefined;
  } catch {
    return undefined;
  }
};

const defectOf = (
  file: Readonly<Record<string, unknown>>,
  { purpose, generation }: Place,
  publicKey: Uint8Array,
): string | undefined => {
  if (file['format'] !== FORMAT) return `its format is not ${FORMAT}`;
  if (file['purpose'] !== purpose || file['generation'] !== generation) return 'it is the key of another name';
  if (file['kid'] !== kidOf(publicKey)) return 'its kid does not fit its key';
  return INSTANT.test(textOf(file['valid_from'])) ? undefined : 'its valid_from is not an instant';
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The parser's own message quotes the text, and the text is a secret.
  }
};

/** Reads a key file. Throws KeyStoreUnavailable that names the file and the defect, never a content. */
export const readKeyText = (path: string, text: string, place: Place): SigningKey => {
  const file = objectOf(parse(text));
  const pair = pairOf(objectOf(file['jwk']));
  if (pair === undefined) throw new KeyStoreUnavailable(`${path} is damaged: it holds no Ed25519 key pair`);
  const defect = defectOf(file, place, pair.publicKey);
  if (defect !== undefined) throw new KeyStoreUnavailable(`${path} is damaged: ${defect}`);
  return { ...place, ...pair, kid: kidOf(pair.publicKey), validFrom: textOf(file['valid_from']) };
};
