import type { TenantId } from '@verdict/domain';
import { z } from 'zod';
import { ROLES, type Role } from '../routing/route-spec.js';
import type { Caller } from './caller.js';

const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const SERVICE_SCOPES = ['gate', 'consume'] as const;

const text = z.string().min(1).max(256);
const list = (max: number) => z.array(text).max(max);

/** Makes the branded tenant id; undefined when the text is not one. */
export const parseTenantId = (value: unknown): TenantId | undefined =>
  typeof value === 'string' && TENANT_ID.test(value) ? (value as TenantId) : undefined;

const ClaimsSchema = z.looseObject({
  sub: text,
  roles: list(64).default([]),
  groups: list(512).default([]),
  projects: list(512).optional(),
  scope: z.string().max(2048).optional(),
  on_behalf_of: text.optional(),
  jti: text.optional(),
});

const isRole = (value: string): value is Role => ROLES.some((role) => role === value);
const words = (value: string): readonly string[] => value.split(' ').filter((word) => word !== '');

const scopesOf = (scope: string | undefined, roles: readonly Role[]): readonly string[] => {
  if (scope !== undefined) return words(scope);
  return roles.includes('service') ? SERVICE_SCOPES : [];
};

/**
 * Reads the claims of a verified token. Roles that Verdict does not know are left out.
 * @param claims payload of the token; `tenantClaim` names the member that holds the tenant.
 * @returns undefined when the tenant is missing or a claim has the wrong form: the caller is then nobody.
 */
export const callerFromClaims = (
  claims: Readonly<Record<string, unknown>>,
  tenantClaim: string,
): Caller | undefined => {
  const tenantId = parseTenantId(claims[tenantClaim]);
  const parsed = ClaimsSchema.safeParse(claims);
  if (tenantId === undefined || !parsed.success) return undefined;
  const { sub, groups, projects, scope, on_behalf_of: onBehalfOf, jti } = parsed.data;
  const roles = parsed.data.roles.filter(isRole);
  const caller: Caller = {
    tenantId,
    actor: { kind: roles.includes('service') ? 'service' : 'user', id: sub, roles },
    subject: sub,
    roles,
    groups,
    projects: projects ?? null,
    scopes: scopesOf(scope, roles),
    onBehalfOf: onBehalfOf ?? null,
    tokenId: jti ?? null,
  };
  return Object.freeze(caller);
};
