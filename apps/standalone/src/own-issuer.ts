import type { KeyStore } from '@verdict/application';
import type { Issuer } from '@verdict/nest-kit';

/** Name of the standalone's own issuer, whose key only this data folder has. */
export const OWN_ISSUER = 'verdict-standalone';

/** Believes tokens that were signed with the data folder's issuer key, so that one machine needs no identity provider. */
export const ownIssuer = async (keys: KeyStore): Promise<Issuer> => {
  const published = await keys.publicKeys('issuer');
  const jwks = published.map(({ kid, publicKey }) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    alg: 'EdDSA',
    use: 'sig',
    kid,
    x: Buffer.from(publicKey).toString('base64url'),
  }));
  return { issuer: OWN_ISSUER, audience: 'verdict', tenantClaim: 'tenant_id', jwks: { keys: jwks } };
};
