import type { Approval, Instant, ReadToken } from '@verdict/domain';

/** What a token is to say; times are Unix milliseconds. */
export interface TokenOrder {
  readonly tenantId: string;
  readonly approval: Approval;
  readonly jti: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Signs and reads approval tokens. The edge implements it over a JOSE library and the key store. @source contract section 11.3 */
export interface ApprovalTokens {
  /** Rejects with KeyStoreUnavailable when no key can sign. */
  sign(order: TokenOrder): Promise<{ readonly token: string; readonly kid: string }>;
  /** Signature, algorithm, issuer, audience, type and times; never `exp`, which has a row of its own. */
  read(token: string, nowMs: number): Promise<ReadToken>;
}

export type TokenExpiry = (now: Instant, ttlSeconds: number, useBy: Instant) => number;
