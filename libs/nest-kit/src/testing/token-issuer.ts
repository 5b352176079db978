import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import type { Issuer } from '../auth/issuer.js';

type Algorithm = 'EdDSA' | 'ES256' | 'RS256';

/** An identity provider for tests: real keys, its own issuer name, tokens that are valid unless told otherwise. */
export interface TokenIssuer {
  readonly issuer: Issuer;
  readonly publicKey: CryptoKey;
  readonly sign: (
    claims?: JWTPayload,
    options?: { readonly omit?: readonly string[]; readonly kid?: string },
  ) => Promise<string>;
}

const HOUR_SECONDS = 3600;

export const createTokenIssuer = async (
  name = 'https://issuer.test',
  alg: Algorithm = 'EdDSA',
): Promise<TokenIssuer> => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const kid = `${name}#1`;
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  const sign: TokenIssuer['sign'] = (claims = {}, { omit = [], kid: otherKid = kid } = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: name,
      aud: 'verdict',
      sub: 'ann',
      tenant_id: 'acme',
      roles: ['member'],
      iat: now,
      exp: now + HOUR_SECONDS,
      ...claims,
    };
    const kept = Object.fromEntries(Object.entries(all).filter(([claim]) => !omit.includes(claim)));
    return new SignJWT(kept).setProtectedHeader({ alg, kid: otherKid }).sign(privateKey);
  };
  const issuer: Issuer = {
    issuer: name,
    audience: 'verdict',
    tenantClaim: 'tenant_id',
    jwks: { keys: [{ ...jwk, kty: jwk.kty ?? '' }] },
  };
  return { issuer, publicKey, sign };
};
