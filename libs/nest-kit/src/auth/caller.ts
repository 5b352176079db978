import type { TenantId } from '@verdict/domain';
import type { Role } from '../routing/route-spec.js';

/** Who calls, as the token said and the issuer signed. */
export interface Caller {
  readonly tenantId: TenantId;
  readonly actor: { readonly kind: 'user' | 'service'; readonly id: string; readonly roles: readonly Role[] };
  /** The token's `sub`. */
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  /** null: every project of the tenant. */
  readonly projects: readonly string[] | null;
  readonly scopes: readonly string[];
  /** The person behind a pipeline. */
  readonly onBehalfOf: string | null;
  /** The token's `jti`. */
  readonly tokenId: string | null;
}
