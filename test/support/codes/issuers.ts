import { generateKeyPairSync, sign } from 'node:crypto';
import { encoded } from '../e2e/tokens.js';

const pair = generateKeyPairSync('ed25519');
const KID = 'other-1';
const NAMES = { ci: 'https://ci.test', away: 'https://away.test' } as const;

/** Two more issuers for a server: one of a CI system, whose identities are mapped, and one whose keys cannot be fetched. */
export const otherIssuers = (): string =>
  JSON.stringify([
    {
      issuer: NAMES.ci,
      jwks: { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: KID, alg: 'EdDSA', use: 'sig' }] },
      mappings: [{ match: { repository: 'acme/*' }, tenant: 'acme' }],
    },
    { issuer: NAMES.away, jwksUrl: 'http://127.0.0.1:1/jwks.json' },
  ]);

/** A token of one of them. */
export const signOtherIssuer = (
  name: keyof typeof NAMES,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> => {
  const payload = { iss: NAMES[name], aud: 'verdict', sub: 'p-1', exp: Math.floor(Date.now() / 1000) + 600, ...claims };
  const input = `${encoded({ alg: 'EdDSA', kid: KID, typ: 'JWT' })}.${encoded(payload)}`;
  return Promise.resolve(`${input}.${sign(null, Buffer.from(input), pair.privateKey).toString('base64url')}`);
};
