import { beforeAll, describe, expect, it } from '@jest/globals';
import { base64url, exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { createTokenIssuer, type TokenIssuer } from '../testing/token-issuer.js';
import { TokenVerifier, type Verified } from './token-verifier.js';

const UNAUTHENTICATED = { kind: 'refused', refusal: 'unauthenticated' };
const seconds = (fromNow: number): number => Math.floor(Date.now() / 1000) + fromNow;

let issuer: TokenIssuer;
let verifier: TokenVerifier;

beforeAll(async () => {
  issuer = await createTokenIssuer();
  verifier = new TokenVerifier({ issuers: [issuer.issuer] });
});

const verifyClaims = async (claims: JWTPayload, omit: readonly string[] = []): Promise<Verified> =>
  verifier.verify(await issuer.sign(claims, { omit }));

const withPayload = (token: string, change: (claims: JWTPayload) => JWTPayload): string => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload))) as JWTPayload;
  return [header, base64url.encode(JSON.stringify(change(claims))), signature].join('.');
};

describe('a bearer token', () => {
  it('gives the caller with everything that enters an entry', async () => {
    const verified = await verifyClaims({
      sub: 'pipeline-7',
      roles: ['service', 'wizard'],
      groups: ['platform'],
      projects: ['shop'],
      scope: 'gate import',
      on_behalf_of: 'ann',
      jti: 't-1',
    });
    expect(verified).toEqual({
      kind: 'verified',
      caller: {
        tenantId: 'acme',
        actor: { kind: 'service', id: 'pipeline-7', roles: ['service'] },
        subject: 'pipeline-7',
        roles: ['service'],
        groups: ['platform'],
        projects: ['shop'],
        scopes: ['gate', 'import'],
        onBehalfOf: 'ann',
        tokenId: 't-1',
      },
    });
  });

  it('without projects may act for every project, and a service without scope may gate and consume', async () => {
    expect(await verifyClaims({ roles: ['service'] })).toMatchObject({
      caller: { projects: null, scopes: ['gate', 'consume'] },
    });
  });

  it.each(['ES256', 'RS256'] as const)('is accepted when signed with %s', async (alg) => {
    const other = await createTokenIssuer(`https://${alg}.test`, alg);
    const verified = await new TokenVerifier({ issuers: [other.issuer] }).verify(await other.sign());
    expect(verified.kind).toBe('verified');
  });

  it.each([
    ['expired more than the leeway ago', { exp: seconds(-31) }],
    ['not valid for more than the leeway', { nbf: seconds(45) }],
    ['for another audience', { aud: 'somebody-else' }],
    ['of an issuer nobody configured', { iss: 'https://evil.test' }],
    ['with an empty subject', { sub: '' }],
    ['with a tenant that is not text', { tenant_id: 7 }],
    ['with a tenant in capitals', { tenant_id: 'Acme' }],
    ['with a tenant that walks paths', { tenant_id: '../acme' }],
    ['with a tenant that starts with a dash', { tenant_id: '-acme' }],
    ['with a tenant of 64 characters', { tenant_id: 'a'.repeat(64) }],
    ['with a tenant and a newline', { tenant_id: 'acme\n' }],
    ['with roles that are not a list', { roles: 'admin' }],
    ['with a role that is not text', { roles: [1] }],
    ['with projects that are not a list', { projects: 'all' }],
  ])('is refused %s', async (_title, claims) => {
    expect(await verifyClaims(claims as JWTPayload)).toEqual(UNAUTHENTICATED);
  });

  it('is accepted within the leeway on both sides', async () => {
    expect(await verifyClaims({ exp: seconds(-20) })).toMatchObject({ kind: 'verified' });
    expect(await verifyClaims({ nbf: seconds(20) })).toMatchObject({ kind: 'verified' });
  });

  it.each(['exp', 'tenant_id', 'sub', 'iss', 'aud'])('is refused without %s', async (claim) => {
    expect(await verifyClaims({}, [claim])).toEqual(UNAUTHENTICATED);
  });

  it('is refused when it names an algorithm besides EdDSA, ES256 and RS256, though the same key made the signature', async () => {
    const { publicKey, privateKey } = await generateKeyPair('Ed25519', { extractable: true });
    const { kty = '', ...jwk } = await exportJWK(publicKey);
    const name = 'https://bare.test';
    const issuers = [{ ...issuer.issuer, issuer: name, jwks: { keys: [{ ...jwk, kty, kid: 'bare', use: 'sig' }] } }];
    const own = new TokenVerifier({ issuers });
    const claims = { iss: name, aud: 'verdict', sub: 'ann', tenant_id: 'acme', exp: seconds(60) };
    const signed = (alg: string) => new SignJWT(claims).setProtectedHeader({ alg, kid: 'bare' }).sign(privateKey);
    expect(await own.verify(await signed('EdDSA'))).toMatchObject({ kind: 'verified' });
    expect(await own.verify(await signed('Ed25519'))).toEqual(UNAUTHENTICATED);
  });

  it('is refused when its payload was altered', async () => {
    const token = await issuer.sign();
    expect(await verifier.verify(withPayload(token, (claims) => ({ ...claims, tenant_id: 'other' })))).toEqual(
      UNAUTHENTICATED,
    );
  });

  it('is refused when it says alg none', async () => {
    const [, payload = ''] = (await issuer.sign()).split('.');
    const header = base64url.encode(JSON.stringify({ alg: 'none', kid: 'https://issuer.test#1' }));
    expect(await verifier.verify(`${header}.${payload}.`)).toEqual(UNAUTHENTICATED);
  });

  it('is refused when the public key was used as an HMAC secret', async () => {
    const rsa = await createTokenIssuer('https://rsa.test', 'RS256');
    const own = new TokenVerifier({ issuers: [rsa.issuer] });
    const secrets = [await exportSPKI(rsa.publicKey), JSON.stringify(await exportJWK(rsa.publicKey))];
    const claims = { iss: 'https://rsa.test', aud: 'verdict', sub: 'ann', tenant_id: 'acme', exp: seconds(60) };
    for (const secret of secrets) {
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'https://rsa.test#1' })
        .sign(new TextEncoder().encode(secret));
      expect(await own.verify(forged)).toEqual(UNAUTHENTICATED);
    }
  });

  it('is refused when it names an unknown key, or is signed with a key of another issuer', async () => {
    expect(await verifier.verify(await issuer.sign({}, { kid: 'nobody' }))).toEqual(UNAUTHENTICATED);
    const stranger = await createTokenIssuer('https://stranger.test');
    const posing = await stranger.sign({ iss: 'https://issuer.test' }, { kid: 'https://issuer.test#1' });
    expect(await verifier.verify(posing)).toEqual(UNAUTHENTICATED);
  });

  it.each(['', 'a', 'a.b', 'a.b.c', '..', 'x'.repeat(9000)])(
    'is refused when it is no token at all (%#)',
    async (token) => {
      expect(await verifier.verify(token)).toEqual(UNAUTHENTICATED);
    },
  );
});

describe('the cache of verified tokens', () => {
  it('answers until the token expires and no longer', async () => {
    let nowMs = Date.now();
    const own = new TokenVerifier({ issuers: [issuer.issuer], now: () => nowMs });
    const token = await issuer.sign({ exp: Math.floor(nowMs / 1000) + 60 });
    expect(own.cached(token)).toBeUndefined();
    await own.verify(token);
    expect(own.cached(token)).toMatchObject({ subject: 'ann' });
    nowMs += 61_000;
    expect(own.cached(token)).toBeUndefined();
  });

  it('never holds a refused token', async () => {
    const token = await issuer.sign({ aud: 'other' });
    await verifier.verify(token);
    expect(verifier.cached(token)).toBeUndefined();
  });

  it('drops the least recently used token at its bound', async () => {
    const own = new TokenVerifier({ issuers: [issuer.issuer], cachedTokensMax: 2 });
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((sub) => issuer.sign({ sub })));
    await own.verify(a ?? '');
    await own.verify(b ?? '');
    own.cached(a ?? '');
    await own.verify(c ?? '');
    expect([a, b, c].map((token) => own.cached(token ?? '')?.subject)).toEqual(['a', undefined, 'c']);
  });
});

describe('a pipeline identity', () => {
  const mapped = (): TokenVerifier =>
    new TokenVerifier({
      issuers: [
        {
          ...issuer.issuer,
          mappings: [
            {
              match: { repository: 'acme/shop', ref: 'refs/heads/*' },
              tenant: 'acme',
              projects: ['shop'],
              scopes: ['gate'],
            },
            { match: { sub: 'repo:*:environment:production' }, tenant: 'globex', scopes: ['gate', 'consume'] },
          ],
        },
      ],
    });

  it('is a service of the tenant of the first rule whose claims all match', async () => {
    const token = await issuer.sign({
      sub: 'repo:acme/shop:ref',
      repository: 'acme/shop',
      ref: 'refs/heads/main',
      roles: ['admin'],
    });
    expect(await mapped().verify(token)).toMatchObject({
      caller: { tenantId: 'acme', roles: ['service'], projects: ['shop'], scopes: ['gate'] },
    });
    const other = await issuer.sign({ sub: 'repo:globex/x:environment:production' }, { omit: ['tenant_id'] });
    expect(await mapped().verify(other)).toMatchObject({ caller: { tenantId: 'globex', projects: null } });
  });

  it('is refused when no rule fits', async () => {
    const token = await issuer.sign({ repository: 'acme/shop', ref: 'refs/tags/v1' });
    expect(await mapped().verify(token)).toEqual({ kind: 'refused', refusal: 'identity_not_mapped' });
  });
});
