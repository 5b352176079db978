import { openFileKeyStore } from '@verdict/adapter-file';
import { randomBytes } from 'node:crypto';

export type Role = 'member' | 'approver' | 'admin' | 'auditor' | 'operator' | 'service';

/** Who calls. Claims beyond these go into the token as they are. */
export interface Who {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly tenant: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

const ISSUER = 'verdict-standalone';
const HOUR_SECONDS = 3600;

export const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export interface TokenOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Signs caller tokens with the issuer key of a data folder, as `verdict token` does. */
export class TokenMint {
  private readonly minted = new Map<string, Promise<string>>();

  constructor(private readonly keysDir: string) {}

  for(who: Who): Promise<string> {
    const name = JSON.stringify(who);
    const known = this.minted.get(name) ?? this.mint(who);
    this.minted.set(name, known);
    return known;
  }

  /** A token with what the test wants to be wrong about it. */
  async mint(who: Who, { header = {}, claims = {} }: TokenOptions = {}): Promise<string> {
    const keys = await openFileKeyStore(this.keysDir);
    const [key] = await keys.publicKeys('issuer');
    const payload = {
      iss: ISSUER,
      aud: 'verdict',
      sub: who.subject,
      tenant_id: who.tenant,
      roles: who.roles,
      exp: Math.floor(Date.now() / 1000) + HOUR_SECONDS,
      ...who.claims,
      ...claims,
    };
    const input = `${encoded({ alg: 'EdDSA', typ: 'JWT', kid: key?.kid, ...header })}.${encoded(payload)}`;
    const { signature } = await keys.sign('issuer', Buffer.from(input, 'ascii'));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  }

  /** Raw public key of the issuer. */
  async publicKey(): Promise<{ readonly kid: string; readonly raw: Uint8Array }> {
    const [key] = await (await openFileKeyStore(this.keysDir)).publicKeys('issuer');
    if (key === undefined) throw new Error('a key store always has a key');
    return { kid: key.kid, raw: key.publicKey };
  }
}

/** A tenant that nobody has used; tenants cost nothing. */
export const freshTenant = (prefix = 't'): string => `${prefix}-${randomBytes(6).toString('hex')}`;

/** The people of one tenant. */
export const peopleOf = (tenant: string) => ({
  dev: { subject: 'dev-1', roles: ['member'], tenant } as const satisfies Who,
  devWhoApproves: { subject: 'dev-1', roles: ['member', 'approver'], tenant } as const satisfies Who,
  lead: { subject: 'lead-1', roles: ['approver'], tenant } as const satisfies Who,
  admin: { subject: 'admin-1', roles: ['admin'], tenant } as const satisfies Who,
  auditor: { subject: 'auditor-1', roles: ['auditor'], tenant } as const satisfies Who,
});
export type People = ReturnType<typeof peopleOf>;
