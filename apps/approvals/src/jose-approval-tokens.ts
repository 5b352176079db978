import type { ApprovalTokens, KeyStore, PublicSigningKey, TokenOrder } from '@verdict/application';
import { type ReadToken, sha256Hex, type TokenClaims } from '@verdict/domain';
import { compactVerify, decodeProtectedHeader, errors, importJWK, type JWK } from 'jose';
import { z } from 'zod';

const AUDIENCE = 'enforcement_gate';
const TYPE = 'enforcement_approval';
const CLOCK_AHEAD_SECONDS_MAX = 30;
const KEYS_FRESH_MS = 10_000;

const ClaimsSchema = z.object({
  iss: z.string(),
  aud: z.literal(AUDIENCE),
  sub: z.string(),
  iat: z.number(),
  nbf: z.number(),
  exp: z.number(),
  jti: z.string().min(1),
  token_type: z.literal(TYPE),
  tenant_id: z.string(),
  project_id: z.string(),
  decision_id: z.string(),
  approval_id: z.string(),
  source: z.string(),
  environment: z.string(),
  environment_class: z.string(),
  request_fingerprint: z.string(),
  resource_reference: z.string(),
});

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Public keys of approval tokens as a JWK set; what a consumer checks a token with, offline. */
export const jwkOf = ({ kid, publicKey }: PublicSigningKey): JWK => ({
  kty: 'OKP',
  crv: 'Ed25519',
  alg: 'EdDSA',
  use: 'sig',
  kid,
  x: Buffer.from(publicKey).toString('base64url'),
});

const claimsOf = (payload: z.output<typeof ClaimsSchema>): TokenClaims => ({
  jti: payload.jti,
  tenantId: payload.tenant_id,
  approvalId: payload.approval_id,
  decisionId: payload.decision_id,
  source: payload.source,
  projectId: payload.project_id,
  environment: payload.environment,
  environmentClass: payload.environment_class,
  requestFingerprint: payload.request_fingerprint,
  resourceReference: payload.resource_reference,
  expiresAtMs: payload.exp * 1000,
});

const unreadable = (code: Extract<ReadToken, { kind: 'unreadable' }>['code']): ReadToken => ({
  kind: 'unreadable',
  code,
});

/** EdDSA JWTs over the key store, which never gives a private key away. @source contract section 11.3 */
export class JoseApprovalTokens implements ApprovalTokens {
  private keys:
    | { readonly atMs: number; readonly byKid: ReadonlyMap<string, Promise<Awaited<ReturnType<typeof importJWK>>>> }
    | undefined;

  constructor(
    private readonly store: KeyStore,
    private readonly issuer: string,
  ) {}

  async sign(order: TokenOrder): Promise<{ readonly token: string; readonly kid: string }> {
    const [current] = await this.store.publicKeys('token');
    const kid = current?.kid ?? '';
    const input = `${base64url({ alg: 'EdDSA', kid, typ: 'JWT' })}.${base64url(this.claims(order))}`;
    const signed = await this.store.sign('token', Buffer.from(input, 'ascii'));
    // A rotation between the two calls: the header must name the key that signed.
    if (signed.kid !== kid) return this.sign(order);
    return { token: `${input}.${Buffer.from(signed.signature).toString('base64url')}`, kid };
  }

  private claims({ tenantId, approval, jti, issuedAtMs, expiresAtMs }: TokenOrder) {
    const { binding, terms } = approval.requested;
    const issuedAt = Math.floor(issuedAtMs / 1000);
    return {
      iss: this.issuer,
      aud: AUDIENCE,
      sub: `enforcement_approval:${approval.approvalId}`,
      iat: issuedAt,
      nbf: issuedAt,
      exp: Math.floor(expiresAtMs / 1000),
      jti,
      token_type: TYPE,
      tenant_id: tenantId,
      project_id: binding.project_id,
      decision_id: approval.decisionId,
      approval_id: approval.approvalId,
      source: binding.source,
      environment: binding.environment_label,
      environment_class: binding.environment_class,
      request_fingerprint: binding.request_fingerprint,
      resource_reference: binding.resource_reference,
      max_monthly_delta_usd: terms.cap_monthly_delta_usd,
      max_hourly_delta_usd: terms.cap_hourly_delta_usd,
    };
  }

  async read(token: string, nowMs: number): Promise<ReadToken> {
    let kid: string | undefined;
    let alg: string | undefined;
    try {
      ({ kid, alg } = decodeProtectedHeader(token));
    } catch {
      return unreadable('token_malformed');
    }
    if (token.split('.').length !== 3) return unreadable('token_malformed');
    if (alg !== 'EdDSA') return unreadable('token_signature_invalid');
    const key = kid === undefined ? undefined : await this.key(kid, nowMs);
    if (key === undefined) return unreadable('token_key_unknown');
    try {
      const { payload } = await compactVerify(token, key, { algorithms: ['EdDSA'] });
      return this.check(payload, token, nowMs);
    } catch (error) {
      return unreadable(error instanceof errors.JWSInvalid ? 'token_malformed' : 'token_signature_invalid');
    }
  }

  private check(payload: Uint8Array, token: string, nowMs: number): ReadToken {
    let parsed: unknown;
    try {
      parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    } catch {
      return unreadable('token_malformed');
    }
    const claims = ClaimsSchema.safeParse(parsed);
    if (!claims.success) return unreadable('token_claims_invalid');
    const { iss, sub, approval_id, nbf, iat } = claims.data;
    const latest = nowMs / 1000 + CLOCK_AHEAD_SECONDS_MAX;
    const isOurs =
      iss === this.issuer && sub === `enforcement_approval:${approval_id}` && nbf <= latest && iat <= latest;
    return isOurs
      ? { kind: 'claims', claims: claimsOf(claims.data), tokenSha256: sha256Hex(token) }
      : unreadable('token_claims_invalid');
  }

  private async key(kid: string, nowMs: number) {
    if (this.keys === undefined || (!this.keys.byKid.has(kid) && nowMs - this.keys.atMs > KEYS_FRESH_MS)) {
      const published = await this.store.publicKeys('token');
      this.keys = { atMs: nowMs, byKid: new Map(published.map((each) => [each.kid, importJWK(jwkOf(each), 'EdDSA')])) };
    }
    return this.keys.byKid.get(kid);
  }
}
