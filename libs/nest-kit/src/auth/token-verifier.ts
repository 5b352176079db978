import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';
import { callerFromClaims } from './claims.js';
import type { Caller } from './caller.js';
import { callerFromMapping } from './identity-mapping.js';
import type { Issuer } from './issuer.js';
import { KeySet, KeysUnavailable, readKeysFrom, type ReadKeys } from './key-set.js';
import { TokenCache } from './token-cache.js';

/** @source contract section 2 */
const ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const;
export const LEEWAY_SECONDS = 30;
export const TOKEN_CHARACTERS_MAX = 8192;

export type Verified =
  | { readonly kind: 'verified'; readonly caller: Caller }
  | {
      readonly kind: 'refused';
      readonly refusal: 'unauthenticated' | 'identity_not_mapped' | 'identity_provider_unavailable';
    };

const refusedAs = (refusal: 'unauthenticated' | 'identity_not_mapped' | 'identity_provider_unavailable'): Verified => ({
  kind: 'refused',
  refusal,
});

export interface VerifierOptions {
  readonly issuers: readonly Issuer[];
  readonly now?: () => number;
  readonly cachedTokensMax?: number;
}

const readerFor = ({ jwks, jwksUrl }: Issuer): ReadKeys => {
  if (jwks !== undefined) return () => Promise.resolve(jwks);
  if (jwksUrl !== undefined) return readKeysFrom(new URL(jwksUrl));
  throw new TypeError('an issuer needs jwksUrl or jwks');
};

const issuerIn = (token: string): string | undefined => {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
};

/** Verifies bearer tokens of the configured issuers: signature, issuer, audience, times, then the claims' form. */
export class TokenVerifier {
  private readonly keySets = new Map<string, { readonly issuer: Issuer; readonly keys: KeySet }>();
  private readonly cache: TokenCache;
  private readonly now: () => number;

  constructor({ issuers, now = Date.now, cachedTokensMax }: VerifierOptions) {
    this.now = now;
    this.cache = new TokenCache(cachedTokensMax);
    const onChanged = (): void => {
      this.cache.clear();
    };
    for (const issuer of issuers) {
      this.keySets.set(issuer.issuer, { issuer, keys: new KeySet(readerFor(issuer), { now, onChanged }) });
    }
  }

  /** The caller when this very token was verified before; costs one hash. */
  cached(token: string): Caller | undefined {
    return this.cache.get(TokenCache.keyOf(token), this.now());
  }

  async verify(token: string): Promise<Verified> {
    if (token.length > TOKEN_CHARACTERS_MAX) return refusedAs('unauthenticated');
    const known = this.keySets.get(issuerIn(token) ?? '');
    if (known === undefined) return refusedAs('unauthenticated');
    try {
      const claims = await this.verifiedClaims(token, known);
      return this.accept(token, known.issuer, claims);
    } catch (error) {
      if (error instanceof KeysUnavailable) return refusedAs('identity_provider_unavailable');
      if (error instanceof errors.JOSEError || error instanceof TypeError) return refusedAs('unauthenticated');
      throw error;
    }
  }

  private async verifiedClaims(token: string, { issuer, keys }: { issuer: Issuer; keys: KeySet }): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, (header) => keys.keyFor(header), {
      algorithms: [...ALGORITHMS],
      issuer: issuer.issuer,
      audience: issuer.audience,
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(this.now()),
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  }

  private accept(token: string, { mappings, tenantClaim }: Issuer, claims: JWTPayload): Verified {
    const caller = mappings === undefined ? callerFromClaims(claims, tenantClaim) : callerFromMapping(claims, mappings);
    if (caller === undefined) return refusedAs('unauthenticated');
    if (caller === 'not_mapped') return refusedAs('identity_not_mapped');
    this.cache.set(TokenCache.keyOf(token), caller, { expMs: (claims.exp ?? 0) * 1000, nowMs: this.now() });
    return { kind: 'verified', caller };
  }
}
